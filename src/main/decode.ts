/** `decode`: prints the messages of a capture or of standard input. */

import { promises } from "node:fs";
import { gunzipSync } from "node:zlib";
import { EXIT } from "../control/cli-io.ts";
import type { CliIo, DecodeSource } from "../control/cli-io.ts";
import { decodeCommand } from "../control/decode-command.ts";
import { Output } from "../control/output.ts";
import { refusalOf } from "./files.ts";

/** Lines without their ends; a line is handed on before the next is read. */
async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  stream.setEncoding("utf8"); // a character may come in two pieces
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + chunk).split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

const GZIP_MAGIC = 0x1f8b;

/** Reads to the end; resolves with the exit code. */
export async function decode({ source }: { readonly source: DecodeSource }, io: CliIo): Promise<number> {
  const output = new Output(io.stdout);
  const write = async (line: string): Promise<boolean> => {
    await output.write(line);
    return !output.broken;
  };
  if (source.kind === "stdin") return decodeCommand({ lines: linesOf(io.stdin) }, write);
  let octets: Uint8Array;
  try {
    const file = await promises.readFile(source.file);
    octets = file.length > 1 && file.readUInt16BE(0) === GZIP_MAGIC ? gunzipSync(file) : file;
  } catch (error) {
    const [why, todo] = refusalOf(error as NodeJS.ErrnoException);
    io.stderr.write(`reflectd: ${source.file}: cannot be read: ${why} (${todo})\n`);
    return EXIT.failed;
  }
  const code = await decodeCommand(source.kind === "pcap" ? { pcap: octets } : { mrt: octets }, write);
  const todo = "--pcap takes pcap and pcapng, --mrt takes MRT, both also gzipped";
  if (code !== EXIT.done) io.stderr.write(`reflectd: ${source.file}: no BGP message could be read (${todo})\n`);
  return code;
}
