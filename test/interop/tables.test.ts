/**
 * Some thousand routes with some hundred attribute sets, in both families, so that messages are full and many: what
 * arrives is exactly what was announced, over plain and extended messages, with and without path identifiers.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { allEstablished, expectSoundBytes, speaks } from "../support/lab/cluster.ts";
import { startFrr } from "../support/lab/frr.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Announcement, Router } from "../support/lab/router.ts";
import { LAB_AS, familyOf } from "../support/lab/router.ts";
import { SOAK, interopSuite } from "../support/lab/suite.ts";
import { waitFor } from "../support/lab/waiting.ts";

const ROUTES = SOAK ? 4000 : 1200;
const ATTRIBUTE_SETS = 150;

/** Half of them share one set of attributes; the other half is spread over the rest. */
function table(family: "ipv4" | "ipv6"): Announcement[] {
  return Array.from({ length: ROUTES }, (_, n) => {
    const set = n < ROUTES / 2 ? 0 : n % ATTRIBUTE_SETS;
    const prefix = family === "ipv4" ? `10.${100 + (n >> 10)}.${(n >> 2) & 255}.${(n & 3) * 64}/26`
      : `fd65:${(n + 1).toString(16)}::/${set === 0 ? 48 : 64}`;
    return { prefix, localPref: 100 + set, med: set, communities: [`${LAB_AS}:${set}`, `${LAB_AS}:${1000 + set}`],
      largeCommunities: [`${LAB_AS}:${set}:1`] };
  });
}

interopSuite("tables of thousands between BIRD 1.6.8, BIRD 2 and FRR", ["bird-1.6.8", "bird2", "frr", "tshark"], () => {
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let sources: readonly Router[];
  let receivers: readonly Router[];
  const announced = [...table("ipv4"), ...table("ipv6")];

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const [a, b, c, d] = [await lab.node("a"), await lab.node("b"), await lab.node("c"), await lab.node("d")];
    await startReflectd(hub, "reflectd", { neighbors: [client(a.v4), client(a.v6), client(b.v4), client(c.v4),
      client(d.v4, { addPath: "off" })] });
    sources = await Promise.all([
      startBird(a, "bird1-source", { version: "1.6", peers: [{ address: hub.v4 }] }),
      startBird(a, "bird6-source", { version: "1.6-ipv6", peers: [{ address: hub.v6 }] }),
    ]);
    receivers = await Promise.all([
      startBird(b, "bird2-extended", { version: "2", peers: [{ address: hub.v4 }], extendedMessages: true }),
      startFrr(c, "frr", [hub.v4]),
      startBird(d, "bird2-plain", { version: "2", peers: [{ address: hub.v4 }], addPaths: false }),
    ]);
    await allEstablished(lab, [...sources, ...receivers]);
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("arrives whole and unchanged", async () => {
    for (const source of sources) await source.announce(...announced.filter((route) => speaks(source, route.prefix)));
    const wanted = announced.map((route) => JSON.stringify(described(route))).sort();
    for (const receiver of receivers) {
      await waitFor(lab, `${receiver.name} to hold ${wanted.length} routes`,
        async () => (await receiver.routes()).length, (count) => count === wanted.length, 30_000);
      const held = (await receiver.routes()).map((route) => JSON.stringify(described(route as Announcement))).sort();
      expect(held).toEqual(wanted);
    }
  }, 120_000);

  it("goes as it came", async () => {
    const [gone, kept] = [announced.filter((_, n) => n % 3 === 0), announced.filter((_, n) => n % 3 !== 0)];
    for (const source of sources) {
      await source.withdraw(...gone.map((route) => route.prefix).filter((prefix) => speaks(source, prefix)));
    }
    const left = kept.map((route) => route.prefix).sort();
    for (const receiver of receivers) {
      await waitFor(lab, `${receiver.name} to hold the rest`, async () => (await receiver.routes()).length,
        (count) => count === left.length, 30_000);
      expect((await receiver.routes()).map((route) => route.prefix).sort()).toEqual(left);
    }
    for (const source of sources) await source.kill9();
    for (const receiver of receivers) {
      await waitFor(lab, `${receiver.name} to be empty`, async () => (await receiver.routes()).length,
        (count) => count === 0, 30_000);
    }
  }, 120_000);

  it("sent nothing that tshark faults, in messages that are full", async () => {
    await expectSoundBytes(pcap, hub, { opens: 5, updates: 3 * ATTRIBUTE_SETS });
  }, 120_000);
});

/** What must survive the way, in one order of keys. */
function described({ prefix, localPref, med, communities, largeCommunities }: Announcement): object {
  return { family: familyOf(prefix), prefix, localPref, med: med ?? 0, communities, largeCommunities };
}
