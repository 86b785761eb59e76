/**
 * From a captured frame to the TCP segment in it. Frames of other kinds are undefined: they are not BGP. Lengths in
 * headers are bounds, never promises: what the capture cut short is short here too.
 */

import { readU32 } from "../../base/bytes.ts";
import { formatAddress } from "../../base/address.ts";

/** One TCP segment. */
export interface TcpSegment {
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  /** Undefined without the ACK flag. */
  readonly acknowledged: number | undefined;
  readonly syn: boolean;
  /** Octets that were sent, a view; fewer than were sent where the capture cut the packet. */
  readonly payload: Uint8Array;
}

/** A frame that cannot carry a segment we read, with the reason where it is worth saying. */
export type LinkReading = TcpSegment | "other" | "fragment";

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
/** 802.1Q, 802.1ad, and the tag that older equipment used for the outer VLAN. */
const VLAN: readonly number[] = [0x8100, 0x88a8, 0x9100];

/** LINKTYPE_ number → where the network layer starts and its EtherType; undefined: from the IP version. */
const LINKS: Readonly<Record<number, { readonly at: number; readonly typeAt?: number }>> = {
  0: { at: 4 }, // BSD loopback
  1: { at: 14, typeAt: 12 }, // Ethernet
  101: { at: 0 }, // raw IP
  108: { at: 4 }, // OpenBSD loopback
  113: { at: 16, typeAt: 14 }, // Linux cooked
  228: { at: 0 }, // raw IPv4
  229: { at: 0 }, // raw IPv6
  276: { at: 20, typeAt: 0 }, // Linux cooked v2
};

/** The segment in a frame of a link type. */
export function readFrame(linkType: number, frame: Uint8Array): LinkReading {
  const link = LINKS[linkType];
  if (link === undefined || frame.length < link.at + 20) return "other";
  let at = link.at;
  let type = link.typeAt === undefined ? 0 : u16(frame, link.typeAt);
  while (VLAN.includes(type) && at + 4 <= frame.length) {
    type = u16(frame, at + 2);
    at += 4;
  }
  const version = (frame[at] ?? 0) >>> 4;
  if (version === 4 && (type === 0 || type === IPV4)) return readIpv4(frame, at);
  if (version === 6 && (type === 0 || type === IPV6)) return readIpv6(frame, at);
  return "other";
}

const u16 = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!;

function readIpv4(frame: Uint8Array, at: number): LinkReading {
  const header = (frame[at]! & 15) * 4;
  if (header < 20 || at + header > frame.length || frame[at + 9] !== 6) return "other";
  if ((u16(frame, at + 6) & 0x3fff) !== 0) return "fragment";
  // A total length of 0 is a packet that segmentation offload cut later than the capture saw it.
  const total = u16(frame, at + 2);
  const end = total === 0 ? frame.length : Math.min(frame.length, at + total);
  const addresses = { source: address(frame, at + 12, 4), destination: address(frame, at + 16, 4) };
  return readTcp(frame, at + header, end, addresses);
}

/** RFC 8200 extension headers whose length counts 8-octet units past the first: hop-by-hop, routing, destination. */
const EXTENSIONS: readonly number[] = [0, 43, 60];
const FRAGMENT = 44;

function readIpv6(frame: Uint8Array, at: number): LinkReading {
  if (at + 40 > frame.length) return "other";
  const length = u16(frame, at + 4);
  const end = length === 0 ? frame.length : Math.min(frame.length, at + 40 + length);
  const addresses = { source: address(frame, at + 8, 16), destination: address(frame, at + 24, 16) };
  let next = frame[at + 6]!;
  let here = at + 40;
  while (here + 8 <= end && (EXTENSIONS.includes(next) || next === FRAGMENT)) {
    if (next === FRAGMENT && (u16(frame, here + 2) & 0xfff9) !== 0) return "fragment";
    const octets = next === FRAGMENT ? 8 : 8 * (frame[here + 1]! + 1);
    next = frame[here]!;
    here += octets;
  }
  return next === 6 ? readTcp(frame, here, end, addresses) : "other";
}

const address = (frame: Uint8Array, at: number, octets: number): string =>
  formatAddress(frame.subarray(at, at + octets));

const SYN = 2;
const ACK = 16;

function readTcp(frame: Uint8Array, at: number, end: number, ends: Pick<TcpSegment, "source" | "destination">):
LinkReading {
  if (at + 20 > end) return "other";
  const header = (frame[at + 12]! >>> 4) * 4;
  if (header < 20 || at + header > end) return "other";
  const flags = frame[at + 13]!;
  return {
    ...ends,
    sourcePort: u16(frame, at),
    destinationPort: u16(frame, at + 2),
    sequence: readU32(frame, at + 4),
    acknowledged: (flags & ACK) === 0 ? undefined : readU32(frame, at + 8),
    syn: (flags & SYN) !== 0,
    payload: frame.subarray(at + header, end),
  };
}
