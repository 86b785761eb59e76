/**
 * Single values in Calico's resources and in the annotations of nodes, as Calico takes them. Each reader gives
 * undefined for a text that is none; the caller knows whether that is a mistake or as good as absent.
 */

import { formatAddress, isLinkLocal, parseAddress } from "../../base/address.ts";
import { clearHostBits } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import { noHost, parseAsNumber } from "../../config/scalars.ts";

/** An AS number: a JSON number, or a text, decimal or "hi.lo". 0 is Calico's way to write that there is none. */
export function asNumberOf(value: number | string): number | undefined {
  if (typeof value === "string") return parseAsNumber(value.replace(/(^|\.)0+(?=[0-9])/g, "$1"));
  return Number.isInteger(value) ? parseAsNumber(String(value)) : undefined; // 64512.10 would be AS 64512.1
}

const NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ["ns", 1n], ["us", 1_000n], ["\u00b5s", 1_000n], ["\u03bcs", 1_000n], ["ms", 1_000_000n], ["s", 1_000_000_000n],
  ["m", 60_000_000_000n], ["h", 3_600_000_000_000n],
]);
const DURATION_PART = /(?:([0-9]+)(?:\.([0-9]*))?|\.([0-9]+))(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy;
const DURATION_CHARACTERS_MAX = 64;
/** What Go's type can hold. */
const DURATION_NANOSECONDS_MAX = 2n ** 63n - 1n;

/** A duration as Go writes it, such as "1m30s" or "1.5h": whole seconds, rounded half up. Never negative. */
export function durationSeconds(text: string): number | undefined {
  const unsigned = text.startsWith("+") ? text.slice(1) : text;
  if (unsigned === "0") return 0;
  if (unsigned.length > DURATION_CHARACTERS_MAX) return undefined;
  let nanoseconds = 0n;
  let read = 0;
  for (const [part, whole = "0", decimals, bare, unit = ""] of unsigned.matchAll(DURATION_PART)) {
    const fraction = decimals ?? bare ?? "";
    const size = NANOSECONDS.get(unit)!;
    nanoseconds += BigInt(whole) * size + (BigInt(fraction) * size) / 10n ** BigInt(fraction.length);
    read += part.length;
  }
  if (read === 0 || read < unsigned.length || nanoseconds > DURATION_NANOSECONDS_MAX) return undefined;
  return Number((nanoseconds + 500_000_000n) / 1_000_000_000n);
}

/** The remote address of a BGPPeer. */
export interface PeerAddress {
  /** Canonical text. */
  readonly address: string;
  /** Undefined where none is written: which port that means depends on the nodes that have this address. */
  readonly port: number | undefined;
}

/** `peerIP`: `a.b.c.d`, `a.b.c.d:port`, an IPv6 address, or `[IPv6 address]:port`. */
export function peerAddressOf(text: string): PeerAddress | undefined {
  const [, host = text, digits] =
    /^\[([^\]]*:[^\]]*)\]:([0-9]{1,5})$/.exec(text) ?? /^([0-9.]+):([0-9]{1,5})$/.exec(text) ?? [];
  const address = parseAddress(host);
  const port = digits === undefined ? undefined : Number(digits);
  if (address === undefined || (port !== undefined && (port < 1 || port > 65535))) return undefined;
  return { address: formatAddress(address), port };
}

/** Why nobody can have a session with an address, in words that follow it; undefined for one of a host. */
export function whyNoPeer(canonical: string): string | undefined {
  const octets = parseAddress(canonical);
  if (octets === undefined) return "no address";
  if (isLinkLocal(octets)) return "link-local, and no interface can be named here";
  if (canonical.startsWith("::ffff:") && canonical.includes(".")) return "an IPv4 address in IPv6 clothes";
  return noHost(octets);
}

/** An address of a node and the network that it is in. */
export interface NodeAddress {
  /** Canonical text. */
  readonly address: string;
  readonly network: Prefix;
}

/** The address with the length of its network, as Calico writes it. */
export function nodeAddressText({ address, network }: NodeAddress): string {
  return `${address}/${network.length}`;
}

/** An address with or without the length of its network, such as 10.0.0.5/24; without it the network is the address. */
export function nodeAddressOf(text: string): NodeAddress | undefined {
  const [host = "", length, ...more] = text.split("/");
  const octets = parseAddress(host);
  if (octets === undefined || more.length > 0) return undefined;
  const bits = length === undefined ? octets.length * 8 : /^(0|[1-9][0-9]{0,2})$/.test(length) ? Number(length) : 129;
  if (bits > octets.length * 8) return undefined;
  const address = formatAddress(octets);
  clearHostBits(octets, bits);
  return { address, network: { address: octets, length: bits } };
}
