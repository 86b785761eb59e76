/** What is written for a path: one row for each kind of source, kind of peer and next-hop mode. */

import { describe, expect, it } from "vitest";
import { parseAddress } from "../../src/base/address.ts";
import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST, IPV6_UNICAST } from "../../src/messages/families.ts";
import {
  exportedOctetsMax, originatorAsSent, usesMpReach, writeExported,
} from "../../src/reflector/exported-attributes.ts";
import type { ExportedPath } from "../../src/reflector/exported-attributes.ts";
import { CompiledPolicy } from "../../src/reflector/filters.ts";
import { blockedBy } from "../../src/reflector/reflection.ts";
import type { Source } from "../../src/reflector/source.ts";
import { ExportTarget } from "../../src/reflector/target.ts";
import type { TargetFields } from "../../src/reflector/target.ts";
import { AttributeStore } from "../../src/rib/attribute-store.ts";
import type { PeerId } from "../../src/rib/ids.ts";
import { attribute, join } from "../support/attributes.ts";
import { naiveUpdate } from "../support/naive-decoder.ts";
import type { NaiveAttributes } from "../support/naive-exporter.ts";
import { blockOf } from "../support/reflector-world.ts";

const A = 0x0a000001;
const B = 0x0a000002;
const CLIENT: Source = { peer: 2 as PeerId, kind: "client", own: false, routerId: 5, clusterId: A,
  localAsNumber: 64512 };
const NON_CLIENT: Source = { ...CLIENT, kind: "nonClient", clusterId: 0 };
const EXTERNAL: Source = { ...CLIENT, kind: "ebgp", clusterId: 0 };
const OWN: Source = { peer: 1 as PeerId, kind: "ebgp", own: true, routerId: 99, clusterId: 0, localAsNumber: 64512 };

const LLGR_STALE = 0xffff0006;
const ACCEPT = new CompiledPolicy({ rules: [], default: "accept", missing: false }, true);
const TO_CLIENT: TargetFields = {
  family: IPV4_UNICAST, kind: "client", localAsNumber: 64512, clusterId: A, nextHop: "auto",
    selfAddress: parseAddress("10.0.0.254")!,
  role: undefined, policy: ACCEPT, addPathMax: 0, fourOctetAs: true, messageOctetsMax: 4096, extendedNextHop: false,
};
const TO_NON_CLIENT: TargetFields = { ...TO_CLIENT, kind: "nonClient", clusterId: 0 };
const TO_EXTERNAL: TargetFields = { ...TO_CLIENT, kind: "ebgp", clusterId: 0 };

const PLAIN: NaiveAttributes = { origin: 0, asPath: [65001, 70000], nextHop: "192.0.2.1", med: 7 };
const REFLECTED = { ...PLAIN, originatorId: 6, clusterList: [B] };

/** Everything that is written, decoded; or the gate that keeps it. */
function told(attributes: NaiveAttributes, source: Source, fields: TargetFields): Record<string, unknown> {
  const store = new AttributeStore({ seed: 1 });
  const nextHop = parseAddress(attributes.nextHop) ?? EMPTY;
  const inline = nextHop.length === 4 ? attribute(0x40, 3, nextHop) : EMPTY;
  const plain = blockOf(attributes);
  const at = 4 + 3 + plain[6]!; // NEXT_HOP belongs behind ORIGIN and AS_PATH
  const block = join(plain.subarray(0, at), inline, plain.subarray(at));
  const id = store.intern(block, 0, block.length, nextHop);
  store.retain(id);
  const path: ExportedPath = { store, attributes: id, source };
  const target = new ExportTarget(fields);
  const gate = blockedBy({ store, attributes: id, source, notReflected: false }, target);
  if (gate !== undefined) return { gate: gate.source };
  const out = new Uint8Array(exportedOctetsMax(path));
  const end = writeExported(out, 0, path, target);
  const classic = !usesMpReach(target, target.nextHopOctetsFor(store, id, source));
  const body = join(Uint8Array.of(0, 0, end >>> 8, end & 255), out.subarray(0, end),
    classic ? Uint8Array.of(8, 10) : EMPTY);
  const message = join(new Uint8Array(16).fill(255), Uint8Array.of(0, 19 + body.length, 2), body);
  const update = naiveUpdate(message, { ebgp: false, fourOctetAs: fields.fourOctetAs, addPath: [] });
  expect(update.disposition).toBe("ok");
  return { ...update.attributes, ...(classic ? { nextHop: update.announced[0]!["nextHop"] } : {}),
    originator: originatorAsSent(path, target) };
}

const asPath = (...asns: number[]) => [{ type: "sequence", asns }];
const ROWS: readonly [string, NaiveAttributes, Source, TargetFields, Record<string, unknown>][] = [
  ["client to client: stamped, one cluster id", PLAIN, CLIENT, TO_CLIENT,
    { originatorId: "0.0.0.5", clusterList: ["10.0.0.1"], localPref: 100, med: 7, nextHop: "192.0.2.1",
    asPath: asPath(65001, 70000) }],
  ["client to a client of another cluster: both ids, the receiver's first", PLAIN, CLIENT,
    { ...TO_CLIENT, clusterId: B }, { clusterList: ["10.0.0.2", "10.0.0.1"] }],
  ["reflected before: ORIGINATOR_ID stays, CLUSTER_LIST grows", REFLECTED, CLIENT, TO_CLIENT,
    { originatorId: "0.0.0.6", clusterList: ["10.0.0.1", "10.0.0.2"] }],
  ["client to non-client: the source's id", PLAIN, CLIENT, TO_NON_CLIENT, { clusterList: ["10.0.0.1"] }],
  ["non-client to client: the receiver's id", PLAIN, NON_CLIENT, TO_CLIENT,
    { clusterList: ["10.0.0.1"], originatorId: "0.0.0.5" }],
  ["non-client to non-client: not at all", PLAIN, NON_CLIENT, TO_NON_CLIENT, { gate: "RFC 4456 §6" }],
  ["another local AS: not at all", PLAIN, { ...CLIENT, localAsNumber: 1 }, TO_CLIENT,
    { gate: "design: reflection only between sessions of equal local AS" }],
  ["external to client: no reflection, LOCAL_PREF is added", PLAIN, EXTERNAL, TO_CLIENT,
    { originatorId: undefined, clusterList: undefined, localPref: 100, med: 7, nextHop: "192.0.2.1" }],
  ["LOCAL_PREF passes a reflector", { ...PLAIN, localPref: 2147482623 }, CLIENT, TO_CLIENT, { localPref: 2147482623 }],
  ["own to client", { ...PLAIN, asPath: [] }, OWN, TO_CLIENT,
    { originatorId: undefined, localPref: 100, asPath: [], originator: 0 }],
  ["own without next hop: our address", { ...PLAIN, nextHop: "" }, OWN, TO_CLIENT, { nextHop: "10.0.0.254" }],
  ["own with a next hop, to external: kept, with its MED", PLAIN, OWN, TO_EXTERNAL, { nextHop: "192.0.2.1", med: 7 }],
  ["client, next hop self", PLAIN, CLIENT, { ...TO_CLIENT, nextHop: "self" }, { nextHop: "10.0.0.254" }],
  ["to external: prepended, our address, nothing internal", { ...REFLECTED, localPref: 5, aigp: 3 }, CLIENT,
    TO_EXTERNAL, { asPath: asPath(64512, 65001, 70000), nextHop: "10.0.0.254", med: undefined, localPref: undefined,
    originatorId: undefined, clusterList: undefined, aigp: undefined }],
  ["to external, next hop kept", PLAIN, CLIENT, { ...TO_EXTERNAL, nextHop: "keep" }, { nextHop: "192.0.2.1" }],
  ["AIGP passes inside", { ...PLAIN, aigp: 3 }, CLIENT, TO_CLIENT, { aigp: "3" }],
  ["to an old speaker: AS_TRANS and AS4_PATH", PLAIN, CLIENT, { ...TO_CLIENT, fourOctetAs: false },
    { asPath: asPath(65001, 70000) }],
  ["to an old external speaker", PLAIN, EXTERNAL, { ...TO_EXTERNAL, fourOctetAs: false, localAsNumber: 80000 },
    { asPath: asPath(80000, 65001, 70000) }],
  ["to our customer: OTC is added", PLAIN, EXTERNAL, { ...TO_EXTERNAL, role: "provider" },
    { otc: 64512, gate: undefined }],
  ["to our customer: OTC stays as it is", { ...PLAIN, otc: 8 }, EXTERNAL, { ...TO_EXTERNAL, role: "provider" },
    { otc: 8, gate: undefined }],
  ["to a lateral peer: OTC is added", PLAIN, EXTERNAL, { ...TO_EXTERNAL, role: "peer" }, { otc: 64512 }],
  ["OTC does not go to a provider", { ...PLAIN, otc: 8 }, EXTERNAL, { ...TO_EXTERNAL, role: "customer" },
    { gate: "RFC 9234 §5" }],
  ["OTC does not go to a lateral peer", { ...PLAIN, otc: 8 }, EXTERNAL, { ...TO_EXTERNAL, role: "peer" },
    { gate: "RFC 9234 §5" }],
  ["OTC goes to internal peers unchanged", { ...PLAIN, otc: 8 }, EXTERNAL, TO_CLIENT, { otc: 8, gate: undefined }],
  ["long-lived stale as it is", { ...PLAIN, communities: [LLGR_STALE] }, CLIENT, TO_CLIENT,
    { localPref: 100, communities: ["65535:6"] }],
  ["long-lived stale not to who does not know it", { ...PLAIN, communities: [LLGR_STALE] }, CLIENT,
    { ...TO_CLIENT, longLived: "kept back" }, { gate: "RFC 9494 §4.3" }],
  ["long-lived stale to who does not know it, as a last resort",
    { ...PLAIN, localPref: 7, communities: [LLGR_STALE] }, CLIENT, { ...TO_CLIENT, longLived: "depreferenced" },
    { localPref: 0, communities: ["65535:6", "65535:65281"], med: 7, clusterList: ["10.0.0.1"] }],
  ["the same without LOCAL_PREF, to an old speaker, NO_EXPORT once",
    { ...PLAIN, communities: [0xffffff01, LLGR_STALE] }, EXTERNAL,
    { ...TO_CLIENT, longLived: "depreferenced", fourOctetAs: false },
    { localPref: 0, communities: ["65535:65281", "65535:6"], asPath: asPath(65001, 70000) }],
  ["what is not stale goes to them as it is", { ...PLAIN, localPref: 7 }, CLIENT,
    { ...TO_CLIENT, longLived: "depreferenced" }, { localPref: 7, communities: undefined }],
  ["NO_EXPORT stays inside", { ...PLAIN, communities: [0xffffff01] }, CLIENT, TO_EXTERNAL, { gate: "RFC 1997" }],
  ["NO_EXPORT goes to internal peers", { ...PLAIN, communities: [0xffffff01] }, CLIENT, TO_CLIENT, { gate: undefined }],
  ["NO_EXPORT_SUBCONFED stays inside", { ...PLAIN, communities: [0xffffff03] }, CLIENT, TO_EXTERNAL,
    { gate: "RFC 1997" }],
  ["NO_ADVERTISE goes nowhere", { ...PLAIN, communities: [0xffffff02] }, CLIENT, TO_CLIENT, { gate: "RFC 1997" }],
  ["IPv4 over an IPv6 next hop needs the capability", { ...PLAIN, nextHop: "2001:db8::1" }, CLIENT, TO_CLIENT,
    { gate: "RFC 8950 §4" }],
  ["IPv4 over an IPv6 next hop with it", { ...PLAIN, nextHop: "2001:db8::1" }, CLIENT,
    { ...TO_CLIENT, extendedNextHop: true }, { gate: undefined, nextHop: undefined }],
  ["IPv6 never over an IPv4 next hop", PLAIN, CLIENT, { ...TO_CLIENT, family: IPV6_UNICAST }, { gate: "RFC 8950 §4" }],
  ["no address of ours to write", PLAIN, CLIENT, { ...TO_CLIENT, nextHop: "self", selfAddress: EMPTY },
    { gate: "RFC 8950 §4" }],
];

describe("exported attributes", () => {
  it.each(ROWS)("%s", (_, attributes, source, target, want) => {
    const have = told(attributes, source, target);
    for (const [key, value] of Object.entries(want)) expect(have[key], key).toEqual(value);
  });

  it("gives equal targets one key, and every field a part in it", () => {
    const key = new ExportTarget(TO_CLIENT).key;
    expect(new ExportTarget({ ...TO_CLIENT }).key).toBe(key);
    const changes: Partial<TargetFields>[] = [
      { family: IPV6_UNICAST }, { kind: "nonClient" }, { localAsNumber: 1 }, { clusterId: B }, { nextHop: "self" },
        { selfAddress: EMPTY },
      { role: "peer" }, { policy: new CompiledPolicy({ rules: [], default: "reject", missing: false }, true) },
        { addPathMax: 1 },
      { addPathMax: Infinity }, { fourOctetAs: false }, { messageOctetsMax: 65535 }, { extendedNextHop: true },
    ];
    const keys = changes.map((change) => new ExportTarget({ ...TO_CLIENT, ...change }).key);
    expect(new Set([key, ...keys]).size).toBe(changes.length + 1);
    expect(changes.flatMap((change) => Object.keys(change)).sort()).toEqual([...Object.keys(TO_CLIENT),
      "addPathMax"].sort());
    const selects = changes.filter((change) =>
      new ExportTarget({ ...TO_CLIENT, ...change }).writingKey === new ExportTarget(TO_CLIENT).writingKey);
    expect(selects).toEqual([changes[7]]);
  });
});
