/** A node of Calico in BIRD's place: what it programs, and what it learns and tells. */

import { afterEach, expect, it } from "vitest";
import { IntentPlan } from "../../src/calico/translate/intent.ts";
import type { NodePlan } from "../../src/calico/translate/node.ts";
import type { CalicoStatus } from "../../src/calico/translate/view.ts";
import type { Intent } from "../../src/config/intent.ts";
import type { CalicoSettings } from "../../src/config/settings.ts";
import type { IntentSource } from "../../src/daemon/follower.ts";
import { block, configuration, node, peer, planOf, pool } from "../support/calico/world.ts";
import type { WorldWords } from "../support/calico/world.ts";
import { route } from "../support/kernel/build.ts";
import { KernelWorld, LINKS } from "./kernel-world.ts";
import type { Router } from "./world.ts";

const TUNL0 = 9;
const PRIORITY_LOCAL_PREF = 2147483647 - 1024;
const CLUSTER: WorldWords = {
  nodes: [node("n1", { ipv4: "192.0.2.1/24" }), node("n2", { ipv4: "192.0.2.12/24" })],
  configurations: [configuration("default", { bindMode: "NodeIP", programClusterRoutes: "Enabled",
    ignoredInterfaces: ["vb"] })],
  pools: [pool("10.244.0.0/16"), pool("10.245.0.0/16", { ipipMode: "Always" }),
    pool("10.246.0.0/16", { vxlanMode: "Always" })],
  affinities: [block("n1", "10.244.1.0/26"), block("n1", "10.246.1.0/26"), block("n2", "10.244.2.0/26")],
};

/** Says what the test says. */
class PlannedSource implements IntentSource {
  nodePlan: NodePlan | undefined = undefined;
  intent: Intent | undefined = undefined;
  readonly #plans = new IntentPlan();
  #onIntent: () => void = () => undefined;

  get settings(): CalicoSettings {
    return { datastore: "files", files: ["/r"], kubeconfig: undefined, etcd: undefined, nodeName: "n1",
      node: undefined, publishNode: false, namespace: undefined, programClusterRoutes: undefined,
      holdTimeSeconds: 240, routerId: undefined, listen: undefined };
  }

  start(onIntent: () => void): void {
    this.#onIntent = onIntent;
  }

  async stop(): Promise<void> {
    // Nothing is followed.
  }

  reconfigure(): readonly string[] {
    return [];
  }

  status(): CalicoStatus {
    return { node: "n1", datastore: { kind: "files", up: true, since: "2026-03-01T00:00:00.000Z", why: null },
      waiting: null, nodes: 2, sessions: 1, faults: [] };
  }

  say(words: WorldWords): void {
    this.nodePlan = planOf(words, "n1");
    this.intent = this.#plans.of(this.nodePlan, { holdTimeSeconds: 240, onStop: "restart" }) as Intent;
    this.#onIntent();
  }
}

let world: KernelWorld | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function started(): Promise<{ world: KernelWorld; source: PlannedSource; n2: Router }> {
  const source = new PlannedSource();
  const file = { http: false, control: { birdSockets: false }, kernel: { enabled: true },
    calico: { datastore: "files", files: ["/r"], nodeName: "n1" } };
  const made = await KernelWorld.ofFile(file, (prepared) => {
    prepared.source = source;
    prepared.address("va", "192.0.2.1/24");
    prepared.memory.tables.setLink({ index: TUNL0, name: "tunl0", up: true, running: true, loopback: false });
  });
  world = made;
  source.say(CLUSTER);
  const n2 = made.router("192.0.2.12");
  await made.pass(10);
  expect(n2.isUp).toBe(true);
  return { world: made, source, n2 };
}

it("programs own blocks as blackholes and others' by pool: plain, through the tunnel, or not at all", async () => {
  const { world, n2 } = await started();
  n2.announce(["10.244.2.0/26", "10.245.2.0/26", "10.246.2.0/26", "0.0.0.0/0"], { localPref: PRIORITY_LOCAL_PREF });
  n2.announce(["10.244.3.0/26"], { localPref: 100 });
  await world.pass(1);
  expect(world.programmed).toEqual([
    "0.0.0.0/0 via 192.0.2.12 dev va proto 12 metric 1024",
    "10.244.2.0/26 via 192.0.2.12 dev va proto 12 metric 1024",
    "10.244.3.0/26 via 192.0.2.12 dev va proto 12 metric 2147483547",
    `10.245.2.0/26 via 192.0.2.12 dev ${TUNL0} onlink proto 12 metric 1024`,
    "blackhole 10.244.1.0/26 proto 12",
  ]);
  expect(world.api.kernel().leftOut)
    .toEqual([{ reason: "IPPool pool-10.246.0.0/16: Felix writes its routes", count: 2 }]);
});

it("tells its blocks as a whole and a borrowed address by itself, and nothing outside the pools", async () => {
  const { world, n2 } = await started();
  world.foreign("add", route("10.244.1.5/32", { dev: LINKS.va }, { protocol: 80 }));
  const borrowed = route("10.244.9.9/32", { dev: LINKS.va }, { protocol: 80 });
  world.foreign("add", borrowed);
  await world.pass(1);
  expect(n2.prefixes).toEqual(["10.244.1.0/26", "10.244.9.9/32", "10.246.1.0/26"]);
  expect(n2.table.get("10.244.9.9/32")).toMatchObject({ nextHop: "192.0.2.1", localPref: PRIORITY_LOCAL_PREF });
  expect(world.programmed).toEqual(["blackhole 10.244.1.0/26 proto 12"]);
  world.foreign("remove", borrowed);
  await world.pass(1);
  expect(n2.prefixes).toEqual(["10.244.1.0/26", "10.246.1.0/26"]);
});

it("follows the resources: a block that goes, a pool that another programs from now on", async () => {
  const { world, source, n2 } = await started();
  n2.announce(["10.244.2.0/26"], { localPref: PRIORITY_LOCAL_PREF });
  await world.pass(5);
  expect(world.programmed.length).toBe(2);
  source.say({ ...CLUSTER, affinities: [] });
  await world.pass(2);
  expect(world.programmed).toEqual(["10.244.2.0/26 via 192.0.2.12 dev va proto 12 metric 1024"]);
  source.say({ ...CLUSTER, affinities: [], configurations: [configuration("default", { bindMode: "NodeIP",
    programClusterRoutes: "Disabled" })] });
  await world.pass(2);
  expect(world.programmed).toEqual([]);
});

it("takes the plain way where the tunnel's device is not there: removed, made again, renamed", async () => {
  const { world, n2 } = await started();
  const { tables } = world.memory;
  const setLink = (index: number, name: string): void =>
    tables.setLink({ index, name, up: true, running: true, loopback: false });
  const way = async (): Promise<string[]> => {
    await world.pass(0.5);
    return world.programmed.filter((line) => line.startsWith("10.245."));
  };
  const plain = ["10.245.2.0/26 via 192.0.2.12 dev va proto 12 metric 1024"];
  const tunnelled = (index: number): string[] =>
    [`10.245.2.0/26 via 192.0.2.12 dev ${index} onlink proto 12 metric 1024`];
  n2.announce(["10.245.2.0/26"], { localPref: PRIORITY_LOCAL_PREF });
  await world.pass(5);
  expect(await way()).toEqual(tunnelled(TUNL0));
  tables.removeLink(TUNL0);
  expect(await way()).toEqual(plain);
  setLink(TUNL0 + 1, "tunl0");
  expect(await way()).toEqual(tunnelled(TUNL0 + 1));
  setLink(TUNL0 + 1, "other");
  expect(await way()).toEqual(plain);
  setLink(TUNL0 + 1, "tunl0");
  expect(await way()).toEqual(tunnelled(TUNL0 + 1));
});

it("leads to a peer that has a gateway, and to what it announces, as long as it has it", async () => {
  const { world, source, n2 } = await started();
  n2.announce(["10.244.2.0/26"], { localPref: PRIORITY_LOCAL_PREF });
  const far = peer("far", { peerIP: "198.51.100.9", asNumber: 65000, reachableBy: "192.0.2.254" });
  source.say({ ...CLUSTER, peers: [far] });
  await world.pass(5);
  const others = ["10.244.2.0/26 via 192.0.2.12 dev va proto 12 metric 1024", "blackhole 10.244.1.0/26 proto 12"];
  const way = (gateway: string): string => `198.51.100.9/32 via ${gateway} dev va proto 12`;
  expect(world.programmed).toEqual([...others, way("192.0.2.254")].sort());
  source.say({ ...CLUSTER, peers: [{ ...far, reachableBy: "192.0.2.253" }] });
  await world.pass(2);
  expect(world.programmed).toEqual([...others, way("192.0.2.253")].sort());
  world.setLink("va", false);
  await world.pass(2);
  world.setLink("va", true);
  await world.pass(10);
  expect(world.programmed).toContain(way("192.0.2.253"));
  source.say(CLUSTER);
  await world.pass(2);
  expect(world.programmed).not.toContain(way("192.0.2.253"));
});

it("announces an interface's network unless the cluster ignores the interface, whenever it says so", async () => {
  const { world, source, n2 } = await started();
  world.address("vb", "10.244.77.1/26");
  await world.pass(2);
  expect(n2.prefixes).not.toContain("10.244.77.0/26");
  const ignoring = (...ignoredInterfaces: readonly string[]): WorldWords => ({ ...CLUSTER,
    configurations: [configuration("default", { bindMode: "NodeIP", programClusterRoutes: "Enabled",
      ignoredInterfaces })] });
  source.say(ignoring("eth*"));
  await world.pass(2);
  expect(n2.prefixes).toContain("10.244.77.0/26");
  source.say(ignoring("v*"));
  await world.pass(2);
  expect(n2.prefixes).not.toContain("10.244.77.0/26");
});
