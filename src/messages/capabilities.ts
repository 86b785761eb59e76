/**
 * Capabilities (RFC 5492), one row each: code, reading, writing, JSON. Rule: a capability that we do not know is kept
 * as octets; one that we know and cannot read is the OPEN's fault (2/0). Families are numbers here, because a peer may
 * name families that we do not speak.
 */

import { assert } from "../base/assert.ts";
import { Reader, toHex, Writer } from "../base/bytes.ts";
import { familyOf } from "./families.ts";
import { readText, writeText } from "./text.ts";

/** BGP Roles (RFC 9234 §4.1) by their number on the wire. */
export const ROLES = ["provider", "rs", "rs-client", "customer", "peer"] as const;
/** One of ROLES: what the speaker that says it is to the other one. */
export type Role = (typeof ROLES)[number];

/** An address family as the wire names it. */
export interface AfiSafi {
  readonly afi: number;
  readonly safi: number;
}

/** One capability of an OPEN. */
export type Capability =
  | { readonly name: "multiprotocol"; readonly afi: number; readonly safi: number }
  | { readonly name: "routeRefresh" }
  | { readonly name: "extendedNextHop"; readonly entries: readonly (AfiSafi & { readonly nextHopAfi: number })[] }
  | { readonly name: "extendedMessage" }
  /** A number where the role is unassigned. */
  | { readonly name: "role"; readonly role: Role | number }
  | {
      readonly name: "gracefulRestart";
      /** R: the sender has restarted (RFC 4724 §3). */
      readonly restarting: boolean;
      /** N: also after a NOTIFICATION (RFC 8538 §2). */
      readonly notification: boolean;
      readonly restartTimeSeconds: number;
      readonly families: readonly (AfiSafi & { readonly forwarding: boolean })[];
    }
  | { readonly name: "fourOctetAs"; readonly asNumber: number }
  /** What the sender of the OPEN is able to do, per family (RFC 7911 §4). */
  | {
      readonly name: "addPath";
      readonly families: readonly (AfiSafi & { readonly receive: boolean; readonly send: boolean })[];
    }
  | { readonly name: "enhancedRouteRefresh" }
  | {
      readonly name: "longLivedGracefulRestart";
      readonly families: readonly (AfiSafi & { readonly forwarding: boolean; readonly staleTimeSeconds: number })[];
    }
  /** Texts are fit to print. */
  | { readonly name: "fqdn"; readonly host: string; readonly domain: string }
  | { readonly name: "unknown"; readonly code: number; readonly value: Uint8Array };

/** The capability of a name. */
export type CapabilityNamed<N extends Capability["name"]> = Extract<Capability, { readonly name: N }>;

/** All that is known of one capability. */
interface CapabilityRow<C extends Capability> {
  readonly code: number;
  /** The defining RFC. */
  readonly source: string;
  /** The value's meaning; undefined where it has none. Octets left over are a fault of the caller's finding. */
  decode(value: Reader): C | undefined;
  encode(capability: C, into: Writer): void;
  /** JSON keys beside `name`. */
  describe(capability: C): object;
}

type CapabilityTable = {
  readonly [N in Exclude<Capability["name"], "unknown">]: CapabilityRow<CapabilityNamed<N>>;
};

/** A capability that says all by being there. */
function flag<N extends "routeRefresh" | "extendedMessage" | "enhancedRouteRefresh">(
  name: N, code: number, source: string,
): CapabilityRow<CapabilityNamed<N>> {
  const decode = (): CapabilityNamed<N> => ({ name }) as CapabilityNamed<N>;
  return { code, source, decode, encode: () => undefined, describe: () => ({}) };
}

/** Every capability that we know, by name. */
export const CAPABILITIES: CapabilityTable = {
  multiprotocol: {
    code: 1, source: "RFC 4760 §8",
    decode(value) {
      const afi = value.u16();
      value.skip(1);
      return { name: "multiprotocol", afi, safi: value.u8() };
    },
    encode: ({ afi, safi }, into) => void into.u16(afi).u8(0).u8(safi),
    describe: describeFamily,
  },
  routeRefresh: flag("routeRefresh", 2, "RFC 2918 §2"),
  extendedNextHop: {
    code: 5, source: "RFC 8950 §4",
    decode: (value) => ({
      name: "extendedNextHop",
      entries: list(value, 6, () => ({ afi: value.u16(), safi: value.u16(), nextHopAfi: value.u16() })),
    }),
    encode: ({ entries }, into) => entries.forEach((e) => into.u16(e.afi).u16(e.safi).u16(e.nextHopAfi)),
    describe: ({ entries }) => ({ entries: entries.map((e) => ({ ...describeFamily(e), nextHopAfi: e.nextHopAfi })) }),
  },
  extendedMessage: flag("extendedMessage", 6, "RFC 8654 §3"),
  role: {
    code: 9, source: "RFC 9234 §4.1",
    decode(value) {
      const number = value.u8();
      return { name: "role", role: ROLES[number] ?? number };
    },
    encode: ({ role }, into) => void into.u8(typeof role === "number" ? role : ROLES.indexOf(role)),
    describe: ({ role }) => ({ role }),
  },
  gracefulRestart: {
    code: 64, source: "RFC 4724 §3, RFC 8538 §2",
    decode(value) {
      const head = value.u16();
      return {
        name: "gracefulRestart", restarting: (head & 0x8000) !== 0, notification: (head & 0x4000) !== 0,
        restartTimeSeconds: head & 0x0fff,
        families: list(value, 4, () => ({ ...afiSafi(value), forwarding: (value.u8() & 0x80) !== 0 })),
      };
    },
    encode(capability, into) {
      const { restarting, notification, restartTimeSeconds, families } = capability;
      into.u16((restarting ? 0x8000 : 0) | (notification ? 0x4000 : 0) | (restartTimeSeconds & 0x0fff));
      for (const f of families) into.u16(f.afi).u8(f.safi).u8(f.forwarding ? 0x80 : 0);
    },
    describe: ({ restarting, notification, restartTimeSeconds, families }) => ({
      restarting, notification, restartTimeSeconds,
      families: families.map((f) => ({ ...describeFamily(f), forwarding: f.forwarding })),
    }),
  },
  fourOctetAs: {
    code: 65, source: "RFC 6793 §3",
    decode: (value) => ({ name: "fourOctetAs", asNumber: value.u32() }),
    encode: ({ asNumber }, into) => void into.u32(asNumber),
    describe: ({ asNumber }) => ({ asNumber }),
  },
  addPath: {
    code: 69, source: "RFC 7911 §4",
    decode(value) {
      const entries = list(value, 4, () => ({ ...afiSafi(value), mode: value.u8() }));
      const known = entries.filter(({ mode }) => mode >= 1 && mode <= 3); // RFC 7911 §4: others are ignored
      return {
        name: "addPath",
        families: known.map(({ mode, ...family }) => (
          { ...family, receive: (mode & 1) !== 0, send: (mode & 2) !== 0 }
        )),
      };
    },
    encode({ families }, into) {
      for (const f of families) into.u16(f.afi).u8(f.safi).u8((f.receive ? 1 : 0) | (f.send ? 2 : 0));
    },
    describe: ({ families }) => ({
      families: families.map((f) => ({ ...describeFamily(f), receive: f.receive, send: f.send })),
    }),
  },
  enhancedRouteRefresh: flag("enhancedRouteRefresh", 70, "RFC 7313 §3.1"),
  longLivedGracefulRestart: {
    code: 71, source: "RFC 9494 §3",
    decode: (value) => ({
      name: "longLivedGracefulRestart",
      families: list(value, 7, () => ({
        ...afiSafi(value), forwarding: (value.u8() & 0x80) !== 0, staleTimeSeconds: value.u24(),
      })),
    }),
    encode({ families }, into) {
      for (const f of families) {
        into.u16(f.afi).u8(f.safi).u8(f.forwarding ? 0x80 : 0);
        into.u8(f.staleTimeSeconds >>> 16).u16(f.staleTimeSeconds & 0xffff);
      }
    },
    describe: ({ families }) => ({
      families: families.map((f) => ({
        ...describeFamily(f), forwarding: f.forwarding, staleTimeSeconds: f.staleTimeSeconds,
      })),
    }),
  },
  fqdn: {
    code: 73, source: "draft-walton-bgp-hostname-capability §2",
    decode(value) {
      const host = readText(value.view(value.u8()));
      return { name: "fqdn", host, domain: readText(value.view(value.u8())) };
    },
    encode({ host, domain }, into) {
      for (const text of [writeText(host, 126), writeText(domain, 126)]) into.u8(text.length).bytes(text);
    },
    describe: ({ host, domain }) => ({ host, domain }),
  },
};

/** What the generic code needs of a row whatever its capability. */
type AnyRow = CapabilityRow<Capability>;
const rowOf = (name: Exclude<Capability["name"], "unknown">): AnyRow => CAPABILITIES[name] as unknown as AnyRow;
const NAMES = Object.keys(CAPABILITIES) as (keyof CapabilityTable)[];
const BY_CODE: ReadonlyMap<number, AnyRow> = new Map(NAMES.map((name) => [rowOf(name).code, rowOf(name)]));

/** The capability of a code and its value; undefined where we know the code and the value is malformed (2/0). */
export function decodeCapability(code: number, value: Uint8Array): Capability | undefined {
  const row = BY_CODE.get(code);
  if (row === undefined) return { name: "unknown", code, value: value.slice() };
  const reader = new Reader(value);
  const capability = row.decode(reader);
  return reader.short || reader.left > 0 ? undefined : capability;
}

/** Writes code, length and value. */
export function encodeCapability(capability: Capability, into: Writer): void {
  const at = into.length;
  const row = capability.name === "unknown" ? undefined : rowOf(capability.name);
  into.u8(capability.name === "unknown" ? capability.code : row!.code).u8(0);
  if (capability.name === "unknown") into.bytes(capability.value);
  else row!.encode(capability, into);
  const octets = into.length - at - 2;
  assert(octets <= 255, "a capability that we send must fit its length octet");
  into.patchU8(at + 1, octets);
}

/** The JSON of a capability, for `show peers` and `decode`. */
export function describeCapability(capability: Capability): object {
  if (capability.name === "unknown") {
    return { name: "unknown", code: capability.code, hex: toHex(capability.value) };
  }
  return { name: capability.name, ...rowOf(capability.name).describe(capability) };
}

/** The first capability of a name. */
export function findCapability<N extends Capability["name"]>(
  capabilities: readonly Capability[], name: N,
): CapabilityNamed<N> | undefined {
  return capabilities.find((c): c is CapabilityNamed<N> => c.name === name);
}

/** All capabilities of a name: some are sent once per family. */
export function allCapabilities<N extends Capability["name"]>(
  capabilities: readonly Capability[], name: N,
): readonly CapabilityNamed<N>[] {
  return capabilities.filter((c): c is CapabilityNamed<N> => c.name === name);
}

/** Entries of a fixed size until the value ends; a last one that is cut leaves the reader short. */
function list<T>(value: Reader, entryOctets: number, read: () => T): T[] {
  const entries: T[] = [];
  while (value.left >= entryOctets) entries.push(read());
  return entries; // octets left over are found by decodeCapability
}

function afiSafi(value: Reader): AfiSafi {
  return { afi: value.u16(), safi: value.u8() };
}

/** A family by our name for it, else by its numbers. */
function describeFamily({ afi, safi }: AfiSafi): object {
  const row = familyOf(afi, safi);
  return row === undefined ? { afi, safi } : { family: row.name };
}
