/**
 * reflectd stopped for longer than the hold time while its peers live (a long GC, SIGSTOP, a moved virtual machine),
 * then continued: keepalives are waiting in its sockets, and no session may be lost (RFC 4271 §6.5 read with care).
 * The peer is a bare socket: a router would itself give up on a silent reflectd.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { KEEPALIVE, RawSpeaker, open } from "../support/lab/raw-speaker.ts";
import type { RawConnection } from "../support/lab/raw-speaker.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import { LAB_AS } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { pause, staysFor, waitFor } from "../support/lab/waiting.ts";

const HOLD_SECONDS = 3;
const SPEAKERS = 5;

interopSuite("a pause longer than the hold time", [], () => {
  let lab: Lab;
  let reflector: Reflectd;
  const speakers: { readonly raw: RawSpeaker; readonly id: number; readonly state: RawConnection }[] = [];

  const states = async (): Promise<string[]> => (await reflector.peers()).map((peer) => peer.state);
  const allUp = (seen: readonly string[]): boolean => seen.every((state) => state === "Established");

  beforeAll(async () => {
    lab = await Lab.create();
    const hub = await lab.node("rr");
    const nodes: LabNode[] = [];
    for (let index = 0; index < SPEAKERS; index++) nodes.push(await lab.node(`raw${index}`));
    reflector = await startReflectd(hub, "reflectd",
      { neighbors: nodes.map((node) => client(node.v4, { holdTimeSeconds: HOLD_SECONDS, passive: true })) });
    for (const node of nodes) {
      const raw = new RawSpeaker(node);
      const { id, state } = raw.connect(hub.v4);
      raw.send(id, open(LAB_AS, node.v4, 90) + KEEPALIVE);
      raw.every(id, 500, KEEPALIVE);
      speakers.push({ raw, id, state });
    }
    await waitFor(lab, "all Established", states, allUp);
  }, 60_000);
  afterAll(async () => {
    for (const { raw } of speakers) await raw.stop();
    await lab?.close();
  }, 60_000);

  it("costs no session", async () => {
    for (let turn = 0; turn < 2; turn++) {
      reflector.freeze();
      await pause(HOLD_SECONDS * 1000 + 1500);
      reflector.thaw();
      await staysFor(lab, "all Established", states, allUp, 1500);
    }
    expect(speakers.map(({ state }) => state.closed)).toEqual(speakers.map(() => false));
  }, 60_000);

  it("still ends a session whose peer really is silent", async () => {
    const [silent] = speakers;
    if (silent === undefined) throw new Error("no speaker");
    // Far apart enough to be silence.
    silent.raw.every(silent.id, 3_600_000, KEEPALIVE);
    await waitFor(lab, "the hold timer", () => silent.state, ({ closed }) => closed);
    expect(silent.state.received, "NOTIFICATION 4/0").toMatch(/f{32}0015030400$/);
    expect((await states()).filter((state) => state !== "Established")).toHaveLength(1);
  }, 60_000);
});
