/**
 * reflectd at the edge: eBGP with a 4-octet AS and with a speaker that knows only 2 octets (RFC 6793), an iBGP client
 * behind it, and a neighbour without a policy, who is told nothing (RFC 8212).
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { allEstablished, expectSoundBytes, hasEverywhere, lacksEverywhere } from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { must } from "../support/lab/processes.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { NeighborConfiguration, Reflectd } from "../support/lab/reflectd.ts";
import { LAB_AS } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { staysFor } from "../support/lab/waiting.ts";

const BIG_AS = 4_200_000_001;
const SMALL_AS = 65_001;
const SILENT_AS = 65_002;
/** What an AS number above 65535 looks like to an OLD speaker (RFC 6793 §4.2.2). */
const AS_TRANS = 23_456;
const OPEN_POLICY = { import: { default: "accept" }, export: { default: "accept" } };

interopSuite("eBGP with BIRD 2 and BIRD 1.6.8", ["bird-1.6.8", "bird2", "tshark"], () => {
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let reflector: Reflectd;
  let big: Bird;
  let small: Bird;
  let inner: Bird;
  let silent: Bird;

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const [a, b, c, d] = [await lab.node("a"), await lab.node("b"), await lab.node("c"), await lab.node("d")];
    const ebgp = (node: LabNode, asNumber: number, more: NeighborConfiguration): NeighborConfiguration =>
      client(node.v4, { routeReflectorClient: false, asNumber, ...more });
    reflector = await startReflectd(hub, "reflectd", { neighbors: [ebgp(a, BIG_AS, OPEN_POLICY),
      ebgp(b, SMALL_AS, OPEN_POLICY), client(c.v4), ebgp(d, SILENT_AS, {})] });
    const peers = [{ address: hub.v4, asNumber: LAB_AS }];
    [big, small, inner, silent] = await Promise.all([
      startBird(a, "bird2-big", { version: "2", asNumber: BIG_AS, peers, addPaths: false }),
      startBird(b, "bird1-small", { version: "1.6", asNumber: SMALL_AS, peers, as4: false, addPaths: false }),
      startBird(c, "bird1-inner", { version: "1.6", peers }),
      startBird(d, "bird1-silent", { version: "1.6", asNumber: SILENT_AS, peers, addPaths: false }),
    ]);
    await allEstablished(lab, [big, small, inner, silent]);
    for (const [n, bird] of [big, small, inner, silent].entries()) {
      await bird.announce({ prefix: `10.65.${n}.0/24`, med: 50, communities: ["64512:5"],
        largeCommunities: [`${BIG_AS}:1:2`] });
    }
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("prepends its AS and puts itself as the next hop towards eBGP", async () => {
    const common = { nextHop: hub.v4, originatorId: undefined, clusterList: [], communities: ["64512:5"] };
    await hasEverywhere(lab, [big], [{ ...common, prefix: "10.65.1.0/24", asPath: [LAB_AS, SMALL_AS] },
      { ...common, prefix: "10.65.2.0/24", asPath: [LAB_AS] }]);
  }, 30_000);

  it("says AS_TRANS and AS4_PATH to a 2-octet speaker, which puts the path together", async () => {
    await hasEverywhere(lab, [small], [{ prefix: "10.65.0.0/24", nextHop: hub.v4, asPath: [LAB_AS, BIG_AS] },
      { prefix: "10.65.2.0/24", nextHop: hub.v4, asPath: [LAB_AS] }]);
  }, 30_000);

  it("keeps next hop, MED and AS_PATH towards its client", async () => {
    const common = { med: 50, localPref: 100, communities: ["64512:5"], largeCommunities: [`${BIG_AS}:1:2`] };
    await hasEverywhere(lab, [inner], [
      { ...common, prefix: "10.65.0.0/24", nextHop: big.node.v4, asPath: [BIG_AS] },
      { ...common, prefix: "10.65.1.0/24", nextHop: small.node.v4, asPath: [SMALL_AS] }]);
  }, 30_000);

  it("neither takes from nor tells a neighbour without policies (RFC 8212)", async () => {
    await staysFor(lab, "nothing at the silent one", () => silent.routes(), (routes) => routes.length === 0, 500);
    await lacksEverywhere(lab, [big, small, inner, reflector], ["10.65.3.0/24"]);
  });

  it("honours NO_EXPORT and NO_ADVERTISE of its client's routes", async () => {
    await inner.announce({ prefix: "10.66.0.0/24", communities: ["65535:65281"] },
      { prefix: "10.66.1.0/24", communities: ["65535:65282"] }, { prefix: "10.66.2.0/24" });
    await hasEverywhere(lab, [big, small], [{ prefix: "10.66.2.0/24" }]);
    await lacksEverywhere(lab, [big, small], ["10.66.0.0/24", "10.66.1.0/24"]);
  }, 30_000);

  it("withdraws what it passed on", async () => {
    await big.kill9();
    await lacksEverywhere(lab, [small, inner, reflector], ["10.65.0.0/24"]);
  }, 30_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 4, updates: 8 });
    const toOld = `ip.src == ${hub.v4} && ip.dst == ${small.node.v4}`;
    const translated = await must(["tshark", "-n", "-r", pcap.file, "-Y",
      `${toOld} && bgp.update.path_attribute.as_path_segment.as2 == ${AS_TRANS}`
      + ` && bgp.update.path_attribute.as_path_segment.as4 == ${BIG_AS}`]);
    expect(translated).not.toBe("");
  }, 60_000);
});
