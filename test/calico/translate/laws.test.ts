/** Laws of the translation, on clusters drawn from a tiny world: order, strangers, and the two views of a session. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CalicoResources } from "../../../src/calico/resources/model.ts";
import { IntentPlan } from "../../../src/calico/translate/intent.ts";
import { NodeTranslation } from "../../../src/calico/translate/node.ts";
import type { NodePlan } from "../../../src/calico/translate/node.ts";
import type { SessionView } from "../../../src/calico/translate/view.ts";
import { block, configuration, host, node, peer, planOf, pool, sessionsOf, world } from "../../support/calico/world.ts";
import type { WorldWords } from "../../support/calico/world.ts";

const NAMES = ["n1", "n2", "n3", "n4"];
const SELECTORS = ["all()", "has(rr)", "!has(rr)", "zone == 'a'", "zone != 'a' && has(rr)"];
const AS_NUMBERS = [undefined, undefined, 64512, 65001];
const one = <T>(values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const nodes = fc.tuple(...NAMES.map((name, at) => fc.record({
  address: one([at, at, at, 0]), asNumber: one(AS_NUMBERS), cluster: one([undefined, undefined, "1.1.1.1", "2.2.2.2"]),
  rr: fc.boolean(), zone: one(["a", "b", ""]), ipv6: fc.boolean(), gone: one([false, false, true]),
}).map(({ address, asNumber, cluster, rr, zone, ipv6, gone }) => gone ? [] : [node(name, {
  ipv4: `10.0.0.${address + 8}/24`, ...(ipv6 ? { ipv6: `fd00::${address + 8}/64` } : {}),
  ...(asNumber === undefined ? {} : { asNumber }), ...(cluster === undefined ? {} : { cluster }),
  labels: { ...(rr ? { rr: "" } : {}), ...(zone === "" ? {} : { zone }) },
})]))).map((lists) => lists.flat());

const local = fc.oneof(fc.constant({}), one(NAMES).map((name) => ({ node: name })),
  one(SELECTORS).map((nodeSelector) => ({ nodeSelector })));
const bySelector = one(SELECTORS).map((peerSelector) => ({ peerSelector }));
const byAddress = fc.record({ peerIP: one(["10.0.0.8", "10.0.0.9", "10.0.0.9 1179", "10.9.9.9", "fd00::9"]),
  asNumber: one([64512, 65001]) });
const peersOf = (remote: fc.Arbitrary<object>): fc.Arbitrary<ReturnType<typeof peer>[]> =>
  fc.array(fc.tuple(local, remote, one(["Auto", "Auto", "Manual"] as const), fc.subarray(["f", "g"])),
    { maxLength: 4 }).map((rows) => rows.map(([near, far, reversePeering, filters], at) =>
    peer(`p${at}`, { ...near, ...far, reversePeering, filters })));
const filters = fc.tuple(...["f", "g"].map((name) => one([undefined, "accept", "reject"] as const)
  .map((action) => (action === undefined ? [] : [{ name, import: [{ action }], export: [] }]))))
  .map((lists) => lists.flat());

const configurations = fc.record({ mesh: fc.boolean(), asNumber: one(AS_NUMBERS), port: one([undefined, 1179]),
  node: one([undefined, "node.n1", "node.n2"]), gone: one([false, false, false, true]) }).map((row) => [
  ...(row.gone ? [] : [configuration("default", { nodeToNodeMeshEnabled: row.mesh, asNumber: row.asNumber,
    listenPort: row.port })]),
  ...(row.node === undefined ? [] : [configuration(row.node, { listenPort: 1180, asNumber: 65009 })]),
]);
const clusters = fc.record({ nodes, peers: peersOf(fc.oneof(bySelector, byAddress)), configurations, filters,
  pools: fc.subarray([pool("10.1.0.0/16"), pool("10.2.0.0/16"), pool("10.1.0.0/16", { name: "twin",
    disableBgpExport: true })]),
  affinities: fc.subarray([block("n1", "10.1.0.0/26"), block("n2", "10.1.0.64/26"),
    { ...block("n1", "10.1.0.0/26", "pendingDeletion"), name: "again" }]) });

const FIRST_SETTINGS = { holdTimeSeconds: 240, onStop: "restart" } as const;

const reversed = (words: WorldWords): WorldWords => Object.fromEntries(
  Object.entries(words).map(([key, list]) => [key, [...list as readonly unknown[]].reverse()]));

/** How much of a law's clusters says something: a law about nothing always holds. */
class Substance {
  #sessions = 0;
  #collisions = 0;
  #routes = 0;

  count({ view: { families: { ipv4, ipv6 } }, collisions }: NodePlan): void {
    this.#sessions += ipv4.peers.length + ipv6.peers.length;
    this.#collisions += collisions.length;
    this.#routes += ipv4.originated.length;
  }

  expect(): void {
    expect(this.#sessions).toBeGreaterThan(100);
    expect(this.#collisions).toBeGreaterThan(10);
    expect(this.#routes).toBeGreaterThan(10);
  }
}

describe("laws of the translation", () => {
  it("the order of resources means nothing", () => {
    const substance = new Substance();
    fc.assert(fc.property(clusters, one(NAMES), (words, me) => {
      const plan = planOf(words, me);
      substance.count(plan);
      expect(planOf(reversed(words), me).view).toEqual(plan.view);
    }), { numRuns: 300 });
    substance.expect();
  });

  it("a resource that concerns nobody here changes nothing", () => {
    const strangers: WorldWords = {
      nodes: [node("stranger", { labels: { zone: "z" } })],
      peers: [peer("q", { node: "nobody", peerIP: "10.8.8.8", asNumber: 1 })],
      configurations: [configuration("node.stranger", { listenPort: 7 }), configuration("other", { asNumber: 7 })],
      filters: [{ name: "unused", import: [], export: [] }], affinities: [block("stranger", "10.1.9.0/26")],
    };
    const keys = Object.keys(strangers) as (keyof WorldWords)[];
    const substance = new Substance();
    fc.assert(fc.property(clusters, one(NAMES), one(keys), (words: WorldWords, me, key) => {
      const more = { ...words, [key]: [...words[key] ?? [], ...strangers[key] ?? []] };
      const plan = planOf(words, me);
      substance.count(plan);
      expect(planOf(more, me).view).toEqual(plan.view);
    }), { numRuns: 300 });
    substance.expect();
  });

  it("what is kept between two plans never shows", () => {
    const kinds = fc.subarray<keyof CalicoResources>(["nodes", "peers", "configurations", "filters", "pools",
      "affinities"]);
    const settings = one([240, 90]).map((holdTimeSeconds) => ({ ...FIRST_SETTINGS, holdTimeSeconds }));
    fc.assert(fc.property(clusters, clusters, one(NAMES), kinds, settings, (before, after, me, same, later) => {
      const [translation, intents] = [new NodeTranslation(host(me)), new IntentPlan()];
      const [first, second] = [world(before), world(after)];
      // Kinds that stay as they were keep their Map, as in a datastore where something else changed.
      const mixed = { ...second, ...Object.fromEntries(same.map((kind) => [kind, first[kind]])) };
      const mine = [...first.nodes].filter(([name]) => name === me);
      const others = { ...first, nodes: new Map([...second.nodes, ...mine]) };
      for (const resources of [first, others, mixed, second]) {
        const [kept, fresh] = [translation, new NodeTranslation(host(me))].map((one) => one.plan(resources, []));
        expect(kept!.view).toEqual(fresh!.view);
        const said = resources === first ? FIRST_SETTINGS : later;
        expect(intents.of(kept!, said)).toEqual(new IntentPlan().of(fresh!, said));
      }
    }), { numRuns: 200 });
  });

  it("by selector, both ends have the session, with each other's AS and the port that is listened on", () => {
    const words = fc.record({ nodes, peers: peersOf(bySelector).map((peers) => peers.map((row) =>
      ({ ...row, reversePeering: "Auto" as const }))), configurations: configurations.map((list) =>
      list.map((row) => row.name === "default" ? { ...row, nodeToNodeMeshEnabled: false } : row)) });
    let compared = 0;
    fc.assert(fc.property(words, (cluster) => {
      if (!cluster.configurations.some(({ name }) => name === "default")) return;
      for (const [near, far, session] of pairs(cluster)) {
        compared++;
        const back = sessionsOf(cluster, far).find(({ address }) => address === near);
        expect(back).toMatchObject({ localAs: session.remoteAs, remoteAs: session.localAs, passive: false });
        expect(session.passive).toBe(false);
        expect(planOf(cluster, far).view.families.ipv4.listen.port).toBe(session.port);
      }
    }), { numRuns: 300 });
    expect(compared).toBeGreaterThan(30);
  });

  it("by address, whoever has it and the AS that is written has the session back, and not both wait", () => {
    const words = fc.record({ nodes, peers: fc.tuple(local, one(["10.0.0.8", "10.0.0.9", "10.0.0.10"]),
      one([64512, 65001])).map(([near, peerIP, asNumber]) => [peer("p", { ...near, peerIP, asNumber })]),
    configurations: fc.tuple(one([undefined, 1179]), one([undefined, "node.n1", "node.n2"])).map(([port, name]) => [
      configuration("default", { nodeToNodeMeshEnabled: false, listenPort: port }),
      ...(name === undefined ? [] : [configuration(name, { listenPort: 1180 })])]) });
    let compared = 0;
    fc.assert(fc.property(words, (cluster) => {
      for (const [near, far, session] of pairs(cluster)) {
        const there = planOf(cluster, far).view.families.ipv4;
        // The far end of a reverse session is the near end of the other; what nobody listens to is nobody's fault.
        if (there.localAs !== session.remoteAs) continue;
        compared++;
        const back = there.peers.find(({ address }) => address === near);
        expect(back).toMatchObject({ localAs: session.remoteAs, remoteAs: session.localAs });
        expect(back!.passive && session.passive).toBe(false);
        expect(there.listen.port).toBe(session.port);
      }
    }), { numRuns: 500 });
    expect(compared).toBeGreaterThan(30);
  });

  it("in the mesh exactly one end dials", () => {
    let compared = 0;
    fc.assert(fc.property(nodes, (all) => {
      const cluster = { nodes: all };
      for (const [near, far, session] of pairs(cluster)) {
        compared++;
        const back = sessionsOf(cluster, far).find(({ address }) => address === near);
        expect(back?.passive).toBe(!session.passive);
      }
    }), { numRuns: 300 });
    expect(compared).toBeGreaterThan(30);
  });
});

/** Each IPv4 session of each node with another node: our address, the name of the other end, and the session. */
function pairs(cluster: WorldWords): [near: string, far: string, session: SessionView][] {
  const addresses = (cluster.nodes ?? []).map(({ ipv4 }) => ipv4?.address);
  // Two nodes with one address are one to their neighbours: what they agree on is not defined.
  if (new Set(addresses).size < addresses.length) return [];
  return (cluster.nodes ?? []).flatMap((me) => sessionsOf(cluster, me.name).flatMap((session) => {
    const other = (cluster.nodes ?? []).find(({ ipv4 }) => ipv4?.address === session.address);
    return other === undefined ? [] : [[me.ipv4!.address, other.name, session] satisfies [string, string, SessionView]];
  }));
}
