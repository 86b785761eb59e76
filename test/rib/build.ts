/** What tests of the tables are built from: canonical blocks out of few fields, and peers. */

import { EMPTY, Writer } from "../../src/base/bytes.ts";
import type { PeerFacts } from "../../src/rib/peer-table.ts";

/** The attributes that decision asks for. */
export interface BlockFields {
  readonly origin?: number;
  /** One AS_SEQUENCE. */
  readonly asPath?: readonly number[];
  readonly nextHop?: number;
  readonly med?: number | undefined;
  readonly localPref?: number | undefined;
  readonly communities?: readonly number[];
  readonly originatorId?: number | undefined;
  readonly clusterList?: readonly number[];
}

/** A canonical block: ascending attributes, four octets for each AS number. */
export function blockOf(fields: BlockFields): Uint8Array {
  const writer = new Writer();
  writer.bytes(Uint8Array.of(0x40, 1, 1, fields.origin ?? 0));
  const path = fields.asPath ?? [];
  writer.u8(0x40).u8(2);
  if (path.length === 0) writer.u8(0);
  else writer.u8(2 + 4 * path.length).u8(2).u8(path.length);
  for (const asn of path) writer.u32(asn);
  if (fields.nextHop !== undefined) writer.u8(0x40).u8(3).u8(4).u32(fields.nextHop);
  if (fields.med !== undefined) writer.u8(0x80).u8(4).u8(4).u32(fields.med);
  if (fields.localPref !== undefined) writer.u8(0x40).u8(5).u8(4).u32(fields.localPref);
  writeList(writer, 0xc0, 8, fields.communities);
  if (fields.originatorId !== undefined) writer.u8(0x80).u8(9).u8(4).u32(fields.originatorId);
  writeList(writer, 0x80, 10, fields.clusterList);
  return writer.take();
}

/** A learned peer; every field can be said. */
export function peerOf(fields: Partial<PeerFacts> = {}): PeerFacts {
  return {
    name: "peer", ebgp: false, own: false, client: true, clusterId: 1, routerId: 1, address: EMPTY, remotePort: 179,
    localAs: 64_512, asNumber: 64_512, ...fields,
  };
}

function writeList(writer: Writer, flags: number, code: number, numbers: readonly number[] | undefined): void {
  if (numbers === undefined || numbers.length === 0) return;
  writer.u8(flags).u8(code).u8(4 * numbers.length);
  for (const number of numbers) writer.u32(number);
}
