/** Text that others wrote (descriptions, shutdown communications, host names), made fit for a terminal. */

import { printableText } from "../base/printable.ts";

/** The text on one line, without anything a terminal obeys, at most `charactersMax` long. */
export function printable(text: string, charactersMax: number): string {
  if (text.length <= charactersMax) return printableText(text);
  // Cut first: a megabyte of text need not be escaped to be thrown away.
  const characters = Array.from(text.slice(0, charactersMax * 2 + 2));
  const cut = characters.length > charactersMax;
  const kept = cut ? [...characters.slice(0, charactersMax - 1), "…"] : characters;
  return printableText(kept.join(""));
}
