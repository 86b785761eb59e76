/** Generators for messages. Rule: tiny domains, so that values collide and every branch is met. */

import fc from "fast-check";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { Prefix } from "../../src/base/prefix.ts";
import type { Capability } from "../../src/messages/capabilities.ts";
import type { AsPathSegment, RouteAttributes } from "../../src/messages/describe.ts";
import { encodeAttributes } from "../../src/messages/describe.ts";
import type { NlriItem } from "../../src/messages/nlri.ts";
import type { OpenMessage } from "../../src/messages/open.ts";
import { encodeUpdate } from "../../src/messages/update.ts";

/** AS numbers around what is special: 2 octets, AS_TRANS, 4 octets. */
export const asn: fc.Arbitrary<number> = fc.constantFrom(1, 2, 64512, 23456, 65535, 65536, 4200000000, 4294967295);
/** Unsigned 32-bit numbers, mostly at the borders. */
export const word: fc.Arbitrary<number> = fc.constantFrom(0, 1, 100, 0x7fffffff, 0x80000000, 0xffffffff);
/** IPv4 texts. */
export const quad: fc.Arbitrary<string> = fc.constantFrom("10.0.0.1", "10.0.0.2", "192.0.2.1", "255.255.255.255");

/** A family's name. */
type Name = "ipv4-unicast" | "ipv6-unicast";

const ipv4Prefix = fc.constantFrom("0.0.0.0/0", "10.0.0.0/26", "10.0.0.64/26", "10.0.0.0/8", "192.0.2.1/32",
  "240.0.0.0/4", "128.0.0.0/1", "224.0.0.0/3", "127.0.0.0/8", "224.0.0.0/4");
const ipv6Prefix = fc.constantFrom("::/0", "2001:db8::/32", "2001:db8::/64", "2001:db8::1/128", "8000::/1", "::1/128",
  "ff00::/8", "2001:db8:0:0:8000::/65", "2001:db8::/97");

/** A prefix of a family. */
export function prefixOfFamily(family: Name): fc.Arbitrary<Prefix> {
  return (family === "ipv4-unicast" ? ipv4Prefix : ipv6Prefix).map((text) => parsePrefix(text)!);
}

/** NLRI of a family. */
export function nlriItems(family: Name): fc.Arbitrary<NlriItem[]> {
  return fc.array(fc.record({ prefix: prefixOfFamily(family), pathId: word }), { maxLength: 4 });
}

const segment: fc.Arbitrary<AsPathSegment> = fc.record({
  type: fc.constantFrom("sequence" as const, "sequence" as const, "set" as const),
  asns: fc.array(asn, { minLength: 1, maxLength: 4 }),
});
const hexOctets = (octets: number): fc.Arbitrary<string> => (
  fc.uint8Array({ minLength: octets, maxLength: octets }).map(toHex)
);
const few = <T>(item: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(item, { minLength: 1, maxLength: 3 });
const unknown = fc.record({
  type: fc.constantFrom(0, 11, 28, 40, 128, 255), flags: fc.constant(0xe0),
  hex: fc.oneof(fc.constant(""), hexOctets(1), hexOctets(255)),
});
const unknownLong = fc.record({ type: fc.constantFrom(28, 128), flags: fc.constant(0xf0), hex: hexOctets(256) });

/** JSON of a canonical block, every attribute present or absent. */
export const routeAttributes: fc.Arbitrary<RouteAttributes> = fc.record({
  origin: fc.constantFrom("igp" as const, "egp" as const, "incomplete" as const),
  asPath: fc.array(segment, { maxLength: 3 }),
  med: word,
  localPref: word,
  atomicAggregate: fc.constant(true as const),
  aggregator: fc.record({ asn, address: quad }),
  originatorId: quad,
  clusterList: few(quad),
  communities: few(fc.constantFrom("64512:100", "65535:65281", "0:0")),
  largeCommunities: few(fc.constantFrom("64512:1:2", "4294967295:0:1")),
  aigp: fc.constantFrom("0", "18446744073709551615"),
  otc: asn,
  unknownAttributes: fc
    .uniqueArray(fc.oneof(unknown, unknownLong), { minLength: 1, maxLength: 3, selector: (u) => u.type })
    .map((list) => list.sort((a, b) => a.type - b.type)),
}, { requiredKeys: [] }) as fc.Arbitrary<RouteAttributes>;

/** Like routeAttributes, with what a route needs. */
export const wholeAttributes: fc.Arbitrary<RouteAttributes> = routeAttributes
  .map((a) => ({ origin: "igp", asPath: [], ...a }));

const family = fc.constantFrom("ipv4-unicast" as const, "ipv6-unicast" as const);
const afiSafi = fc.constantFrom({ afi: 1, safi: 1 }, { afi: 2, safi: 1 }, { afi: 1, safi: 128 }, { afi: 25, safi: 70 });
/** Entries of a capability: a family and more. */
function entriesWith<T>(more: fc.Arbitrary<T>): fc.Arbitrary<({ afi: number; safi: number } & T)[]> {
  return fc.array(fc.tuple(afiSafi, more).map(([a, b]) => ({ ...a, ...b })), { maxLength: 3 });
}
const forwarding = fc.record({ forwarding: fc.boolean() });
const directions = fc.constantFrom(
  { receive: true, send: false }, { receive: false, send: true }, { receive: true, send: true });
const longLived = fc.record({ forwarding: fc.boolean(), staleTimeSeconds: fc.constantFrom(0, 360, 0xffffff) });
const roles = fc.constantFrom("provider" as const, "rs" as const, "rs-client" as const, "customer" as const,
  "peer" as const, 5, 255);

/** Any capability that we can send. */
export const capability: fc.Arbitrary<Capability> = fc.oneof(
  afiSafi.map((a) => ({ name: "multiprotocol" as const, ...a })),
  fc.constantFrom("routeRefresh" as const, "extendedMessage" as const, "enhancedRouteRefresh" as const)
    .map((name) => ({ name })),
  entriesWith(fc.record({ nextHopAfi: fc.constantFrom(1, 2) }))
    .map((entries) => ({ name: "extendedNextHop" as const, entries })),
  roles.map((role) => ({ name: "role" as const, role })),
  fc.record({
    name: fc.constant("gracefulRestart" as const), restarting: fc.boolean(), notification: fc.boolean(),
    restartTimeSeconds: fc.constantFrom(0, 120, 4095), families: entriesWith(forwarding),
  }),
  asn.map((asNumber) => ({ name: "fourOctetAs" as const, asNumber })),
  entriesWith(directions).map((families) => ({ name: "addPath" as const, families })),
  entriesWith(longLived).map((families) => ({ name: "longLivedGracefulRestart" as const, families })),
  fc.record({
    name: fc.constant("fqdn" as const), host: fc.constantFrom("", "node-1", "nœud"),
    domain: fc.constantFrom("", "example.net"),
  }),
  fc.record({
    name: fc.constant("unknown" as const), code: fc.constantFrom(0, 4, 75, 128, 255),
    value: fc.uint8Array({ maxLength: 9 }),
  }),
);

/** What encodeOpen takes; the AS number agrees with its capability where there is one. */
export const open: fc.Arbitrary<Omit<OpenMessage, "asField" | "version">> = fc.record({
  asNumber: asn, holdTimeSeconds: fc.constantFrom(0, 3, 90, 65535),
  routerId: fc.constantFrom(1, 0x0a000001, 0xffffffff),
  capabilities: fc.oneof({ weight: 9, arbitrary: fc.array(capability, { maxLength: 6 }) },
    { weight: 1, arbitrary: fc.array(capability, { minLength: 30, maxLength: 60 }) }),
}).map((o) => {
  const others = o.capabilities.filter((c) => c.name !== "fourOctetAs");
  return { ...o, capabilities: [...others, { name: "fourOctetAs", asNumber: o.asNumber }] };
});

/** The session an UPDATE is read in. */
export interface Session { readonly ebgp: boolean; readonly fourOctetAs: boolean; readonly addPath: Name[] }
/** Any session. */
export const decodeContext: fc.Arbitrary<Session> = fc.record({
  ebgp: fc.boolean(), fourOctetAs: fc.boolean(),
  addPath: fc.subarray<Name>(["ipv4-unicast", "ipv6-unicast"]),
});

const nextHop4 = fc.constantFrom("0a000001", "7f000001", "00000000", "e0000005").map((hex) => fromHex(hex)!);
const LINK_LOCAL = "fe800000000000000000000000000001";
const nextHop6 = fc
  .constantFrom("20010db8000000000000000000000001", LINK_LOCAL, "0".repeat(32), `ff${"0".repeat(30)}`)
  .chain((hex) => fc.constantFrom(hex, hex + LINK_LOCAL))
  .map((hex) => fromHex(hex)!);

/** A well-formed UPDATE of one family, written for one session. */
export const updateMessage: fc.Arbitrary<{ readonly message: Uint8Array; readonly context: Session }> = family
  .chain((name) => fc.record({
    family: fc.constant(name), context: decodeContext, multiprotocol: fc.boolean(), attributes: routeAttributes,
    narrow: nextHop4, wide: nextHop6, useWide: fc.boolean(), announced: nlriItems(name), withdrawn: nlriItems(name),
  }))
  .map(({ context, attributes, narrow, wide, useWide, ...parts }) => ({
    context,
    message: encodeUpdate({
      ...parts, attributes: encodeAttributes(attributes), addPath: context.addPath.includes(parts.family),
      nextHop: parts.family === "ipv6-unicast" || (useWide && parts.multiprotocol) ? wide : narrow,
      fourOctetAs: context.fourOctetAs,
    }),
  }));

/** Octets changed at a few places after the header: most stay readable, and go wrong inside. */
export function mutated(message: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.integer({ min: 19, max: Math.max(19, message.length - 1) }),
    to: fc.oneof(
      fc.constantFrom(0, 1, 2, 3, 4, 5, 14, 15, 16, 17, 0x40, 0x80, 0xc0, 0xff), fc.integer({ min: 0, max: 255 })),
  });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    const changed = message.slice();
    for (const { at, to } of edits) if (at < changed.length) changed[at] = to;
    return changed;
  });
}

/** A header around any body. */
export function framed(type: number, body: Uint8Array): Uint8Array {
  const message = new Uint8Array(19 + body.length).fill(0xff, 0, 16);
  message[16] = message.length >>> 8;
  message[17] = message.length;
  message[18] = type;
  message.set(body, 19);
  return message;
}
