/**
 * Packets of a capture file: pcap in its four byte orders and resolutions, and pcapng. Every length is checked
 * before use; a file cut anywhere yields the packets before the cut and says where it ended.
 * Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng.
 */

/** One captured packet. */
export interface Packet {
  readonly kind: "packet";
  /** A LINKTYPE_ number. */
  readonly linkType: number;
  /** What was captured of it, from the link layer on: a view into the file. */
  readonly bytes: Uint8Array;
  /** Milliseconds since 1970, with fractions. */
  readonly milliseconds: number;
}

/** A packet, or why the file cannot be read on. */
export type PacketItem = Packet | { readonly kind: "damaged"; readonly why: string };

interface ClassicHeader { readonly littleEndian: boolean; readonly perMillisecond: number }
/** Magic number as read big-endian → what it says. */
const CLASSIC: Readonly<Record<number, ClassicHeader>> = {
  0xa1b2c3d4: { littleEndian: false, perMillisecond: 1e3 },
  0xd4c3b2a1: { littleEndian: true, perMillisecond: 1e3 },
  0xa1b23c4d: { littleEndian: false, perMillisecond: 1e6 },
  0x4d3cb2a1: { littleEndian: true, perMillisecond: 1e6 },
};
const SECTION_HEADER = 0x0a0d0d0a;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const CLASSIC_HEADER_OCTETS = 24;
const CLASSIC_RECORD_OCTETS = 16;

/** Every packet of a pcap or pcapng file, in file order. */
export function* readPackets(file: Uint8Array): Generator<PacketItem> {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const magic = file.length >= 4 ? view.getUint32(0) : 0;
  const classic = CLASSIC[magic];
  if (classic !== undefined) yield* readClassic(file, view, classic);
  else if (magic === SECTION_HEADER) yield* readNextGeneration(file, view);
  else yield damaged("this is neither pcap nor pcapng");
}

const damaged = (why: string): PacketItem => ({ kind: "damaged", why });

function* readClassic(file: Uint8Array, view: DataView, header: ClassicHeader): Generator<PacketItem> {
  if (file.length < CLASSIC_HEADER_OCTETS) return yield damaged("the file ends inside its header");
  const u32 = (at: number): number => view.getUint32(at, header.littleEndian);
  const linkType = u32(20) & 0xffff;
  let at = CLASSIC_HEADER_OCTETS;
  while (at < file.length) {
    if (at + CLASSIC_RECORD_OCTETS > file.length) return yield damaged("the file ends inside a packet's header");
    const start = at + CLASSIC_RECORD_OCTETS;
    const end = start + u32(at + 8);
    if (end > file.length) return yield damaged("the file ends inside a packet");
    const milliseconds = u32(at) * 1000 + u32(at + 4) / header.perMillisecond;
    yield { kind: "packet", linkType, bytes: file.subarray(start, end), milliseconds };
    at = end;
  }
}

/** One pcapng block: type, and where its body lies. */
interface Block { readonly type: number; readonly at: number; readonly end: number }
/** One capture interface of a section. */
interface Interface { readonly linkType: number; readonly ticksPerSecond: number; readonly offsetSeconds: number }
/** What a section has declared so far. */
interface Section { readonly littleEndian: boolean; readonly interfaces: Interface[] }

const INTERFACE_DESCRIPTION = 1;
const OBSOLETE_PACKET = 2;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;
const INTERFACES_MAX = 65536;

function* readNextGeneration(file: Uint8Array, view: DataView): Generator<PacketItem> {
  let section: Section = { littleEndian: false, interfaces: [] };
  let at = 0;
  while (at < file.length) {
    if (at + 12 > file.length) return yield damaged("the file ends inside a block");
    if (view.getUint32(at) === SECTION_HEADER) {
      const big = view.getUint32(at + 8) === BYTE_ORDER_MAGIC;
      const little = view.getUint32(at + 8, true) === BYTE_ORDER_MAGIC;
      if (!big && !little) return yield damaged("a section has no byte order");
      section = { littleEndian: !big, interfaces: [] };
    }
    const length = view.getUint32(at + 4, section.littleEndian);
    if (length < 12 || length % 4 !== 0) return yield damaged("a block has an impossible length");
    if (at + length > file.length) return yield damaged("the file ends inside a block");
    const block = { type: view.getUint32(at, section.littleEndian), at: at + 8, end: at + length - 4 };
    const item = readBlock(file, view, section, block);
    if (item !== undefined) yield item;
    at += length;
  }
}

function readBlock(file: Uint8Array, view: DataView, section: Section, block: Block): PacketItem | undefined {
  switch (block.type) {
    case INTERFACE_DESCRIPTION:
      if (block.end - block.at < 8) return damaged("an interface block is too short");
      if (section.interfaces.length >= INTERFACES_MAX) return damaged("more interfaces than any capture has");
      section.interfaces.push(readInterface(view, section, block));
      return undefined;
    case ENHANCED_PACKET: case OBSOLETE_PACKET: return readEnhanced(file, view, section, block);
    case SIMPLE_PACKET: return readSimple(file, view, section, block);
    default: return undefined; // Statistics, name resolution, sections: no packet.
  }
}

function readInterface(view: DataView, section: Section, block: Block): Interface {
  let ticksPerSecond = 1e6;
  let offsetSeconds = 0;
  const u16 = (at: number): number => view.getUint16(at, section.littleEndian);
  for (let at = block.at + 8; at + 4 <= block.end;) {
    const [code, length, value] = [u16(at), u16(at + 2), at + 4];
    if (code === 0 || value + length > block.end) break;
    if (code === 9 && length === 1) ticksPerSecond = resolution(view.getUint8(value));
    if (code === 14 && length === 8) offsetSeconds = Number(view.getBigInt64(value, section.littleEndian));
    at = value + length + ((4 - (length & 3)) & 3);
  }
  return { linkType: u16(block.at), ticksPerSecond, offsetSeconds };
}
const resolution = (octet: number): number => ((octet & 0x80) === 0 ? 10 : 2) ** (octet & 0x7f);

/** Enhanced Packet, and the older Packet block whose fields lie the same way but for a 16-bit interface. */
function readEnhanced(file: Uint8Array, view: DataView, section: Section, block: Block): PacketItem {
  if (block.end - block.at < 20) return damaged("a packet block is too short");
  const u32 = (at: number): number => view.getUint32(at, section.littleEndian);
  const id = block.type === ENHANCED_PACKET ? u32(block.at) : view.getUint16(block.at, section.littleEndian);
  const from = section.interfaces[id];
  if (from === undefined) return damaged("a packet names an interface that the file does not have");
  const start = block.at + 20;
  const end = start + u32(block.at + 12);
  if (end > block.end) return damaged("a packet is longer than its block");
  const ticks = u32(block.at + 4) * 2 ** 32 + u32(block.at + 8);
  const milliseconds = (ticks / from.ticksPerSecond + from.offsetSeconds) * 1000;
  return { kind: "packet", linkType: from.linkType, bytes: file.subarray(start, end), milliseconds };
}

function readSimple(file: Uint8Array, view: DataView, section: Section, block: Block): PacketItem {
  const from = section.interfaces[0];
  if (from === undefined || block.end - block.at < 4) return damaged("a simple packet without an interface");
  const end = Math.min(block.end, block.at + 4 + view.getUint32(block.at, section.littleEndian));
  return { kind: "packet", linkType: from.linkType, bytes: file.subarray(block.at + 4, end), milliseconds: Number.NaN };
}
