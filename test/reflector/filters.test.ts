/** Filter rules as Calico's BGPFilter has them: every criterion, every operation, and the quirks. */

import { describe, expect, it } from "vitest";
import { readU32, toHex } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { Prefix } from "../../src/base/prefix.ts";
import type { FilterRule, Policy } from "../../src/config/intent.ts";
import { newTables } from "../../src/daemon/tables.ts";
import { CompiledPolicy } from "../../src/reflector/filters.ts";
import { attribute, hex } from "../support/attributes.ts";
import { naiveUpdate } from "../support/naive-decoder.ts";
import type { NaiveAttributes } from "../support/naive-exporter.ts";
import { blockOf } from "../support/reflector-world.ts";

const M = 2147483647;
const PLAIN: NaiveAttributes = { origin: 0, asPath: [65001, 65002], nextHop: "", localPref: M - 1024,
  communities: [0xfde80001] };

interface Case {
  readonly prefix?: string;
  readonly attributes?: NaiveAttributes;
  readonly learned?: boolean;
  readonly ibgp?: boolean;
}

/** What a policy makes of a path: undefined where it is rejected. */
function run(policy: Partial<Policy>, { prefix = "10.1.2.0/26", attributes = PLAIN, learned = true,
  ibgp = true }: Case = {}):
  Record<string, unknown> | undefined {
  const { store, ribs } = newTables(() => 0.5);
  const { address, length } = parsePrefix(prefix)!;
  const rib = ribs[address.length === 4 ? 0 : 1]!;
  const word = (i: number): number => (i * 4 < address.length ? readU32(address, i * 4) : 0);
  const id = rib.prefixes.intern(word(0), word(1), word(2), word(3), length);
  const block = blockOf(attributes);
  const set = store.intern(block, 0, block.length, new Uint8Array(0));
  store.retain(set);
  const after = new CompiledPolicy({ rules: [], default: "reject", missing: false, ...policy }, ibgp).filter(store, rib,
    id, set, learned);
  if (after === 0) return undefined;
  const stored = store.block(after);
  expect(toHex(store.block(set))).toBe(toHex(block));
  const parts = [...stored, ...attribute(0x40, 3, hex("c0000201"))];
  const octets = [0, 0, parts.length >>> 8, parts.length & 255, ...parts, 8, 10];
  const length16 = 19 + octets.length;
  return naiveUpdate(Uint8Array.from([...new Array<number>(16).fill(255), length16 >>> 8, length16 & 255, 2,
    ...octets]),
    { ebgp: false, fourOctetAs: true, addPath: [] }).attributes;
}

const cidr = (text: string): Prefix => parsePrefix(text)!;
const matches = (rule: Omit<FilterRule, "action">, what: Case = {}): boolean =>
  run({ rules: [{ action: "accept", ...rule } as FilterRule] }, what) !== undefined;

type Criteria = Omit<FilterRule, "action">;
const ROWS: readonly [string, Criteria, Case, boolean][] = [
  ["no criterion matches", {}, {}, true],
  ["family", { family: "ipv4-unicast" }, {}, true],
  ["other family", { family: "ipv6-unicast" }, {}, false],
  ["family of an IPv6 route", { family: "ipv6-unicast" }, { prefix: "2001:db8::/64" }, true],
  ["In: more specific", { cidr: cidr("10.1.0.0/16"), matchOperator: "In" }, {}, true],
  ["In: itself", { cidr: cidr("10.1.2.0/26"), matchOperator: "In" }, {}, true],
  ["In: less specific", { cidr: cidr("10.1.2.0/27"), matchOperator: "In" }, {}, false],
  ["In: elsewhere", { cidr: cidr("10.2.0.0/16"), matchOperator: "In" }, {}, false],
  ["In: everything", { cidr: cidr("0.0.0.0/0"), matchOperator: "In" }, {}, true],
  ["In: a default route in a default", { cidr: cidr("0.0.0.0/0"), matchOperator: "In" }, { prefix: "0.0.0.0/0" }, true],
  ["NotIn: elsewhere", { cidr: cidr("10.2.0.0/16"), matchOperator: "NotIn" }, {}, true],
  ["NotIn: inside", { cidr: cidr("10.1.0.0/16"), matchOperator: "NotIn" }, {}, false],
  ["Equal", { cidr: cidr("10.1.2.0/26"), matchOperator: "Equal" }, {}, true],
  ["Equal: more specific", { cidr: cidr("10.1.0.0/16"), matchOperator: "Equal" }, {}, false],
  ["NotEqual", { cidr: cidr("10.1.0.0/16"), matchOperator: "NotEqual" }, {}, true],
  ["NotEqual: itself", { cidr: cidr("10.1.2.0/26"), matchOperator: "NotEqual" }, {}, false],
  ["IPv6 In", { cidr: cidr("2001:db8::/32"), matchOperator: "In" }, { prefix: "2001:db8:0:5::/122" }, true],
  ["IPv6 In, no whole octet", { cidr: cidr("2001:db8::/29"), matchOperator: "In" }, { prefix: "2001:dbf::/32" }, true],
  ["IPv6 outside, no whole octet", { cidr: cidr("2001:db8::/29"), matchOperator: "In" }, { prefix: "2001:dc0::/32" },
    false],
  ["IPv4 rule, IPv6 route", { cidr: cidr("0.0.0.0/0"), matchOperator: "In" }, { prefix: "::/0" }, false],
  ["length in range", { cidr: cidr("10.1.0.0/16"), matchOperator: "In", prefixLength: { min: 24, max: 26 } }, {}, true],
  ["length too short", { cidr: cidr("10.1.0.0/16"), matchOperator: "In", prefixLength: { min: 27 } }, {}, false],
  ["length too long", { cidr: cidr("10.1.0.0/16"), matchOperator: "In", prefixLength: { max: 25 } }, {}, false],
  ["min below the CIDR's length counts as that",
    { cidr: cidr("10.1.2.0/26"), matchOperator: "In", prefixLength: { min: 8 } }, {}, true],
  ["an empty range", { cidr: cidr("10.1.0.0/16"), matchOperator: "In", prefixLength: { max: 8 } }, {}, false],
  ["NotIn an empty range", { cidr: cidr("10.1.0.0/16"), matchOperator: "NotIn", prefixLength: { max: 8 } }, {}, true],
  ["quirk: Equal with a length never matches",
    { cidr: cidr("10.1.2.0/26"), matchOperator: "Equal", prefixLength: { max: 32 } }, {}, false],
  ["quirk: NotEqual with a length always matches",
    { cidr: cidr("10.1.2.0/26"), matchOperator: "NotEqual", prefixLength: { max: 32 } }, {}, true],
  ["learned", { source: "RemotePeers" }, {}, true],
  ["own is not from remote peers", { source: "RemotePeers" }, { learned: false }, false],
  ["no route has an interface", { interface: "*" }, {}, false],
  ["iBGP session", { peerType: "iBGP" }, {}, true],
  ["eBGP session", { peerType: "eBGP" }, { ibgp: false }, true],
  ["not an eBGP session", { peerType: "eBGP" }, {}, false],
  ["community", { community: [65000, 1] }, {}, true],
  ["no such community", { community: [65000, 2] }, {}, false],
  ["no communities at all", { community: [65000, 1] }, { attributes: { origin: 0, asPath: [], nextHop: "" } }, false],
  ["large community", { community: [65000, 1, 2] }, {}, false],
  ["AS_PATH starts so", { asPathPrefix: [65001] }, {}, true],
  ["AS_PATH is so", { asPathPrefix: [65001, 65002] }, {}, true],
  ["AS_PATH is shorter", { asPathPrefix: [65001, 65002, 65003] }, {}, false],
  ["AS_PATH starts otherwise", { asPathPrefix: [65002] }, {}, false],
  ["every path starts with nothing", { asPathPrefix: [] }, {}, true],
  ["priority", { priority: 1024 }, {}, true],
  ["another priority", { priority: 512 }, {}, false],
  ["more urgent than normal", { priorityBelow: 1025 }, {}, true],
  ["of normal priority, which is not more urgent", { priorityBelow: 1024 }, {}, false],
  ["no LOCAL_PREF counts as 100", { priority: M - 100 }, { attributes: { origin: 0, asPath: [], nextHop: "" } }, true],
  ["all must hold", { priority: 1024, community: [65000, 2] }, {}, false],
];

describe("criteria", () => {
  it.each(ROWS)("%s", (_, rule, what, want) => {
    expect(matches(rule, what)).toBe(want);
  });
});

describe("rules", () => {
  it("the first that matches decides, then the default", () => {
    const reject: FilterRule = { action: "reject" };
    const accept: FilterRule = { action: "accept" };
    const other: FilterRule = { action: "accept", family: "ipv6-unicast" };
    expect(run({ rules: [reject, accept], default: "accept" })).toBeUndefined();
    expect(run({ rules: [accept, reject] })).toBeDefined();
    expect(run({ rules: [other, reject], default: "accept" })).toBeUndefined();
    expect(run({ rules: [other], default: "accept" })).toBeDefined();
    expect(run({ rules: [other] })).toBeUndefined();
    expect(run({ rules: [] })).toBeUndefined();
  });

  it("operations run in order on a copy", () => {
    const rules: FilterRule[] = [{ action: "accept", operations: [
      { do: "addCommunity", community: [65000, 7] }, { do: "addCommunity", community: [1, 2, 3] },
      { do: "prependAsPath", asns: [9, 8] }, { do: "prependAsPath", asns: [7] }, { do: "setPriority", priority: 512 },
    ] }];
    expect(run({ rules })).toMatchObject({
      communities: ["65000:1", "65000:7"], largeCommunities: ["1:2:3"], localPref: M - 512,
      asPath: [{ type: "sequence", asns: [7, 9, 8, 65001, 65002] }],
    });
  });

  it("a community that is there is not added again, and LOCAL_PREF is made where there is none", () => {
    const rules: FilterRule[] = [{ action: "accept", operations: [
      { do: "addCommunity", community: [65000, 1] }, { do: "setPriority", priority: 1 },
    ] }];
    const { localPref, ...bare } = PLAIN;
    expect(run({ rules }, { attributes: bare })).toMatchObject({ communities: ["65000:1"], localPref: M - 1 });
  });

  it("a rule that continues adds what it does to what is accepted later, and decides nothing", () => {
    const mark = (community: number, text: string): FilterRule => ({ action: "continue", matchOperator: "In",
      cidr: cidr(text), operations: [{ do: "addCommunity", community: [65000, community] }] });
    const marks = [mark(7, "10.1.0.0/16"), mark(8, "10.2.0.0/16"), mark(9, "10.0.0.0/8")];
    const marked = { communities: ["65000:1", "65000:7", "65000:9"] };
    expect(run({ rules: [...marks, { action: "accept" }] })).toMatchObject(marked);
    expect(run({ rules: marks, default: "accept" })).toMatchObject(marked);
    expect(run({ rules: [...marks, { action: "reject" }], default: "accept" })).toBeUndefined();
    expect(run({ rules: marks })).toBeUndefined();
    const unlessMarked: FilterRule = { action: "reject", community: [65000, 7] };
    expect(run({ rules: [...marks, unlessMarked], default: "accept" }), "criteria see the route as it came")
      .toMatchObject(marked);
  });

  it("policies with equal rules have equal keys, others do not", () => {
    const key = (rules: FilterRule[], ibgp = true): string =>
      new CompiledPolicy({ rules, default: "accept", missing: false }, ibgp).key;
    const rule = (text: string): FilterRule => ({ action: "accept", cidr: parsePrefix(text)!, matchOperator: "In" });
    expect(key([rule("10.0.0.0/8")])).toBe(key([rule("10.0.0.0/8")]));
    expect(key([rule("10.0.0.0/8")])).not.toBe(key([rule("11.0.0.0/8")]));
    expect(key([rule("10.0.0.0/8")])).not.toBe(key([rule("10.0.0.0/8")], false));
  });
});
