/**
 * Both ends dial, as in every Calico cluster (RFC 4271 §6.8). The collision is made, not hoped for: BIRD sleeps with
 * its connect timer due while reflectd's connection waits in its listen queue; woken, it dials before it accepts.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import type { Bird, BirdVersion } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { allEstablished, expectSoundBytes } from "../support/lab/cluster.ts";
import { Lab, inside } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { must } from "../support/lab/processes.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import { SOAK, interopSuite } from "../support/lab/suite.ts";
import { pause, staysFor, waitFor } from "../support/lab/waiting.ts";

const RUNS = SOAK ? 20 : 2;
/** BIRD's own wait before it dials; it sleeps a little longer. */
const CONNECT_DELAY_SECONDS = 1;

/** Identifiers below and above reflectd's, so that either end's connection is the one to survive. */
const CASES: readonly (readonly [version: BirdVersion, routerId: string])[] =
  [["1.6", "1.0.0.1"], ["1.6", "250.0.0.1"], ["2", "1.0.0.2"], ["2", "250.0.0.2"]];

interopSuite("both ends dialling at once", ["bird-1.6.8", "bird2", "tshark"], () => {
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let reflector: Reflectd;
  const birds: Bird[] = [];

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const nodes: LabNode[] = [];
    for (const index of CASES.keys()) nodes.push(await lab.node(`bird${index}`));
    reflector = await startReflectd(hub, "reflectd", { neighbors: nodes.map((node) => client(node.v4)) });
    for (const [index, [version, routerId]] of CASES.entries()) {
      const node = nodes[index] as LabNode;
      birds.push(await startBird(node, `bird-${index}`, { version, routerId, peers: [{ address: hub.v4 }],
        connectDelaySeconds: CONNECT_DELAY_SECONDS }));
    }
    await allEstablished(lab, birds);
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  /** TCP connections in state ESTABLISHED between reflectd and this node. */
  async function connections(bird: Bird): Promise<number> {
    const out = await must(inside(hub.namespace, ["ss", "-Htn", "state", "established", "dst", bird.node.v4]));
    return out.split("\n").filter((line) => line !== "").length;
  }

  function listeners(bird: Bird): Promise<string> {
    return must(inside(bird.node.namespace, ["ss", "-Hltn", "sport", "=", ":179"]));
  }

  async function stateOf(bird: Bird): Promise<string | undefined> {
    return (await reflector.peers()).find((peer) => peer.address === bird.node.v4)?.state;
  }

  async function collide(bird: Bird): Promise<void> {
    await bird.toggle("disable");
    expect((await reflector.cli("disable", bird.node.v4)).status).toBe(0);
    await bird.toggle("enable");
    // Without a session BIRD 2 does not listen, and asleep it would not begin to.
    await waitFor(lab, `${bird.name} to listen`, () => listeners(bird), (text) => text !== "");
    bird.freeze();
    expect((await reflector.cli("enable", bird.node.v4)).status).toBe(0);
    await waitFor(lab, "reflectd's own connection to wait for an OPEN", () => stateOf(bird),
      (state) => state === "OpenSent");
    // Past BIRD's connect timer: waking with it due is the whole point.
    await pause(CONNECT_DELAY_SECONDS * 1000 + 300);
    bird.thaw();
  }

  for (const [index, [version, routerId]] of CASES.entries()) {
    it(`leaves one session with BIRD ${version}, ${routerId}, every time`, async () => {
      const bird = birds[index] as Bird;
      for (let turn = 0; turn < RUNS; turn++) {
        await collide(bird);
        await allEstablished(lab, [bird]);
        await waitFor(lab, "one connection", () => connections(bird), (count) => count === 1);
        await staysFor(lab, "one session", async () => [await stateOf(bird), await connections(bird)],
          ([state, count]) => state === "Established" && count === 1, 300);
        const prefix = `10.65.${index}.${turn}/32`;
        await bird.announce({ prefix });
        await waitFor(lab, `${prefix} over it`, () => reflector.routes(),
          (routes) => routes.some((route) => route.prefix === prefix));
      }
    }, SOAK ? 300_000 : 60_000);
  }

  it("sent nothing that tshark faults, and was dialled while it dialled", async () => {
    await expectSoundBytes(pcap, hub, { opens: CASES.length * (1 + RUNS), updates: CASES.length });
    const dialled = await must(["tshark", "-n", "-r", pcap.file, "-Y",
      `tcp.flags.syn == 1 && tcp.flags.ack == 0 && ip.dst == ${hub.v4}`]);
    // A BIRD that accepts before its timer runs does not dial: seldom, but not for us to forbid.
    expect(dialled.split("\n").length - 1).toBeGreaterThanOrEqual(CASES.length * RUNS / 2);
  }, 60_000);
});
