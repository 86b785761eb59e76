/** Records of an MRT file (RFC 6396 §2), plain or gzip, one chunk of the file in memory at a time. */

import { createReadStream } from "node:fs";
import type { ReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { getSystemErrorMap } from "node:util";
import { createGunzip } from "node:zlib";
import type { Gunzip } from "node:zlib";

/** Type, subtype and body of a record; the body is only good during the call. */
export type RecordVisitor = (type: number, subtype: number, body: Buffer) => void;

const HEADER_OCTETS = 12;
const CHUNK_OCTETS = 1 << 20;
/** No sane record is longer: the file is something else. */
const RECORD_OCTETS_MAX = 1 << 24;

/** Visits every record of a file. Throws, in one line that names it, where it is no MRT file or not whole. */
export async function visitRecords(file: string, visit: RecordVisitor): Promise<void> {
  try {
    await visitAll(file, visit);
  } catch (error) {
    const { message, syscall, errno = 0 } = error as NodeJS.ErrnoException;
    const words = syscall === undefined ? message : getSystemErrorMap().get(errno)?.[1] ?? message;
    throw new Error(`${file}: ${words}`, { cause: error });
  }
}

async function visitAll(file: string, visit: RecordVisitor): Promise<void> {
  if (!(await stat(file)).isFile()) throw new Error("not a file");
  if (await startsWith(file, [0x42, 0x5a, 0x68])) throw new Error("bzip2; unpack it, or pack it with gzip");
  const isGzip = await startsWith(file, [0x1f, 0x8b]);
  const source = createReadStream(file, { highWaterMark: CHUNK_OCTETS });
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of isGzip ? gunzipped(source) : source) {
      const bytes = rest.length === 0 ? chunk as Buffer : Buffer.concat([rest, chunk as Buffer]);
      rest = bytes.subarray(visitWhole(bytes, visit));
    }
  } finally {
    source.destroy();
  }
  if (rest.length > 0) throw new Error("it ends inside a record");
}

function gunzipped(source: ReadStream): Gunzip {
  const gunzip = createGunzip({ chunkSize: CHUNK_OCTETS });
  source.on("error", (error) => gunzip.destroy(error));
  return source.pipe(gunzip);
}

/** Visits the whole records of a chunk; answers where the first incomplete one begins. */
function visitWhole(bytes: Buffer, visit: RecordVisitor): number {
  let at = 0;
  while (at + HEADER_OCTETS <= bytes.length) {
    const length = bytes.readUInt32BE(at + 8);
    if (length > RECORD_OCTETS_MAX) throw new Error(`a record of ${length} octets; this is no MRT file`);
    const end = at + HEADER_OCTETS + length;
    if (end > bytes.length) break;
    visit(bytes.readUInt16BE(at + 4), bytes.readUInt16BE(at + 6), bytes.subarray(at + HEADER_OCTETS, end));
    at = end;
  }
  return at;
}

async function startsWith(file: string, magic: readonly number[]): Promise<boolean> {
  const handle = await open(file);
  try {
    const { buffer } = await handle.read(Buffer.alloc(magic.length), 0, magic.length, 0);
    return magic.every((octet, i) => buffer[i] === octet);
  } finally {
    await handle.close();
  }
}
