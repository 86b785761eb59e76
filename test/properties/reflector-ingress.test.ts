/**
 * The short way into the tables (a block that was met before is looked up, not decoded) gives exactly what the full
 * reader gives, whatever was met before, on whichever session, and wherever MP_REACH_NLRI lies.
 */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/bytes.ts";
import { FAMILIES } from "../../src/messages/families.ts";
import type { Family } from "../../src/messages/families.ts";
import { strongest } from "../../src/messages/fault.ts";
import { CompiledPolicy } from "../../src/reflector/filters.ts";
import { Ingress } from "../../src/reflector/ingress.ts";
import type { IngressSession, UpdateReading } from "../../src/reflector/ingress.ts";
import { AttributeStore } from "../../src/rib/attribute-store.ts";
import type { PeerId } from "../../src/rib/ids.ts";
import { attribute, hex, join } from "../support/attributes.ts";

const SOAK = process.env["REFLECTD_SOAK"] === "1" ? 50 : 1;

/** Sessions whose readings differ in all that a reading can depend on. */
function session(ebgp: boolean, fourOctetAs: boolean, loopback: boolean, extended: boolean, families: Family[],
  addPath: Family[]): IngressSession {
  return {
    peer: 2 as PeerId,
    context: { ebgp, fourOctetAs, addPath, extendedNextHop: extended ? ["ipv4-unicast"] : [], loopback, families },
    contextKey: (ebgp ? 1 : 0) | (fourOctetAs ? 2 : 0) | (loopback ? 4 : 0) | (extended ? 8 : 0),
    rules: {
      ebgp, client: true, asNumber: 1, localAsNumber: 1, routerId: 9, clusterIds: [], role: undefined,
        enforceFirstAs: false,
      rejectAsSets: false, allowOwnAs: 9, isOurs: () => false,
    },
    policy: new CompiledPolicy({ rules: [], default: "accept", missing: false }, !ebgp),
    negotiated: FAMILIES.map(({ name }) => families.includes(name)),
      addPath: FAMILIES.map(({ name }) => addPath.includes(name)), limits: [],
  };
}
const V4: Family = "ipv4-unicast";
const V6: Family = "ipv6-unicast";
const SESSIONS = [
  session(false, true, false, false, [V4, V6], []), session(true, true, false, false, [V4, V6], []),
  session(false, false, false, false, [V4, V6], []), session(false, true, true, false, [V4, V6], []),
  session(false, true, false, true, [V4, V6], []), session(false, true, false, false, [V4], []),
  session(false, true, false, false, [V6], []), session(false, true, false, false, [V4, V6], [V4, V6]),
];

/** Attributes of which an UPDATE is put together, whole, by what they are. */
const ORDINARY = [
  "400101 00", "400101 02", "400200", "4002060201 0000fde9", "4002040201 fde9", "400304 c0000201", "400304 7f000001",
  "400304 00000000", "800404 00000005", "400504 00000064", "c00804 fde80001", "800904 00000001", "800a04 00000007",
  "e06302 0102", "c06302 0102", "a06302 0102", "500100 0100", "c01104 02010001", "400600",
].map((text) => hex(text.replaceAll(" ", "")));
const NEXT_HOPS = [
  "04c0000201", "047f000001", "1020010db8000000000000000000000001", "1000000000000000000000000000000001",
  "2020010db8000000000000000000000001fe800000000000000000000000000001", "0420010db8", "00",
].map(hex);
const NLRI = ["", "180a0000", "080a", "4020010db800000000", "00000001180a0000", "810a", "20"].map(hex);
const AFIS = ["000101", "000201", "000102", "001901"].map(hex);

const reach = fc.tuple(fc.constantFrom(...AFIS), fc.constantFrom(...NEXT_HOPS), fc.constantFrom(...NLRI),
  fc.constantFrom(0x80, 0x90, 0xa0, 0xc0))
  .map(([afi, nextHop, nlri, flags]) => attribute(flags, 14, join(afi, nextHop, Uint8Array.of(0), nlri)));
const unreach = fc.tuple(fc.constantFrom(...AFIS), fc.constantFrom(...NLRI), fc.constantFrom(0x80, 0x90, 0xc0))
  .map(([afi, nlri, flags]) => attribute(flags, 15, join(afi, nlri)));
const ordinary = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom([0, 2, 5], [0, 3, 5], [0, 3], [0, 3, 5, 9], [0, 2], [0, 4, 5],
    [0, 3, 6]).map((list) => list.map((i) => ORDINARY[i]!)) },
  { weight: 1, arbitrary: fc.subarray(ORDINARY) },
);
const message = fc.record({
  ordinary, multiprotocol: fc.array(fc.oneof(reach, reach, unreach), { maxLength: 2 }), at: fc.nat(4),
  withdrawn: fc.constantFrom("", "", "180a0000", "210a", "00000001180a0000"),
    nlri: fc.constantFrom("", "", "180a0000", "080a", "00000001180a0000"),
  session: fc.nat(SESSIONS.length - 1),
}).map(({ ordinary: plain, multiprotocol, at, withdrawn, nlri, session: s }) => {
  const attributes = join(...plain.slice(0, at), ...multiprotocol, ...plain.slice(at));
  const gone = hex(withdrawn);
  const body = join(u16(gone.length), gone, u16(attributes.length), attributes, hex(nlri));
  return { octets: join(new Uint8Array(16).fill(255), u16(19 + body.length), Uint8Array.of(2), body),
    session: SESSIONS[s]! };
});

function u16(value: number): Uint8Array {
  return Uint8Array.of(value >>> 8, value & 255);
}

/** A reading in words that do not depend on the store. */
function describeReading(store: AttributeStore, { blocks, count, faults }: UpdateReading): unknown {
  const worst = strongest(faults);
  if (worst === "reset") return { worst };
  const held = blocks.slice(0, count);
  const withdrawn = held.filter(({ attributes }) => attributes === 0);
  const announced = held.filter(({ attributes }) => attributes !== 0);
  const place = ({ family, at, end }: { family: { name: string }; at: number; end: number }): string =>
    `${family.name} ${at} ${end}`;
  return {
    worst, withdrawn: withdrawn.map(place).sort(), faults: faults.map(({ why }) => why),
    announced: announced.map((block) => (
      `${place(block)} ${toHex(store.block(block.attributes))} ${toHex(store.nextHop(block.attributes))}`
    )).sort(),
  };
}

describe("the short way in", () => {
  it("reads every UPDATE as the full reader does", { timeout: 30_000 * SOAK }, () => {
    let known = 0;
    fc.assert(fc.property(fc.array(message, { minLength: 2, maxLength: 12 }), (messages) => {
      const store = new AttributeStore({ seed: 1 });
      const warm = new Ingress(store, []);
      for (const { octets, session: s } of [...messages, ...messages]) {
        const size = store.size + store.rawForms;
        const read = warm.read(octets, s);
        const announced = read.blocks.slice(0, read.count).filter(({ attributes }) => attributes !== 0);
        for (const { attributes } of announced) store.retain(attributes);
        if (announced.length > 0 && store.size + store.rawForms === size) known++;
        const coldStore = new AttributeStore({ seed: 2 });
        const cold = new Ingress(coldStore, []).read(octets, s);
        expect(describeReading(store, read)).toEqual(describeReading(coldStore, cold));
      }
    }), { numRuns: 1500 * SOAK });
    expect(known).toBeGreaterThan(300);
  });
});
