/**
 * `decode`: BGP messages in, one JSON object per line out. Rule: every input line and every item of a capture gets
 * its answer, in order, written before the next is read; what is wrong with the input is an answer too.
 */

import { fromHex, toHex } from "../base/bytes.ts";
import type { CaptureContext, CaptureItem } from "../messages/capture/item.ts";
import { DEFAULT_CONTEXT } from "../messages/capture/item.ts";
import { readMrt } from "../messages/capture/mrt.ts";
import { readPcap } from "../messages/capture/sessions.ts";
import { decodeMessage } from "../messages/decode.ts";
import type { Family } from "../messages/families.ts";
import { FAMILIES } from "../messages/families.ts";

/** What to decode: exactly one of a capture's octets (no longer compressed) and lines. */
export interface DecodeInput {
  readonly pcap?: Uint8Array;
  readonly mrt?: Uint8Array;
  readonly lines?: AsyncIterable<string>;
}

/** Takes one line with its newline; resolves when the reader may be given more, with false where it has gone. */
export type WriteLine = (line: string) => Promise<boolean>;

/** Decodes all of `input`, or until nobody reads. Resolves with the exit code: 1 where the input was wrong, else 0. */
export async function decodeCommand(input: DecodeInput, write: WriteLine): Promise<number> {
  if (input.pcap !== undefined) return decodeCapture(readPcap(input.pcap), write);
  if (input.mrt !== undefined) return decodeCapture(readMrt(input.mrt), write);
  return input.lines === undefined ? 0 : decodeLines(input.lines, write);
}

/** A capture without a single message is taken for wrong input: most often it is a file of another kind. */
async function decodeCapture(items: Iterable<CaptureItem>, write: WriteLine): Promise<number> {
  let messages = 0;
  let complaints = 0;
  for (const item of items) {
    if (item.kind === "passed-over") complaints++;
    else messages++;
    if (!await write(`${JSON.stringify(answerTo(item))}\n`)) return 0;
  }
  return messages === 0 && complaints > 0 ? 1 : 0;
}

function answerTo(item: CaptureItem): object {
  switch (item.kind) {
    case "message": return { ...item.sighting, ...decodeMessage(item.message, item.context) };
    case "state": return { ...item.sighting, type: "state-change", before: item.before, after: item.after };
    case "passed-over": return { ...item.sighting, type: "passed-over", why: item.why };
    default: {
      const { disposition, data } = item.fault;
      return { ...item.sighting, type: "error", disposition, faults: [{ ...item.fault, data: toHex(data) }] };
    }
  }
}

async function decodeLines(lines: AsyncIterable<string>, write: WriteLine): Promise<number> {
  let wrong = 0;
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === "") continue;
    const request = readLine(line.trim());
    if (typeof request === "string") wrong++;
    const answer = typeof request === "string"
      ? { type: "error", disposition: "reset", faults: [{ disposition: "reset", why: `line ${number}: ${request}` }] }
      : decodeMessage(request.message, request.context);
    if (!await write(`${JSON.stringify(answer)}\n`)) return 0;
  }
  return wrong === 0 ? 0 : 1;
}

interface LineRequest { readonly message: Uint8Array; readonly context: CaptureContext }

/** Hexadecimal digits, or a JSON object that holds them; else what is wrong with the line. */
function readLine(line: string): LineRequest | string {
  if (line.startsWith("{")) return readObject(line);
  const message = fromHex(line);
  return message === undefined ? "neither hexadecimal nor a JSON object" : { message, context: DEFAULT_CONTEXT };
}

function readObject(line: string): LineRequest | string {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return "not JSON"; // JSON.parse: the only thing that can fail here
  }
  const given = new Map(Object.entries(parsed as object));
  for (const [key, value] of given) {
    const rule = KEYS.get(key);
    if (rule === undefined) return `unknown key ${JSON.stringify(key)}; known: ${[...KEYS.keys()].join(", ")}`;
    if (!rule.accepts(value)) return `${key} is not ${rule.means}`;
  }
  const hex = given.get("hex");
  const message = typeof hex === "string" ? fromHex(hex) : undefined;
  if (message === undefined) return "hex is missing";
  const addPath = (given.get("addPath") ?? []) as readonly Family[];
  const fourOctetAs = given.get("asNumberSize") !== 2;
  return { message, context: { ebgp: given.get("peer") === "ebgp", fourOctetAs, addPath } };
}

interface KeyRule { readonly means: string; readonly accepts: (value: unknown) => boolean }
/** Keys of a line's object. */
const KEYS: ReadonlyMap<string, KeyRule> = new Map<string, KeyRule>([
  ["hex", { means: "hexadecimal", accepts: (value) => typeof value === "string" && fromHex(value) !== undefined }],
  ["peer", { means: '"ibgp" or "ebgp"', accepts: (value) => value === "ibgp" || value === "ebgp" }],
  ["asNumberSize", { means: "2 or 4", accepts: (value) => value === 2 || value === 4 }],
  ["addPath", { means: "a list of families", accepts: (value) => Array.isArray(value) && value.every(isFamily) }],
]);
const isFamily = (value: unknown): boolean => FAMILIES.some(({ name }) => name === value);
