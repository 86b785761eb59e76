/** Lines onto the wire, and what commands are cut into. */

import { describe, expect, it } from "vitest";
import { wordsOf } from "../../../src/control/bird/command-words.ts";
import { fits } from "../../../src/control/bird/pattern.ts";
import { CODE, encodeReply, last, line } from "../../../src/control/bird/reply.ts";

describe("a reply", () => {
  it("says a code once, marks its last line, and says nothing where nothing is said", () => {
    const reply = [line(2002, "name"), undefined, line(1002, "a"), line(1002, "b"), undefined, line(1006, "c"),
      line(1002, "d"), last(CODE.done)];
    expect([...encodeReply(reply)]).toEqual([
      "2002-name\n", "", "1002-a\n", " b\n", "", "1006-c\n", "1002-d\n", "0000 \n",
    ]);
  });
  it("may be one line, which says its code even after one with the same", () => {
    expect([...encodeReply([last(13, "Daemon is up and running")])]).toEqual(["0013 Daemon is up and running\n"]);
    expect([...encodeReply([line(0, "a"), last(0, "b")])]).toEqual(["0000-a\n", "0000 b\n"]);
  });
  it("has no line that is too long for BIRD's clients, whatever the characters", () => {
    const [text = ""] = encodeReply([last(0, "€".repeat(5000))]);
    expect(Buffer.byteLength(text)).toBeLessThan(4096);
    expect(text).toMatch(/^0000 €+ \.\.\.\n$/);
  });
});

describe("a command", () => {
  const word = (text: string, isQuoted = false): object => ({ text, isQuoted });
  it.each([
    ["show protocols", [word("show"), word("protocols")]],
    ["  show\tprotocols all \r", [word("show"), word("protocols"), word("all")]],
    ['show protocols "Mesh *"', [word("show"), word("protocols"), word("Mesh *", true)]],
    ['a"b"c', [word("a"), word("b", true), word("c")]],
    ['""', [word("", true)]],
    ["", []],
    ["   ", []],
    ['show "protocols', undefined],
    ['"', undefined],
  ])("%j is cut into its words", (command, words) => {
    expect(wordsOf(command)).toEqual(words);
  });
});

describe("a pattern", () => {
  it.each([
    ["*", "", true], ["*", "anything", true], ["Mesh_*", "Mesh_10_0_0_1", true], ["Mesh_*", "Node_10_0_0_1", false],
    ["*_1", "Mesh_10_0_0_1", true], ["*_1", "Mesh_10_0_0_12", false], ["M?sh", "Mesh", true], ["M?sh", "Msh", false],
    ["", "", true], ["", "a", false], ["a*b*c", "a_b_b_c", true], ["a*b*c", "a_b_c_d", false], ["**", "x", true],
    ["a**", "a", true], [".*", "ab", false], ["a", "aa", false],
  ])("%j and %j: %s", (pattern, text, does) => {
    expect(fits(text, pattern)).toBe(does);
  });
  it("takes no longer for one that fits almost", () => {
    expect(fits("a".repeat(2_000), `${"a*".repeat(1_000)}b`)).toBe(false);
  });
});
