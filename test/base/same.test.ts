/** Equality in depth, of everything that configuration and resources are made of. */

import { expect, it } from "vitest";
import { sameValue } from "../../src/base/same.ts";

const f = (): number => 1;
const g = (): number => 2;
const SAME: readonly (readonly [unknown, unknown])[] = [
  [1, 1], [Number.NaN, Number.NaN], ["a", "a"], [undefined, undefined], [{ a: 1 }, { a: 1 }], [[1, [2]], [1, [2]]],
  [{ a: 1, b: undefined }, { a: 1 }], [{ a: 1 }, { b: undefined, a: 1 }], [{ a: 1, b: 2 }, { b: 2, a: 1 }],
  [Uint8Array.of(1, 2), Uint8Array.of(1, 2)], [new Set(["a", "b"]), new Set(["b", "a"])],
  [new Map([["a", { x: 1 }], ["b", { x: 2 }]]), new Map([["b", { x: 2 }], ["a", { x: 1 }]])], [f, g],
];
const DIFFERENT: readonly (readonly [unknown, unknown])[] = [
  [1, 2], [1, "1"], [null, undefined], [null, {}], [{ a: 1 }, { a: 2 }], [{ a: 1 }, { b: 1 }], [{}, { a: 1 }], [[], {}],
  [[1], [1, 2]], [[1, 2], [2, 1]], [Uint8Array.of(1), Uint8Array.of(2)], [Uint8Array.of(1), [1]],
  [new Set(["a"]), new Set(["b"])], [new Set(["a"]), new Set(["a", "b"])], [new Map([["a", 1]]), new Map([["a", 2]])],
  [new Map([["a", undefined]]), new Map([["b", undefined]])], [new Map(), new Set()], [f, undefined], [{ f }, {}],
];

it.each(SAME)("%o is %o", (a, b) => expect([sameValue(a, b), sameValue(b, a)]).toEqual([true, true]));
it.each(DIFFERENT)("%o is not %o", (a, b) => expect([sameValue(a, b), sameValue(b, a)]).toEqual([false, false]));
