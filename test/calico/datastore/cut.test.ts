/** Cutting what the API server streams: the parts are the same wherever the network cut. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { ItemCutter, LineCutter } from "../../../src/calico/datastore/cut.ts";
import { anyCharacter } from "../../support/any-text.ts";

const octetsOf = (text: string): Buffer => Buffer.from(text, "utf8");

/** The pieces of a text, cut at these places. */
function pieces(octets: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [0, ...cuts.map((cut) => cut % (octets.length + 1)).sort((a, b) => a - b), octets.length];
  return places.slice(1).map((end, at) => octets.subarray(places[at], end));
}

const lines = (max: number, ...given: readonly Uint8Array[]): readonly (string | undefined)[] => {
  const cutter = new LineCutter(max);
  return given.flatMap((piece) => cutter.push(piece));
};

it("cuts lines at every octet, inside of characters too", () => {
  const text = '{"name":"größe 👍"}\n\n{"b":"\\n"}\nrest';
  const octets = octetsOf(text);
  const whole = ['{"name":"größe 👍"}', "", '{"b":"\\n"}'];
  for (let at = 0; at <= octets.length; at++) {
    expect(lines(100, octets.subarray(0, at), octets.subarray(at))).toEqual(whole);
  }
  expect(lines(100, ...octets.toString("latin1").split("").map((c) => Buffer.from(c, "latin1")))).toEqual(whole);
});

it("passes over a line that is too long, and reads the next one", () => {
  expect(lines(5, octetsOf("12345\n123456\n12\n"))).toEqual(["12345", undefined, "12"]);
  expect(lines(5, octetsOf("1234"), octetsOf("5678"), octetsOf("9\nab\n"))).toEqual([undefined, "ab"]);
});

it("keeps what ends without the end of a line, and knows at once when that is too long", () => {
  const cutter = new LineCutter(4);
  cutter.push(octetsOf("1\nlast"));
  expect([cutter.isTooLong, cutter.rest(), cutter.rest()]).toEqual([false, "last", ""]);
  cutter.push(octetsOf("12345"));
  expect([cutter.isTooLong, cutter.rest(), cutter.isTooLong]).toEqual([true, undefined, false]);
});

interface Cut { readonly head: unknown; readonly items: readonly unknown[] }

function items(max: number, ...given: readonly Uint8Array[]): Cut {
  const found: unknown[] = [];
  const cutter = new ItemCutter(max, (text) => found.push(text === undefined ? undefined : JSON.parse(text)));
  for (const piece of given) cutter.push(piece);
  return { head: JSON.parse(cutter.head() ?? "null"), items: found };
}

it("takes the items out of any list, however it is cut and written", () => {
  const anyItem = fc.dictionary(fc.string({ unit: anyCharacter }), fc.jsonValue());
  fc.assert(fc.property(fc.array(anyItem, { maxLength: 4 }), fc.jsonValue(), fc.array(fc.nat(), { maxLength: 5 }),
    fc.constantFrom(undefined, 1), (objects, other, cuts, indent) => {
      const head = { kind: "L", metadata: { a: [{ b: 1 }, { c: "]}" }], other } };
      const text = JSON.stringify({ ...head, items: objects, last: "\\\"{[" }, undefined, indent);
      expect(items(10_000, ...pieces(octetsOf(text), cuts))).toEqual({
        head: { ...JSON.parse(JSON.stringify(head)), items: [], last: "\\\"{[" },
        items: JSON.parse(JSON.stringify(objects)),
      });
    }));
});

it("passes over an item that is too long, and keeps the others", () => {
  const text = JSON.stringify({ items: [{ a: 1 }, { long: "x".repeat(50) }, { b: 2 }] });
  expect(items(20, octetsOf(text)).items).toEqual([{ a: 1 }, undefined, { b: 2 }]);
});

it("leaves what is no object in the head", () => {
  const text = "{\"items\":null,\"x\":{\"y\":{}}}";
  expect(items(20, octetsOf(text))).toEqual({ head: { items: null, x: { y: {} } }, items: [] });
});
