/**
 * IPv4 routes with IPv6 next hops (RFC 8950) between BIRD 2 speakers, and a client that did not offer it: such a route
 * cannot be said to it, an ordinary one can.
 */

import { afterAll, beforeAll, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { allEstablished, expectSoundBytes, hasEverywhere, lacksEverywhere } from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import { interopSuite } from "../support/lab/suite.ts";

const PREFIX = "10.65.0.0/26";

interopSuite("IPv4 routes with IPv6 next hops between BIRD 2", ["bird-1.6.8", "bird2", "tshark"], () => {
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let left: Bird;
  let right: Bird;
  let plain: Bird;

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const [a, b, c] = [await lab.node("a"), await lab.node("b"), await lab.node("c")];
    await startReflectd(hub, "reflectd", { neighbors: [client(a.v6), client(b.v6), client(c.v4)] });
    const peers = [{ address: hub.v6 }];
    [left, right, plain] = await Promise.all([
      startBird(a, "bird2-left", { version: "2", peers, extendedNextHop: true }),
      startBird(b, "bird2-right", { version: "2", peers, extendedNextHop: true }),
      startBird(c, "bird1-plain", { version: "1.6", peers: [{ address: hub.v4 }] }),
    ]);
    await allEstablished(lab, [left, right, plain]);
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("carries them to who offered it, and to nobody else", async () => {
    await left.announce({ prefix: PREFIX });
    await hasEverywhere(lab, [right], [{ prefix: PREFIX, nextHop: left.node.v6, originatorId: left.routerId }]);
    await plain.announce({ prefix: "10.65.1.0/26" });
    await hasEverywhere(lab, [left, right], [{ prefix: "10.65.1.0/26", nextHop: plain.node.v4 }]);
    await lacksEverywhere(lab, [plain], [PREFIX]);
  }, 30_000);

  it("withdraws them", async () => {
    await left.withdraw(PREFIX);
    await lacksEverywhere(lab, [right, plain], [PREFIX]);
  }, 30_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 3, updates: 3 });
  }, 60_000);
});
