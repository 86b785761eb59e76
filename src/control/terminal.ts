/** Text that others wrote (descriptions, shutdown communications, host names), made fit for a terminal. */

/** Control, format, surrogate and line-separating characters: they could forge a line or drive a terminal. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The text on one line, without anything a terminal obeys, at most `charactersMax` long. */
export function printable(text: string, charactersMax: number): string {
  // Cut first: a megabyte of text need not be escaped to be thrown away.
  const characters = Array.from(text.slice(0, charactersMax * 2 + 2));
  const cut = characters.length > charactersMax;
  const kept = cut ? [...characters.slice(0, charactersMax - 1), "…"] : characters;
  return kept.join("").replace(UNSAFE, escaped);
}

/** JSON text with the same characters as \u escapes: still the same JSON. */
export function printableJson(json: string): string {
  return json.replace(UNSAFE, (character) => {
    if (character === "\n") return character; // between tokens; inside a string it is already \n
    return Array.from({ length: character.length }, (_, i) => unit(character.charCodeAt(i))).join("");
  });
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

function unit(code: number): string {
  return `\\u${code.toString(16).padStart(4, "0")}`;
}
