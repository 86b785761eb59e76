/** Characters that a text may be drawn of. */

import fc from "fast-check";

const SURROGATES_FROM = 0xd800;
const SURROGATES = 0x800;
const CODE_POINT_MAX = 0x10ffff;

/** Any code point but half a pair, as a `unit` of `fc.string`; its own, "binary", lists a million first: a second. */
export const anyCharacter: fc.Arbitrary<string> = fc.nat(CODE_POINT_MAX - SURROGATES).map(
  (at) => String.fromCodePoint(at < SURROGATES_FROM ? at : at + SURROGATES),
  (character) => {
    if (typeof character !== "string" || [...character].length !== 1) throw new Error("not one character");
    const point = character.codePointAt(0)!;
    return point < SURROGATES_FROM ? point : point - SURROGATES;
  });
