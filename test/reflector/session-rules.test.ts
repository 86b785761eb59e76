/** What a session makes of good attributes: one row for each rule and its neighbours. */

import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/address.ts";
import { sameBytes } from "../../src/base/bytes.ts";
import { judge } from "../../src/reflector/session-rules.ts";
import type { SessionRules } from "../../src/reflector/session-rules.ts";
import { AttributeStore } from "../../src/rib/attribute-store.ts";
import { PATH_FLAGS } from "../../src/rib/rib.ts";
import { attribute, hex, join } from "../support/attributes.ts";
import type { NaiveAttributes } from "../support/naive-exporter.ts";
import { blockOf } from "../support/reflector-world.ts";

const { LOOP, NOT_REFLECTED, OWN_NEXT_HOP, LEAK } = PATH_FLAGS;
const OURS = [parseAddress("10.0.0.254")!, parseAddress("2001:db8::fe")!];
const IBGP: SessionRules = {
  ebgp: false, client: true, asNumber: 64512, localAsNumber: 64512, routerId: 99, clusterIds: [7, 8], role: undefined,
  enforceFirstAs: true, rejectAsSets: true, allowOwnAs: 0,
    isOurs: (bytes, at, end) => OURS.some((own) => sameBytes(own, bytes.subarray(at, end))),
};
const NON_CLIENT = { ...IBGP, client: false };
const EBGP: SessionRules = { ...IBGP, ebgp: true, client: false, asNumber: 65001 };
const PLAIN: NaiveAttributes = { origin: 0, asPath: [65001], nextHop: "192.0.2.1" };

interface Want { readonly refused?: boolean; readonly flags?: number; readonly otc?: number;
  readonly localPref?: number }
type Row = readonly [string, SessionRules, Partial<NaiveAttributes>, Want];
const role = (name: SessionRules["role"]): SessionRules => ({ ...EBGP, role: name });

const ROWS: readonly Row[] = [
  ["nothing to say", IBGP, {}, { flags: 0 }],
  ["first AS is the peer's", EBGP, {}, { flags: 0 }],
  ["first AS is another's", EBGP, { asPath: [65002, 65001] }, { refused: true }],
  ["no AS at all from outside", EBGP, { asPath: [] }, { refused: true }],
  ["first AS where nobody asks", { ...EBGP, enforceFirstAs: false }, { asPath: [65002] }, { flags: 0 }],
  ["a route server adds no AS", role("rs-client"), { asPath: [65002] }, { flags: 0 }],
  ["first AS inside", IBGP, { asPath: [65002] }, { flags: 0 }],
  ["own AS from outside", EBGP, { asPath: [65001, 64512] }, { flags: LOOP }],
  ["own AS from inside", IBGP, { asPath: [64512] }, { flags: LOOP }],
  ["own AS as often as allowed", { ...EBGP, allowOwnAs: 2 }, { asPath: [65001, 64512, 64512] }, { flags: 0 }],
  ["own AS more often", { ...EBGP, allowOwnAs: 2 }, { asPath: [65001, 64512, 64512, 64512] }, { flags: LOOP }],
  ["we are the originator", IBGP, { originatorId: 99 }, { flags: LOOP }],
  ["another is the originator", IBGP, { originatorId: 98 }, { flags: 0 }],
  ["our cluster on a client session", IBGP, { clusterList: [5, 8] }, { flags: LOOP }],
  ["our cluster on a non-client session", NON_CLIENT, { clusterList: [5, 8] }, { flags: NOT_REFLECTED }],
  ["another cluster", IBGP, { clusterList: [5, 6] }, { flags: 0 }],
  ["our address as next hop", IBGP, { nextHop: "10.0.0.254" }, { flags: OWN_NEXT_HOP }],
  ["our IPv6 address as next hop", IBGP, { nextHop: "2001:db8::fe" }, { flags: OWN_NEXT_HOP }],
  ["OTC from a customer", role("provider"), { otc: 3 }, { flags: LEAK, otc: 3 }],
  ["OTC from a client of our route server", role("rs"), { otc: 3 }, { flags: LEAK }],
  ["OTC of another from a lateral peer", role("peer"), { otc: 3 }, { flags: LEAK }],
  ["OTC of its own from a lateral peer", role("peer"), { otc: 65001 }, { flags: 0, otc: 65001 }],
  ["no OTC from a lateral peer", role("peer"), {}, { flags: 0, otc: 65001 }],
  ["no OTC from a provider", role("customer"), {}, { flags: 0, otc: 65001 }],
  ["OTC from a provider", role("customer"), { otc: 3 }, { flags: 0, otc: 3 }],
  ["no OTC from a route server", role("rs-client"), {}, { flags: 0, otc: 65001 }],
  ["no OTC from a customer", role("provider"), {}, { flags: 0, otc: 0 }],
  ["no role, no OTC", EBGP, {}, { flags: 0, otc: 0 }],
  ["a role means nothing inside", { ...IBGP, role: "provider" }, { otc: 3 }, { flags: 0, otc: 3 }],
  ["GRACEFUL_SHUTDOWN from outside", EBGP, { communities: [0xffff0000] }, { flags: 0, localPref: 0 }],
  ["GRACEFUL_SHUTDOWN from inside", IBGP, { communities: [0xffff0000], localPref: 50 }, { flags: 0, localPref: 50 }],
  ["two reasons at once", NON_CLIENT, { clusterList: [7], nextHop: "10.0.0.254" },
    { flags: NOT_REFLECTED | OWN_NEXT_HOP }],
];

describe("the rules of a session", () => {
  it.each(ROWS)("%s", (_, rules, change, want) => {
    const store = new AttributeStore({ seed: 1 });
    const attributes = { ...PLAIN, ...change };
    const block = blockOf(attributes);
    const id = store.intern(block, 0, block.length, parseAddress(attributes.nextHop)!);
    store.retain(id);
    const verdict = judge(store, id, rules);
    expect(verdict.fault?.disposition).toBe(want.refused === true ? "withdraw" : undefined);
    if (want.flags !== undefined) expect(verdict.flags).toBe(want.flags);
    if (want.otc !== undefined) expect(store.otc(verdict.attributes)).toBe(want.otc);
    if (want.localPref !== undefined) expect(store.localPref(verdict.attributes)).toBe(want.localPref);
  });

  it("refuses sets in AS_PATH where that is asked (RFC 9774)", () => {
    const store = new AttributeStore({ seed: 1 });
    const block = join(attribute(0x40, 1, "00"), attribute(0x40, 2, hex("02010000fde901010000fdea")),
      attribute(0x40, 3, "c0000201"));
    const id = store.intern(block, 0, block.length, new Uint8Array(0));
    expect(judge(store, id, EBGP).fault?.disposition).toBe("withdraw");
    expect(judge(store, id, { ...EBGP, rejectAsSets: false }).fault).toBeUndefined();
    expect(judge(store, id, IBGP).fault).toBeUndefined();
  });
});
