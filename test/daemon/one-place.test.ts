/** Two neighbours at one address, as Calico's mesh and a BGPPeer make them: the second must not look like a restart. */

import { expect, it } from "vitest";
import { readConfiguration } from "../../src/config/reader.ts";
import type { PeerIntent } from "../../src/config/intent.ts";
import { SILENT } from "../../src/daemon/log.ts";
import { Speaker } from "../../src/daemon/speaker.ts";
import type { Capability } from "../../src/messages/capabilities.ts";
import { nodeNetProvider } from "../../src/transport/provider.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { VirtualNetwork } from "../sim/virtual-network.ts";
import { sessionParameters, VirtualSpeaker } from "../sim/virtual-speaker.ts";

const US = "192.0.2.1";
const THEM = "192.0.2.2";
const GRACEFUL: Capability = {
  name: "gracefulRestart", restarting: false, notification: false, restartTimeSeconds: 120,
  families: [{ afi: 1, safi: 1, forwarding: true }],
};

it("the second neighbour of an address dials only while no session to it is up with graceful restart", () => {
  const clock = new VirtualClock(3);
  const network = new VirtualNetwork(clock, { delayMilliseconds: [1, 2], fifo: true, readOctetsMax: 4096 });
  const read = readConfiguration(JSON.stringify({
    routerId: US, listen: [], neighbors: [{ name: "mesh", address: THEM, addPath: "off", gracefulRestart: {} }],
  }), "test");
  if ("faults" in read) throw new Error(JSON.stringify(read.faults));
  const { intent } = read;
  const second: PeerIntent = { ...intent.peers[0]!, name: "node" };
  const host = network.host(US);
  const speaker = new Speaker({
    clock, random: clock.random, scheduler: host, connector: network.connector(host), log: SILENT,
    sockets: nodeNetProvider,
  }, intent);
  const far = new VirtualSpeaker(network, THEM);
  let accepted = 0;
  network.listen(far.host, 179, (connection) => {
    accepted++;
    far.acceptor.offer(connection);
  });
  const { session, owner } = far.peer(sessionParameters({
    address: US, routerId: 7, passive: true,
    capabilities: [{ name: "multiprotocol", afi: 1, safi: 1 }, { name: "fourOctetAs", asNumber: 64512 }, GRACEFUL],
  }));
  session.start();
  clock.run(20_000);
  expect([owner.ups.length, accepted]).toEqual([1, 1]);
  speaker.apply({ ...intent, peers: [...intent.peers, second] });
  clock.run(60_000);
  expect([owner.ups.length, owner.downs.length, accepted]).toEqual([1, 0, 1]);
  speaker.apply({ ...intent, peers: [second] });
  clock.run(60_000);
  expect([owner.ups.length, owner.facts !== undefined, accepted > 1]).toEqual([2, true, true]);
  expect(speaker.neighbours.named("node")[0]!.facts).toBeDefined();
  speaker.stop("");
});
