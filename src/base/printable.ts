/** Text that others wrote, without the characters that could forge a line of a log or drive a terminal. */

/** Control, format, surrogate and line-separating characters. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** What most texts are: asked first, as the general question takes many times as long. */
const PLAIN = /^[ -~]*$/;

/** The text with such characters as \u{hex}. */
export function printableText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(UNSAFE, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}

/** JSON text with such characters as \u escapes, one per UTF-16 unit: still the same JSON. */
export function printableJson(json: string): string {
  return json.replace(UNSAFE, (character) => {
    if (character === "\n") return character; // between tokens; inside a string it is already \n
    return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`).join("");
  });
}
