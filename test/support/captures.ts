/** Builders of capture files, written from the formats' documents and sharing nothing with the readers. */

/** One TCP segment to be wrapped. */
export interface SegmentSpec {
  readonly from: string;
  readonly to: string;
  readonly sequence: number;
  readonly payload?: Uint8Array;
  readonly acknowledged?: number;
  readonly syn?: boolean;
}

const join = (...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const be16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];
const be32 = (n: number): number[] => [...be16(n >>> 16), ...be16(n & 0xffff)];

/** "192.0.2.1:179" or "2001:db8:0:0:0:0:0:1|179" (IPv6 written in full, port behind a bar). */
function end(text: string): { octets: number[]; port: number } {
  const bar = text.lastIndexOf(text.includes("|") ? "|" : ":");
  const address = text.slice(0, bar);
  const octets = address.includes(":")
    ? address.split(":").flatMap((group) => be16(Number.parseInt(group, 16)))
    : address.split(".").map(Number);
  return { octets, port: Number(text.slice(bar + 1)) };
}

function tcp(spec: SegmentSpec): Uint8Array {
  const flags = (spec.syn === true ? 2 : 0) | (spec.acknowledged === undefined ? 0 : 16);
  return join(be16(end(spec.from).port), be16(end(spec.to).port), be32(spec.sequence), be32(spec.acknowledged ?? 0),
    [0x60, flags], be16(65535), be16(0), be16(0), [1, 1, 1, 0], spec.payload ?? []);
}

/** The segment in an IPv4 or IPv6 packet; `extension` puts IPv6 destination options in front. */
export function ipPacket(spec: SegmentSpec, options: { extension?: boolean; fragment?: boolean } = {}): Uint8Array {
  const [source, destination, segment] = [end(spec.from).octets, end(spec.to).octets, tcp(spec)];
  if (source.length === 4) {
    return join([0x45, 0], be16(20 + segment.length), be16(7), be16(options.fragment === true ? 0x2000 : 0x4000),
      [64, 6], be16(0), source, destination, segment);
  }
  const body = options.extension === true ? join([6, 0, 1, 4, 0, 0, 0, 0], segment) : segment;
  return join([0x60, 0, 0, 0], be16(body.length), [options.extension === true ? 60 : 6, 64], source, destination, body);
}

const etherType = (packet: Uint8Array): number[] => (packet[0]! >>> 4 === 4 ? [0x08, 0x00] : [0x86, 0xdd]);

/** Link layers by LINKTYPE_ number, and a double-tagged Ethernet. */
export const LINK_LAYERS: Readonly<Record<string, { linkType: number; wrap: (packet: Uint8Array) => Uint8Array }>> = {
  ethernet: { linkType: 1, wrap: (packet) => join(new Array<number>(12).fill(2), etherType(packet), packet) },
  vlan: { linkType: 1, wrap: (packet) =>
    join(new Array<number>(12).fill(2), [0x88, 0xa8, 0, 5, 0x81, 0, 0, 6], etherType(packet), packet) },
  raw: { linkType: 101, wrap: (packet) => packet },
  loopback: { linkType: 0, wrap: (packet) => join([2, 0, 0, 0], packet) },
  cooked: { linkType: 113, wrap: (packet) => join(new Array<number>(14).fill(0), etherType(packet), packet) },
  cooked2: { linkType: 276, wrap: (packet) => join(etherType(packet), new Array<number>(18).fill(0), packet) },
};

/** A pcap file; packet n was seen n seconds and half a second after 2024-01-01. */
export function pcapFile(linkType: number, frames: readonly Uint8Array[],
  options: { littleEndian?: boolean; nanoseconds?: boolean } = {}): Uint8Array {
  const order = (octets: number[]): number[] => (options.littleEndian === true ? [...octets].reverse() : octets);
  const u32 = (n: number): number[] => order(be32(n >>> 0));
  const half = options.nanoseconds === true ? 500_000_000 : 500_000;
  const magic = options.nanoseconds === true ? 0xa1b23c4d : 0xa1b2c3d4;
  return join(u32(magic), order(be16(2)), order(be16(4)), u32(0), u32(0), u32(262144), u32(linkType),
    ...frames.map((frame, i) => join(u32(1704067200 + i), u32(half), u32(frame.length), u32(frame.length), frame)));
}

/** A pcapng file: one section, one interface with nanoseconds, one block of a kind nobody knows, the packets. */
export function pcapngFile(linkType: number, frames: readonly Uint8Array[], littleEndian = false): Uint8Array {
  const order = (octets: number[]): number[] => (littleEndian ? [...octets].reverse() : octets);
  const [u16, u32] = [(n: number) => order(be16(n)), (n: number) => order(be32(n >>> 0))];
  const block = (type: number, ...body: (Uint8Array | number[])[]): Uint8Array => {
    const content = join(...body);
    const padded = join(content, new Array<number>((4 - (content.length % 4)) % 4).fill(0));
    return join(u32(type), u32(padded.length + 12), padded, u32(padded.length + 12));
  };
  const packets = frames.map((frame, i) => {
    const ticks = BigInt(1704067200 + i) * 1_000_000_000n + 500_000_000n;
    return block(6, u32(0), u32(Number(ticks >> 32n)), u32(Number(ticks & 0xffffffffn)), u32(frame.length),
      u32(frame.length), frame);
  });
  return join(
    block(0x0a0d0d0a, u32(0x1a2b3c4d), u16(1), u16(0), u32(0xffffffff), u32(0xffffffff)),
    block(1, u16(linkType), u16(0), u32(0), u16(9), u16(1), [9, 0, 0, 0], u16(0), u16(0)),
    block(0x0bad, [1, 2, 3]), ...packets);
}

/** One MRT record (RFC 6396 §2). */
export function mrtRecord(type: number, subtype: number, body: Uint8Array | number[]): Uint8Array {
  return join(be32(1704067200), be16(type), be16(subtype), be32(body.length), body);
}
/** Big-endian fields and octets in one run, for bodies written by hand. */
export const octets: {
  readonly join: (...parts: readonly (Uint8Array | readonly number[])[]) => Uint8Array;
  readonly be16: (n: number) => number[];
  readonly be32: (n: number) => number[];
} = { join, be16, be32 };
