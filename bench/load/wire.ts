/**
 * The few BGP messages that a load speaker says and the little that it reads. Rule: written apart from src/, so that
 * the load check does not measure the daemon with the daemon's own code.
 */

const HEADER_OCTETS = 19;
export const MESSAGE = { OPEN: 1, UPDATE: 2, NOTIFICATION: 3, KEEPALIVE: 4 } as const;
export const AS_NUMBER = 64_512;
export const HOLD_TIME_SECONDS = 240;

export type Family = "ipv4" | "ipv6";

/** A whole message with its header. */
function message(type: number, body: Buffer): Buffer {
  const header = Buffer.alloc(HEADER_OCTETS, 0xff);
  header.writeUInt16BE(HEADER_OCTETS + body.length, 16);
  header[18] = type;
  return Buffer.concat([header, body]);
}

export const KEEPALIVE: Buffer = message(MESSAGE.KEEPALIVE, Buffer.alloc(0));

/** An OPEN: one family, 4-octet AS, route refresh, ADD-PATH both ways where asked for. */
export function open(routerId: number, family: Family, addPath: boolean): Buffer {
  const afi = family === "ipv4" ? 1 : 2;
  const capabilities = [
    [1, 4, 0, afi, 0, 1], [2, 0], [65, 4, 0, 0, AS_NUMBER >>> 8, AS_NUMBER & 255],
    ...(addPath ? [[69, 4, 0, afi, 1, 3]] : []),
  ].flat();
  const fixed = Buffer.alloc(10);
  fixed[0] = 4;
  fixed.writeUInt16BE(AS_NUMBER, 1);
  fixed.writeUInt16BE(HOLD_TIME_SECONDS, 3);
  fixed.writeUInt32BE(routerId, 5);
  fixed[9] = capabilities.length + 2;
  return message(MESSAGE.OPEN, Buffer.concat([fixed, Buffer.from([2, capabilities.length, ...capabilities])]));
}

/** Prefix number `n`: 16.0.0.0 + n × 64 as a /26, or 2001:db8:: with n in its second 32 bits as a /64. */
export function nlri(family: Family, n: number, addPath: boolean): Buffer {
  const pathId = addPath ? [0, 0, 0, 1] : [];
  if (family === "ipv4") {
    const address = 0x10000000 + n * 64;
    return Buffer.from([...pathId, 26, address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255]);
  }
  return Buffer.from([...pathId, 64, 0x20, 1, 0xd, 0xb8, n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255]);
}

/** What a speaker announces. */
export interface Announcement {
  readonly family: Family;
  readonly addPath: boolean;
  /** First prefix number, and how many. */
  readonly first: number;
  readonly count: number;
  /** Prefixes of one attribute set: sets differ in their community. */
  readonly perSet: number;
  /** Carried as MED: which version of the route this is. */
  readonly version: number;
  /** The next hop is 10.0.0.0 + this number: each speaker has its own. */
  readonly nextHop: number;
}

/** UPDATEs of at most 4,096 octets that announce everything, in order. */
export function announce(what: Announcement): Buffer {
  const parts: Buffer[] = [];
  for (let from = 0; from < what.count; from += what.perSet) {
    const blocks = chunks(what, from, Math.min(from + what.perSet, what.count));
    for (const block of blocks) parts.push(update(what, from / what.perSet, block));
  }
  return Buffer.concat(parts);
}

/** UPDATEs that withdraw prefixes first..first+count-1. */
export function withdraw(what: Announcement): Buffer {
  return Buffer.concat(chunks(what, 0, what.count).map((block) => {
    if (what.family === "ipv4") {
      const body = Buffer.alloc(4 + block.length);
      body.writeUInt16BE(block.length, 0);
      block.copy(body, 2);
      return message(MESSAGE.UPDATE, body);
    }
    const value = Buffer.concat([Buffer.from([0, 2, 1]), block]);
    return message(MESSAGE.UPDATE, withAttributes(attribute(0x90, 15, value), Buffer.alloc(0)));
  }));
}

const NLRI_OCTETS_PER_MESSAGE = 3_900;

/** NLRI of a run of prefixes, cut to fit messages. */
function chunks(what: Announcement, from: number, to: number): Buffer[] {
  const each = nlri(what.family, 0, what.addPath).length;
  const per = Math.floor(NLRI_OCTETS_PER_MESSAGE / each);
  const blocks: Buffer[] = [];
  for (let at = from; at < to; at += per) {
    const end = Math.min(at + per, to);
    const block = Buffer.alloc((end - at) * each);
    for (let i = at; i < end; i++) nlri(what.family, what.first + i, what.addPath).copy(block, (i - at) * each);
    blocks.push(block);
  }
  return blocks;
}

function attribute(flags: number, code: number, value: Buffer): Buffer {
  const length = (flags & 0x10) !== 0 ? [value.length >>> 8, value.length & 255] : [value.length];
  const head = [flags, code, ...length];
  return Buffer.concat([Buffer.from(head), value]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value >>> 0);
  return bytes;
}

function update(what: Announcement, set: number, block: Buffer): Buffer {
  const isIpv4 = what.family === "ipv4";
  const attributes = [
    attribute(0x40, 1, Buffer.from([0])), attribute(0x40, 2, Buffer.alloc(0)),
    ...(isIpv4 ? [attribute(0x40, 3, u32(0x0a000000 + what.nextHop))] : []),
    attribute(0x80, 4, u32(what.version)), attribute(0x40, 5, u32(100)), attribute(0xc0, 8, u32(0xfc000000 + set)),
  ];
  if (isIpv4) return message(MESSAGE.UPDATE, withAttributes(Buffer.concat(attributes), block));
  const nextHop = Buffer.concat([Buffer.from([0x20, 1, 0xd, 0xb8, 0xff, 0xff, 0, 0, 0, 0, 0, 0]), u32(what.nextHop)]);
  const reach = attribute(0x90, 14, Buffer.concat([Buffer.from([0, 2, 1, 16]), nextHop, Buffer.from([0]), block]));
  return message(MESSAGE.UPDATE, withAttributes(Buffer.concat([reach, ...attributes]), Buffer.alloc(0)));
}

function withAttributes(attributes: Buffer, block: Buffer): Buffer {
  const lengths = Buffer.alloc(4);
  lengths.writeUInt16BE(attributes.length, 2);
  return Buffer.concat([lengths, attributes, block]);
}

/** What an exact receiver is told of each route it reads. */
export interface RouteSink {
  announced(n: number, version: number): void;
  withdrawn(n: number): void;
  endOfRib(): void;
}

const MED = 4;
const MP_REACH = 14;
const MP_UNREACH = 15;

/** Reads the UPDATE at `at`..`end` of `bytes`. */
export function readUpdate(bytes: Buffer, at: number, end: number, family: Family, addPath: boolean,
  sink: RouteSink): void {
  const withdrawnAt = at + HEADER_OCTETS + 2;
  const withdrawnEnd = withdrawnAt + bytes.readUInt16BE(withdrawnAt - 2);
  const attributesEnd = withdrawnEnd + 2 + bytes.readUInt16BE(withdrawnEnd);
  if (end - at === 23 || (attributesEnd - withdrawnEnd - 2 <= 7 && bytes[withdrawnEnd + 3] === MP_UNREACH)) {
    return sink.endOfRib();
  }
  let version = 0;
  let reachAt = 0;
  let reachEnd = 0;
  for (let i = withdrawnEnd + 2; i < attributesEnd;) {
    const extended = (bytes[i]! & 0x10) !== 0;
    const value = i + (extended ? 4 : 3);
    const length = extended ? bytes.readUInt16BE(i + 2) : bytes[i + 2]!;
    const code = bytes[i + 1]!;
    if (code === MED) version = bytes.readUInt32BE(value);
    if (code === MP_UNREACH) prefixes(bytes, value + 3, value + length, family, addPath, (n) => sink.withdrawn(n));
    if (code === MP_REACH) {
      reachAt = value + 4 + bytes[value + 3]! + 1;
      reachEnd = value + length;
    }
    i = value + length;
  }
  prefixes(bytes, withdrawnAt, withdrawnEnd, family, addPath, (n) => sink.withdrawn(n));
  const found = (n: number): void => sink.announced(n, version);
  if (reachEnd > reachAt) prefixes(bytes, reachAt, reachEnd, family, addPath, found);
  if (end > attributesEnd) prefixes(bytes, attributesEnd, end, family, addPath, found);
}

function prefixes(bytes: Buffer, at: number, end: number, family: Family, addPath: boolean,
  each: (n: number) => void): void {
  const skip = (addPath ? 4 : 0) + 1;
  const octets = family === "ipv4" ? 4 : 8;
  for (let i = at + skip; i < end; i += skip + octets) {
    each(family === "ipv4" ? (bytes.readUInt32BE(i) - 0x10000000) / 64 : bytes.readUInt32BE(i + 4));
  }
}
