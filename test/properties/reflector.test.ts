/**
 * The property that matters most: whatever happens in whatever order, the octets that each peer was sent, replayed by a
 * naive receiver, are exactly the table that a naive exporter works out for that peer alone. And every store is empty
 * when nothing is left.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FAMILIES } from "../../src/messages/families.ts";
import { REFLECTOR_LIMITS } from "../../src/reflector/limits.ts";
import type { NaiveAttributes, NaivePeer, NaivePolicy } from "../support/naive-exporter.ts";
import { ACCEPT, Neighbour, OURS, TINY_LIMITS, World } from "../support/reflector-world.ts";
import type { Capabilities, Counts } from "../support/reflector-world.ts";

const SOAK = process.env["REFLECTD_SOAK"] === "1";
const RUNS = Number(process.env["REFLECTD_RUNS"] ?? 200 * (SOAK ? 50 : 1));

const PREFIXES = [
  ["0.0.0.0/0", "10.1.0.0/26", "10.1.0.64/26", "10.2.0.0/16", "192.0.2.7/32", "10.1.0.0/25"],
  ["::/0", "2001:db8:1::/122", "2001:db8:1::40/122", "2001:db8:2::/48", "2001:db8:3::7/128", "2001:db8:1::/64"],
] as const;
const HUGE = "ab".repeat(4050);

/** Attribute sets; Identifiers 1 to 4 are those of peers. Next hops are filled in by family. */
const SETS: readonly (Omit<NaiveAttributes, "nextHop"> & { readonly nextHop?: string })[] = [
  { origin: 0, asPath: [] },
  { origin: 0, asPath: [], localPref: 200 },
  { origin: 0, asPath: [], originatorId: 1, clusterList: [7] },
  { origin: 0, asPath: [], originatorId: 2, clusterList: [7, 8], localPref: 150 },
  { origin: 2, asPath: [65001, 70000], med: 5, communities: [0xfde80001] },
  { origin: 1, asPath: [65001, 70000], med: 1, communities: [0xfde80001, 0xffffff01] },
  { origin: 0, asPath: [65002], med: 1, communities: [0xffffff02] },
  { origin: 0, asPath: [65002, 65001], otc: 65002, aigp: 9 },
  { origin: 0, asPath: [65001], communities: [0xffff0000], unknown: "0102" },
  { origin: 0, asPath: [], clusterList: [OURS.clusterIds[0]], originatorId: 3 },
  { origin: 0, asPath: [], originatorId: OURS.routerId },
  { origin: 0, asPath: [OURS.asn] },
  { origin: 0, asPath: [], nextHop: "ours" },
  { origin: 0, asPath: [], nextHop: "other" },
  { origin: 0, asPath: [], unknown: HUGE, huge: true, localPref: 300 },
];

const POLICIES: readonly NaivePolicy[] = [
  ACCEPT,
  { rules: [], default: "reject" },
  { rules: [{ action: "reject", prefix: "10.1.0.0/26" }, { action: "reject", prefix: "2001:db8:1::/122" }],
    default: "accept" },
  { rules: [{ action: "accept", addCommunity: 0xfde80009 }], default: "reject" },
  { rules: [{ action: "reject", community: 0xfde80001 }, { action: "accept", prepend: [65009, 65009] }],
    default: "accept" },
  { rules: [{ action: "accept", prefix: "0.0.0.0/0", priority: 512 },
    { action: "accept", community: 0xfde80001, addCommunity: 0xffffff02 }], default: "accept" },
];

const KINDS: readonly Pick<NaivePeer, "kind" | "clusterId">[] = [
  { kind: "client", clusterId: OURS.clusterIds[0] }, { kind: "client", clusterId: OURS.clusterIds[1] },
  { kind: "nonClient", clusterId: OURS.clusterIds[0] },
];

/** The peers: which of them there are is drawn, who they are is not. */
function neighbours(kinds: readonly number[], roles: readonly (NaivePeer["role"] | "none")[]): Neighbour[] {
  const self = { "ipv4-unicast": OURS.ipv4, "ipv6-unicast": OURS.ipv6 };
  const base = {
    localAs: OURS.asn, imports: ACCEPT, exports: ACCEPT, nextHop: "auto" as const, self, addPathMax: 0,
    extendedNextHop: false, messageOctetsMax: 4096,
  };
  return kinds.map((kind, i) => {
    const common = { ...base, name: `n${i}`, routerId: i + 1, address: `10.0.0.${i + 1}` };
    const role = roles[i] ?? "none";
    return new Neighbour(kind < KINDS.length
      ? { ...common, ...KINDS[kind]!, asn: OURS.asn }
      : { ...common, kind: "ebgp", clusterId: 0, asn: 65001 + (i & 1), ...(role === "none" ? {} : { role }) });
  });
}

const neighbour = fc.nat(4);
const family = fc.nat(FAMILIES.length - 1);
const prefix = fc.nat(PREFIXES[0].length - 1);
const capabilities: fc.Arbitrary<Capabilities> = fc.record({
  fourOctetAs: fc.boolean(), addPathReceive: fc.boolean(), addPathSend: fc.boolean(), extendedMessages: fc.boolean(),
  extendedNextHop: fc.boolean(), enhancedRefresh: fc.boolean(),
  families: fc.constantFrom(["ipv4-unicast", "ipv6-unicast"], ["ipv4-unicast", "ipv6-unicast"], ["ipv4-unicast"],
    ["ipv6-unicast"]),
});
const plain: Capabilities = {
  fourOctetAs: true, addPathReceive: false, addPathSend: false, extendedMessages: false, extendedNextHop: false,
  enhancedRefresh: true, families: ["ipv4-unicast", "ipv6-unicast"],
};

const step = fc.oneof(
  { weight: 12, arbitrary: fc.record({
    do: fc.constant("update" as const), n: neighbour, family, announced: fc.array(prefix, { maxLength: 4 }),
    withdrawn: fc.array(prefix, { maxLength: 2 }), receivedId: fc.nat(1),
    set: fc.oneof({ weight: 3, arbitrary: fc.nat(3) }, { weight: 2, arbitrary: fc.nat(SETS.length - 1) }),
  }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("fill" as const), n: neighbour, family, set: fc.nat(8) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pump" as const) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("pull" as const), n: neighbour,
    pieces: fc.constantFrom(1, 2, 3, 20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("deliver" as const), n: neighbour, octets: fc.nat(90) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("refresh" as const), n: fc.option(neighbour), family }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("export" as const), n: fc.option(neighbour),
    policy: fc.nat(POLICIES.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("import" as const), n: neighbour,
    policy: fc.nat(POLICIES.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("kind" as const), n: fc.option(neighbour), kind: fc.nat(2) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("nextHop" as const), n: fc.option(neighbour),
    mode: fc.constantFrom("auto" as const, "self" as const, "keep" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("addPathMax" as const), n: fc.option(neighbour),
    max: fc.constantFrom(1, 2, Infinity) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("down" as const), n: neighbour }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("up" as const), n: neighbour,
    routerId: fc.option(fc.integer({ min: 1, max: 4 })), capabilities: fc.option(capabilities, { freq: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("gate" as const), open: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("own" as const),
    prefixes: fc.array(fc.tuple(family, prefix), { maxLength: 2 }), med: fc.option(fc.nat(3)) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("stale" as const), n: neighbour, family }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("sweep" as const), n: neighbour, family }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reap" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("clear" as const), family }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drain" as const) }) },
  // Everybody asks for everything, and one takes all of it while the others look on.
  { weight: 2, arbitrary: fc.record({ do: fc.constant("storm" as const), n: neighbour, family }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function perform(world: World, what: Step): void {
  const one = (n: number): Neighbour => world.neighbours[n % world.neighbours.length]!;
  const some = (n: number | null): readonly Neighbour[] => (n === null ? world.neighbours : [one(n)]);
  switch (what.do) {
    case "update": {
      const row = FAMILIES[what.family]!;
      const texts = (list: readonly number[]): string[] => [...new Set(list)].map((i) => PREFIXES[what.family]![i]!);
      return world.update(one(what.n), row, {
        announced: texts(what.announced), withdrawn: texts(what.withdrawn.filter((p) => !what.announced.includes(p))),
        receivedId: what.receivedId, attributes: attributesFor(what.set, what.family, one(what.n)),
      });
    }
    case "fill":
      PREFIXES[what.family]!.forEach((text, i) => world.update(one(what.n), FAMILIES[what.family]!, {
        announced: [text], withdrawn: [], receivedId: i & 1,
          attributes: attributesFor((what.set + i) % 9, what.family, one(what.n)),
      }));
      return;
    case "pump": return world.pump();
    case "pull": return void world.pull(one(what.n), what.pieces);
    case "deliver": return world.deliver(one(what.n), what.octets);
    case "refresh":
      for (const each of some(what.n)) world.refresh(each, FAMILIES[what.family]!);
      return;
    case "export":
      for (const { naive } of some(what.n)) naive.exports = POLICIES[what.policy]!;
      return world.retarget(some(what.n));
    case "import":
      one(what.n).naive.imports = POLICIES[what.policy]!;
      return world.rejudge(one(what.n));
    case "kind": {
      const inside = some(what.n).filter(({ naive }) => naive.kind !== "ebgp");
      for (const { naive } of inside) Object.assign(naive, KINDS[what.kind]);
      world.retarget(inside);
      for (const changed of inside) world.rejudge(changed);
      return;
    }
    case "nextHop":
      for (const { naive } of some(what.n)) naive.nextHop = what.mode;
      return world.retarget(some(what.n));
    case "addPathMax":
      for (const each of some(what.n)) each.addPathSendMax = what.max;
      return world.retarget(some(what.n));
    case "down": return world.down(one(what.n));
    case "up":
      if (one(what.n).session === undefined && what.routerId !== null) one(what.n).naive.routerId = what.routerId;
      return world.up(one(what.n), what.capabilities ?? plain);
    case "gate": return world.setGate(what.open);
    case "own": return world.own([...new Set(what.prefixes.map(([f, p]) => PREFIXES[f]![p]!))], what.med ?? undefined);
    case "stale": return world.markStale(one(what.n), FAMILIES[what.family]!);
    case "sweep": return world.sweep(one(what.n), FAMILIES[what.family]!);
    case "reap": return world.reap();
    case "clear":
      for (const each of world.neighbours) {
        for (const receivedId of [0, 1]) {
          world.update(each, FAMILIES[what.family]!, {
            announced: [], withdrawn: PREFIXES[what.family]!, receivedId,
              attributes: attributesFor(0, what.family, each),
          });
        }
      }
      return;
    case "drain": return world.drain();
    case "storm":
      for (const each of world.neighbours) world.refresh(each, FAMILIES[what.family]!);
      for (const each of world.neighbours) world.pull(each, 2);
      return void world.pull(one(what.n), 30);
  }
}

/** A set as a peer of either kind would send it; of both next hops IPv4 over IPv6 is one. */
function attributesFor(set: number, familyIndex: number, { naive, session }: Neighbour): NaiveAttributes {
  const { nextHop = "plain", ...rest } = SETS[set]!;
  const ipv4 = { plain: "192.0.2.1", ours: OURS.ipv4,
    other: session?.capabilities.extendedNextHop === true ? "2001:db8::2" : "192.0.2.2" };
  const ipv6 = { plain: "2001:db8::1", ours: OURS.ipv6, other: "2001:db8::2" };
  const hops: Record<string, string> = familyIndex === 0 ? ipv4 : ipv6;
  const asPath = naive.kind === "ebgp" && set % 5 !== 4 ? [naive.asn, ...rest.asPath] : rest.asPath;
  return { ...rest, asPath, nextHop: hops[nextHop]! };
}

const MUST_HAPPEN = [
  "drained", "detached", "rejoined", "ring fallback", "horizon withdrawal", "rekeyed", "moved alone", "moved all",
  "revived tombstone", "prefix id reused", "path id reused", "peer id reused", "peer released", "same id again",
  "refresh while live", "refresh while joining", "refresh while detached", "left while fed", "stopped inside a message",
  "swept", "rejudged", "too long", "later, or the gate is closed",
];

describe("what each peer is sent", () => {
  it("is the table of a naive exporter that treats each peer alone", { timeout: 120_000 * (SOAK ? 50 : 1) }, () => {
    const counts: Counts = {};
    fc.assert(fc.property(
      fc.oneof(fc.constantFrom([0, 0, 0, 0], [0, 0, 1, 3]), fc.array(fc.nat(4), { minLength: 3, maxLength: 5 })),
      fc.array(fc.constantFrom("none" as const, "provider" as const, "customer" as const, "peer" as const),
        { maxLength: 5 }),
      fc.oneof(
        fc.tuple(capabilities).map(([same]) => Array.from({ length: 5 }, () => same)),
        fc.array(fc.option(capabilities, { freq: 2 }), { minLength: 5, maxLength: 5 }),
      ),
      fc.constantFrom(true, true, true, false), fc.nat(),
        fc.array(step, { minLength: 10, maxLength: 120, size: "max" }),
      (kinds, roles, caps, tiny, seed, steps) => {
        const world = new World(neighbours(kinds, roles), tiny ? TINY_LIMITS : REFLECTOR_LIMITS, seed, counts);
        world.neighbours.forEach((each, i) => world.up(each, caps[i] ?? plain));
        for (const what of steps) perform(world, what);
        world.drain();
        for (const f of [0, 1]) perform(world, { do: "clear", family: f });
        world.own([], undefined);
        world.drain();
        world.checkNothingTold();
        world.checkEmpty();
      },
    ), { numRuns: RUNS, interruptAfterTimeLimit: 90_000 * (SOAK ? 50 : 1),
      ...(process.env["REFLECTD_SEED"] === undefined ? {} : { seed: Number(process.env["REFLECTD_SEED"]) }) });
    if (SOAK) process.stdout.write(`${JSON.stringify(counts)}\n`);
    for (const what of MUST_HAPPEN) expect(counts, what).toHaveProperty([what], expect.any(Number));
  });
});
