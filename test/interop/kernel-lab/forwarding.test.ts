/**
 * reflectd in BIRD's place on a host that forwards: two hosts run BIRD 1.6.8 as calico-node does, the third is the
 * reflector and has pods of its own. It takes over from a BIRD, its kernel is compared with that BIRD's route by route,
 * and then it is killed, stopped, upgraded and tampered with while numbered datagrams flow each millisecond between all
 * pairs of pods and outside. A short form here; `npm run soak` has the full counts.
 */

import { cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { CalicoBird } from "../../support/forwarding/calico-bird.ts";
import { childOf, costOf, costsText, ip } from "../../support/forwarding/faults.ts";
import type { FaultCost, FaultScene } from "../../support/forwarding/faults.ts";
import { difference, kernelTable, ofProtocol } from "../../support/forwarding/kernel-table.ts";
import { forwardingNetwork, routeToPod } from "../../support/forwarding/network.ts";
import type { ForwardingNetwork } from "../../support/forwarding/network.ts";
import { calicoResources } from "../../support/forwarding/resources.ts";
import { Lab } from "../../support/lab/lab.ts";
import { MAIN, Reflectd } from "../../support/lab/reflectd.ts";
import { interopSuite, SOAK } from "../../support/lab/suite.ts";
import { pause, waitFor } from "../../support/lab/waiting.ts";
import { Traffic } from "../../support/traffic/traffic.ts";

const CLUSTER_ID = "244.0.0.1";
/**
 * Routes of protocol 12 on each host. IPv4: two blackholes, four blocks, a borrowed address; IPv6: a blackhole, two
 * blocks, a borrowed address. (The reflector's own aggregation keeps the one out of its block from the second host.)
 */
const ROUTES = 11;

/** Root without rights but to open port 179 and to change routes. */
const CAPABILITIES = "-all,+net_bind_service,+net_admin";
const WITH_TWO_CAPABILITIES = ["setpriv", `--bounding-set=${CAPABILITIES}`, `--inh-caps=${CAPABILITIES}`];
/** Bits 10 and 12 (linux/capability.h). */
const CAPABILITY_BITS = "0000000000001400";

interopSuite("reflectd in BIRD's place on a host that forwards", ["bird-1.6.8"], () => {
  const costs: FaultCost[] = [];
  let lab: Lab;
  let network: ForwardingNetwork;
  let birds: readonly CalicoBird[];
  let predecessors: readonly CalicoBird[];
  let reflectd: Reflectd;
  let traffic: Traffic;
  let scene: FaultScene;
  /** The tables of all hosts while BIRD was in reflectd's place. */
  let underBird: readonly (readonly string[])[];

  const namespaceOf = (host: 0 | 1 | 2): string => network.hosts[host].node.namespace;
  const table = (): Promise<readonly string[]> => kernelTable(namespaceOf(2));
  const tables = (): Promise<readonly (readonly string[])[]> =>
    Promise.all(network.hosts.map(({ node }) => kernelTable(node.namespace)));
  const birdsAreUp = async (): Promise<boolean> =>
    (await Promise.all(birds.map((bird) => bird.isUp()))).every((up) => up);
  const isUp = async (): Promise<boolean> =>
    await birdsAreUp() && (await reflectd.sessions()).every(({ established }) => established);

  beforeAll(async () => {
    lab = await Lab.create();
    network = await forwardingNetwork(lab);
    const [one, two, three] = network.hosts;
    const families = ["ipv4", "ipv6"] as const;
    birds = families.flatMap((family) => [one, two].map((host) => new CalicoBird(host, { peers: [three], family })));
    predecessors = families.map((family) =>
      new CalicoBird(three, { peers: [one, two], clusterId: CLUSTER_ID, family }));
    // Somebody else's route, which stays through everything.
    await ip(three.node.namespace, "route add 172.20.0.0/16 via 10.99.0.1 proto static");
    for (const bird of [...predecessors, ...birds]) await bird.start();
    await waitFor(lab, "all sessions", birdsAreUp, (up) => up, 60_000);
    underBird = await waitFor(lab, "all routes", tables, (all) =>
      all.every((routes) => ofProtocol(routes, 12).length === ROUTES));
    traffic = await Traffic.start(network.ends);
    const pairs = network.ends.length * (network.ends.length - 1) / 2;
    await waitFor(lab, "a connection of every pair", () => traffic.connected(), (connected) => connected === pairs);
  }, 150_000);
  afterAll(async () => {
    if (costs.length > 0) process.stdout.write(costsText(costs));
    await traffic?.stop();
    await lab?.close();
  }, 60_000);

  it("takes BIRD's place without losing a datagram", async () => {
    const from = await traffic.mark();
    await Promise.all(predecessors.map((bird) => bird.kill9()));
    const folder = join(lab.folder, "resources");
    mkdirSync(folder);
    writeFileSync(join(folder, "all.yaml"), calicoResources(network, CLUSTER_ID));
    reflectd = new Reflectd(network.hosts[2].node, "reflectd", {
      calico: { datastore: "files", files: [folder], nodeName: network.hosts[2].node.name },
      kernel: { enabled: true, scanSeconds: 5 }, through: WITH_TWO_CAPABILITIES,
    });
    await reflectd.ready();
    await waitFor(lab, "all sessions", isUp, (up) => up, 90_000);
    await pause(2000);
    const { losses, resets } = await traffic.report(from, traffic.now());
    expect({ losses, resets }).toEqual({ losses: [], resets: [] });
  }, 150_000);

  it("programs what BIRD programmed, route by route, and the other hosts' kernels are as before", async () => {
    const now = await waitFor(lab, "the tunnel's routes", tables, ([, , third]) =>
      third!.filter((line) => line.includes(" dev tunl0 proto 12 ")).length === 2);
    expect(now.slice(0, 2)).toEqual(underBird.slice(0, 2));
    // The one difference: the lab's BIRD lacks Calico's krt_tunnel, so it sends the IPIP pool's packets without tunnel.
    const blocks = [["10.246.1.0/26", "10.99.0.1"], ["10.246.2.0/26", "10.99.0.2"]] as const;
    expect(difference(underBird[2]!, now[2]!)).toEqual({
      onlyFirst: blocks.map(([block, via]) => `unicast ${block} via ${via} dev eth0 proto 12 metric 1024 scope 0`),
      onlySecond: blocks.map(([block, via]) =>
        `unicast ${block} via ${via} dev tunl0 proto 12 metric 1024 scope 0 onlink`),
    });
    scene = { network, traffic, plan: now[2]!, table, isUp };
  });

  it("says so: wanted is installed, and nothing failed", async () => {
    expect(await reflectd.ask<unknown>("show", "kernel")).toMatchObject({ enabled: true, why: null,
      routes: { wanted: ROUTES, installed: ROUTES, pending: 0, failed: 0, stale: 0 } });
  });

  it("has the two capabilities that it needs and no other, and so have its children", () => {
    const pids = [reflectd.pid, childOf(reflectd.pid, "write")!, childOf(reflectd.pid, "follow")!];
    const effective = pids.map((pid) => /^CapEff:\t(\w+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    expect(effective).toEqual([CAPABILITY_BITS, CAPABILITY_BITS, CAPABILITY_BITS]);
  });

  const killChild = async (role: string): Promise<void> => {
    const before = await waitFor(lab, `a child to ${role}`, () => childOf(reflectd.pid, role),
      (pid) => pid !== undefined);
    process.kill(before!, "SIGKILL");
    await waitFor(lab, `another child to ${role}`, () => childOf(reflectd.pid, role),
      (pid) => pid !== undefined && pid !== before);
  };
  /** This build once more, somewhere else. */
  const upgrade = (): string => {
    const home = mkdtempSync(join(lab.folder, "build-"));
    const root = dirname(dirname(MAIN));
    cpSync(join(root, "dist"), join(home, "dist"), { recursive: true });
    cpSync(join(root, "package.json"), join(home, "package.json"));
    symlinkSync(join(root, "node_modules"), join(home, "node_modules"));
    return join(home, "dist/main.js");
  };
  const deleted = "10.244.1.0/26";
  const forged = "10.244.2.0/26";

  /** What, how often here and in the soak, whether nothing may be lost, and how. */
  const faults: readonly (readonly [what: string, here: number, soak: number, harmless: boolean,
    act: () => Promise<void>])[] = [
    ["killed (-9), started after 0.5 s", 1, 20, true, async () => {
      process.kill(reflectd.pid, "SIGKILL"); // its children are left to notice
      await reflectd.ended;
      await pause(500);
      await reflectd.again();
    }],
    ["stopped (SIGTERM), started at once", 1, 20, true, async () => {
      await reflectd.stop();
      await reflectd.again();
    }],
    ["restarted by its command", 1, 20, true, async () => {
      await reflectd.cli("restart");
      await reflectd.ended;
      await reflectd.again();
    }],
    ["upgraded", 1, 20, true, async () => {
      const main = upgrade();
      await reflectd.stop();
      await reflectd.again(main);
    }],
    ["the child that writes killed (-9)", 1, 50, true, () => killChild("write")],
    ["the child that follows killed (-9)", 1, 50, true, () => killChild("follow")],
    ["eth0 down for 1 s", 1, 10, false, async () => {
      await ip(namespaceOf(2), "link set eth0 down");
      await pause(1000);
      await ip(namespaceOf(2), "link set eth0 up");
      // Kernels drop a link's own routes with it; whoever wrote this one writes it again, as networkd would.
      await ip(namespaceOf(2), "route replace 172.20.0.0/16 via 10.99.0.1 proto static");
    }],
    ["a pod's interface down for 1 s", 1, 10, false, async () => {
      const pod = network.pods.find(({ name }) => name === "c2")!;
      await ip(namespaceOf(2), `link set ${pod.hostInterface} down`);
      await pause(1000);
      await ip(namespaceOf(2), `link set ${pod.hostInterface} up`);
      await routeToPod(pod);
    }],
    ["a route deleted by hand", 1, 20, false, () => ip(namespaceOf(2), `route delete ${deleted} metric 1024`)],
    ["a blackhole deleted by hand", 1, 20, true, () => ip(namespaceOf(2), "route delete blackhole 10.244.3.0/26")],
    ["a route forged by hand", 1, 20, false, () =>
      ip(namespaceOf(2), `route replace ${forged} via 10.99.0.1 proto 12 metric 1024`)],
    ["a stranger with our protocol number", 1, 20, true, () =>
      ip(namespaceOf(2), "route add 172.21.0.0/16 via 10.99.0.1 proto 12")],
  ];
  for (const [what, here, soak, harmless, act] of faults) {
    const times = SOAK ? soak : here;
    it(`${what} × ${times}: ${harmless ? "nothing is lost" : "it heals"}, and no connection is reset`, async () => {
      for (let time = 0; time < times; time++) costs.push(await costOf(scene, what, act));
      const harm = costs.slice(-times).flatMap(({ resets, losses }) => [...resets, ...harmless ? losses : []]);
      expect({ what, harm }).toEqual({ what, harm: [] });
    }, times * 150_000);
  }

  it("the other hosts' kernels are still as under BIRD", async () => {
    await waitFor(lab, "the other tables", tables, (now) =>
      JSON.stringify(now.slice(0, 2)) === JSON.stringify(underBird.slice(0, 2)), 30_000);
  }, 40_000);
});
