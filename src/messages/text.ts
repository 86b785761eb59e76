/** Text that a peer controls. Rule: it leaves here fit for a log line and a terminal. */

import { printableText } from "../base/printable.ts";

/** The text of UTF-8 octets: what is not UTF-8 becomes U+FFFD, what is unsafe to print becomes \u{hex}. */
export function readText(octets: Uint8Array): string {
  return printableText(new TextDecoder("utf-8", { ignoreBOM: true }).decode(octets));
}

/** The UTF-8 octets of a text, at most `octetsMax`, cut between characters. */
export function writeText(text: string, octetsMax: number): Uint8Array {
  const into = new Uint8Array(octetsMax);
  const { written } = new TextEncoder().encodeInto(text, into);
  return into.subarray(0, written);
}
