/** Calico's selector language, a test for each rule of it; then against a naive reading and against garbage. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEPTH_MAX, LABEL_MAX } from "../../../src/calico/selector/parse.ts";
import type { SelectorFault } from "../../../src/calico/selector/parse.ts";
import { canonicalText, parseSelector } from "../../../src/calico/selector/selector.ts";
import type { Selector } from "../../../src/calico/selector/selector.ts";
import { anyCharacter } from "../../support/any-text.ts";
import { isSelector, labelSets, means, trees, written } from "./support.ts";

function read(text: string): Selector {
  const parsed = parseSelector(text);
  if ("column" in parsed) throw new Error(`${text}: ${parsed.column} ${parsed.what} (${parsed.todo})`);
  return parsed;
}
function refused(text: string): SelectorFault | undefined {
  const parsed = parseSelector(text);
  return "column" in parsed ? parsed : undefined;
}
const matches = (text: string, labels: Record<string, string> = {}): boolean =>
  read(text).matches(new Map(Object.entries(labels)));
const canonical = (text: string): string => canonicalText(read(text));

describe("the grammar", () => {
  it("matches everything with an empty selector", () => {
    for (const text of ["", " ", "\t \t"]) expect(matches(text)).toBe(true);
  });
  it("binds || weaker than &&", () => {
    expect(canonical('a == "1" && b == "2" || c == "3" && d == "4"'))
      .toBe('((a == "1" && b == "2") || (c == "3" && d == "4"))');
    expect(canonical("(has(a) || has(b)) && has(c)")).toBe("((has(a) || has(b)) && has(c))");
  });
  it("has one level for many && or ||, and keeps brackets that were written", () => {
    expect(canonical("has(a) && has(b) && has(c)")).toBe("(has(a) && has(b) && has(c))");
    expect(canonical("(has(a) && has(b)) && has(c)")).toBe("((has(a) && has(b)) && has(c))");
    expect(canonical("((has(a)))")).toBe("has(a)");
  });
  it.each([
    ["a == 'b'", "b", true], ["a == 'b'", "bb", false], ["a == ''", "", true], ["a != 'b'", "b", false],
    ["a != 'b'", "c", true], ["a contains 'b'", "abc", true], ["a contains 'b'", "ac", false],
    ["a contains ''", "", true], ["a starts with 'b'", "bc", true], ["a starts with 'b'", "cb", false],
    ["a ends with 'b'", "cb", true], ["a ends with 'b'", "bc", false], ["a in {'b', 'c'}", "c", true],
    ["a in {'b', 'c'}", "d", false], ["a not in {'b', 'c'}", "c", false], ["a not in {'b', 'c'}", "d", true],
    ["has(a)", "", true], ["all()", "x", true], ["global()", "x", true],
  ])("%s of %j is %j", (text, value, expected) => {
    expect(matches(text, { a: value })).toBe(expected);
  });
  it("has labels of 1 to 512 letters, digits, _ . / -", () => {
    for (const label of ["a", "0", "_", ".", "/", "-", "projectcalico.org/RouteReflectorClusterID", "a".repeat(512)]) {
      expect(matches(`has(${label}) && ${label} == 'x'`, { [label]: "x" })).toBe(true);
    }
    expect(refused(`has(${"a".repeat(LABEL_MAX + 1)})`)?.what).toBe("a label of 513 characters");
    expect(refused(`${"a".repeat(LABEL_MAX + 1)} == 'b'`)?.column).toBe(1);
    expect(refused("has()")?.what).toBe('expected a label, found ")"');
    expect(refused("ä == 'b'")?.what).toBe('expected a condition, found "ä"');
    expect(refused("a:b == 'b'")?.column).toBe(2);
  });
  it("has texts in either quote, without that quote inside and without escapes", () => {
    expect(matches(`a == "it's"`, { a: "it's" })).toBe(true);
    expect(matches(`a == '"'`, { a: '"' })).toBe(true);
    expect(matches(String.raw`a == "\n"`, { a: String.raw`\n` })).toBe(true);
    expect(refused(String.raw`a == "\""`)?.what).toBe("expected &&, || or the end, found \"\\\"\"");
    expect(matches("a == 'b\n&& {'", { a: "b\n&& {" })).toBe(true);
  });
});

describe("white space", () => {
  it("is space and tab only; a newline is an error", () => {
    expect(matches("\t a\t==  'b' ", { a: "b" })).toBe(true);
    for (const blank of ["\n", "\r", "\v", "\f", "\u00a0", "\u2028"]) {
      expect(refused(`has(a)${blank}`)?.todo).toMatch(/^only spaces and tabs/);
      expect(refused(`a${blank}== 'b'`)?.column).toBe(2);
    }
  });
  it("is not needed around symbols or texts", () => {
    expect(matches('a=="b"&&has(c)', { a: "b", c: "" })).toBe(true);
    expect(matches('a notin{"x"}', { a: "b" })).toBe(true);
    expect(matches('label contains"v"', { label: "dvd" })).toBe(true);
    expect(matches("!(has(a)||has(b))")).toBe(true);
  });
  it("may stand or not between the words of an operator", () => {
    for (const between of ["", " ", "\t", "  \t "]) {
      expect(canonical(`a starts${between}with 'b'`)).toBe('a starts with "b"');
      expect(canonical(`a ends${between}with 'b'`)).toBe('a ends with "b"');
      expect(canonical(`a not${between}in {'b'}`)).toBe('a not in {"b"}');
    }
  });
  it("stands behind a word operator unless a character follows that no label has", () => {
    for (const word of ["inf", "in.", "notin-", "containsx", "startswith/", "endswith0"]) {
      expect(refused(`a ${word} {'b'}`)).toMatchObject({ column: 3, what: `expected an operator, found "${word}"` });
    }
    for (const text of ["ain {'b'}", "acontains 'b'", "a starts withx 'b'"]) expect(refused(text), text).toBeDefined();
  });
  it("does not stand before the bracket of has( all( global(, and may stand inside", () => {
    expect(matches("has( \ta )", { a: "" })).toBe(true);
    expect(matches("all( )&&global(\t)")).toBe(true);
    for (const name of ["has (a)", "all ()", "global ()"]) {
      expect(refused(name)?.todo).toBe('write has(label), all() or global() without a space before "("');
    }
  });
  it("does not stand inside == != && ||", () => {
    for (const text of ["a = = 'b'", "a ! = 'b'", "has(a) & & has(b)", "has(a) | | has(b)"]) {
      expect(refused(text), text).toBeDefined();
    }
  });
});

describe("case and words", () => {
  it("is case-sensitive throughout", () => {
    expect(matches("has(A)", { a: "" })).toBe(false);
    expect(matches("a == 'B'", { a: "b" })).toBe(false);
    for (const text of ["Has(a)", "ALL()", "a IN {'b'}", "a Contains 'b'", "a not In {'b'}"]) {
      expect(refused(text), text).toBeDefined();
    }
  });
  it("lets operators be names of labels", () => {
    for (const name of ["contains", "in", "not", "notin", "starts", "with", "startswith", "ends", "has", "all",
      "global"]) {
      expect(matches(`${name} == "x" && has(${name})`, { [name]: "x" }), name).toBe(true);
    }
    expect(matches('contains contains "x"', { contains: "axe" })).toBe(true);
    expect(matches('in in {"x"}', { in: "x" })).toBe(true);
    expect(matches('not not in {"x"}', { not: "x" })).toBe(false);
    expect(matches('starts starts with "x"', { starts: "xy" })).toBe(true);
  });
  it("takes global() as all()", () => {
    expect(matches("global()")).toBe(true);
    expect(matches("!global()")).toBe(false);
    expect(canonical("global()")).toBe("global()");
  });
});

describe("!", () => {
  it("binds to the following operation only", () => {
    expect(canonical("!a == 'b'")).toBe('!a == "b"');
    expect(matches("!a == 'b'", { a: "b" })).toBe(false);
    expect(matches("!a == 'b'")).toBe(true);
    expect(matches("!has(a) && has(b)", { b: "" })).toBe(true);
    expect(matches("!has(a) || has(b)", { a: "", b: "" })).toBe(true);
    expect(matches("!a in {'b'}", { a: "c" })).toBe(true);
    expect(matches("!(has(a) && has(b))", { b: "" })).toBe(true);
  });
  it("collapses where there are several", () => {
    expect(canonical("!!has(a)")).toBe("has(a)");
    expect(canonical("! ! !has(a)")).toBe("!has(a)");
    expect(canonical("!(!(!has(a)))")).toBe("!has(a)");
    expect(canonical(`${"!".repeat(100_001)}has(a)`)).toBe("!has(a)");
  });
});

describe("a missing label", () => {
  it("does not fulfil == contains starts ends in has", () => {
    for (const text of ["a == ''", "a contains ''", "a starts with ''", "a ends with ''", "a in {''}", "has(a)"]) {
      expect(matches(text, { b: "" }), text).toBe(false);
      expect(matches(text, { a: "" }), text).toBe(true);
    }
  });
  it("fulfils != and not in", () => {
    for (const text of ["a != ''", "a not in {''}"]) {
      expect(matches(text, { b: "" }), text).toBe(true);
      expect(matches(text, { a: "" }), text).toBe(false);
    }
  });
  it("is not found on the prototype of an object", () => {
    expect(matches("has(constructor) || has(__proto__) || has(toString)")).toBe(false);
  });
});

describe("a set", () => {
  it("may be empty: in is false then, not in true", () => {
    expect(matches("a in {}", { a: "" })).toBe(false);
    expect(matches("a not in { }", { a: "" })).toBe(true);
  });
  it("may end with one comma, and is not a comma alone", () => {
    expect(matches("a in {'b',}", { a: "b" })).toBe(true);
    expect(matches("a in {'b' , 'c' , }", { a: "c" })).toBe(true);
    for (const text of ["a in {,}", "a in {'b',,}", "a in {,'b'}"]) {
      const fault = { what: 'expected a text in quotes or }, found ","', todo: "remove the comma" };
      expect(refused(text), text).toMatchObject(fault);
    }
  });
  it("may name a value twice", () => {
    expect(canonical("a in {'c', 'b', \"b\"}")).toBe('a in {"b", "c"}');
  });
});

describe("errors say where and what to do", () => {
  it.each([
    ["a == b", 6, 'expected a text in quotes, found "b"', 'write it in quotes: label == "value"'],
    ["a in {b}", 7, 'expected a text in quotes or }, found "b"', 'write the texts in quotes: {"a", "b"}'],
    ["'b' == a", 1, 'expected a condition, found "\'"', "write the label first and without quotes, the value last"],
    ["route-reflector", 16, "expected an operator, found the end",
      "write has(label) if the label need only be there"],
    ["(a) && has(b)", 3, 'expected an operator, found ")"', "write has(label) if the label need only be there"],
    ["a && b == 'c'", 3, 'expected an operator, found "&"', "write has(label) if the label need only be there"],
    ["a = 'b'", 3, 'expected an operator, found "="', "write == to compare"],
    ["a === 'b'", 5, 'expected a text in quotes, found "="', "write == to compare"],
    ["has(a) & has(b)", 8, 'expected &&, || or the end, found "&"', "write && for and"],
    ["has(a) | has(b)", 8, 'expected &&, || or the end, found "|"', "write || for or"],
    ["has(a) and has(b)", 8, 'expected &&, || or the end, found "and"', "write && for and"],
    ["(has(a) OR has(b))", 9, 'expected &&, || or ), found "OR"', "write || for or"],
    ["has(a), has(b)", 7, 'expected &&, || or the end, found ","', "write && for and, || for or"],
    ["not has(a)", 5, 'expected an operator, found "has"',
      "write ==, !=, contains, starts with, ends with, in or not in"],
    ["a not contains 'b'", 3, 'expected an operator, found "not"',
      "write ! before the label to turn the condition round"],
    ["a !in {'b'}", 3, 'expected an operator, found "!"', "write ! before the label to turn the condition round"],
    ["a 'b'", 3, 'expected an operator, found "\'"', "write == before a value and in before a set"],
    ["a == 'b", 6, "a text without its closing quote", "close it with '"],
    ["(has(a)", 8, "expected &&, || or ), found the end", "join conditions with && or ||, and close each ( with )"],
    ["has(a))", 7, 'expected &&, || or the end, found ")"', "remove it, or open it with ("],
    ["has(a", 6, "expected ), found the end", "close the bracket"],
    ["has('a')", 5, 'expected a label, found "\'"', "write the label without quotes"],
    ["has(a b)", 7, 'expected ), found "b"', "close the bracket"],
    ["all(a)", 5, 'expected ), found "a"', "close the bracket"],
    ["a in {'b'", 10, "expected , or }, found the end",
      'write a comma between the texts and } behind the last: {"a", "b"}'],
    ["a in {'b' 'c'}", 11, 'expected , or }, found "\'"',
      'write a comma between the texts and } behind the last: {"a", "b"}'],
    ["a in 'b'", 6, 'expected a set, found "\'"', 'write the text in braces, {"a"}, or compare with =='],
    ["a in ('b', 'c')", 6, 'expected a set, found "("', 'sets are in braces: {"a", "b"}'],
    ["a == {'b'}", 6, 'expected a text in quotes, found "{"', "write in or not in before a set"],
    ["has(a) &&", 10, "expected a condition, found the end", 'write has(label), label == "value", all() or the like'],
    ["&& has(a)", 1, 'expected a condition, found "&"', "write a condition before and after each && and ||"],
    ["()", 2, 'expected a condition, found ")"', 'write has(label), label == "value", all() or the like'],
    ["*", 1, 'expected a condition, found "*"', "write all() for every node"],
    ["has(a) has(b)", 8, 'expected &&, || or the end, found "has"', "join conditions with && or ||"],
    ["exists(a)", 1, '"exists" is no function', "there are has(label), all() and global()"],
    ["a == “b”", 6, 'expected a text in quotes, found "“"', "use straight quotes: \" or '"],
    ["a # b", 3, 'expected an operator, found "#"', "write ==, !=, contains, starts with, ends with, in or not in"],
    ["all()\n", 6, 'expected &&, || or the end, found "\\n"',
      "only spaces and tabs may stand between words; write the selector on one line"],
    ["\u{1f600}", 1, 'expected a condition, found "\u{1f600}"',
      'write has(label), label == "value", all() or the like'],
  ])("%j", (text, column, what, todo) => {
    expect(refused(text)).toEqual({ column, what, todo });
  });
});

describe("the canonical text", () => {
  it.each([
    ["", "all()"], ["a=='b'", 'a == "b"'], [`a=='"'`, `a == '"'`], ["a in{'c','b'}", 'a in {"b", "c"}'],
    ["a notin {}", "a not in {}"], ["!(has(a)&&has(b))", "!(has(a) && has(b))"], ["(((all())))", "all()"],
  ])("of %j is %j", (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });
});

describe("typical selectors", () => {
  it.each([
    ["all()", ["rr", "w1", "w2"]], ["!has(route-reflector)", ["w1", "w2"]], ["has(route-reflector)", ["rr"]],
    ["route-reflector == 'true'", ["rr"]], ["rr-group == 'rr1'", ["w1"]],
    ["rack in {'r1','r2'} && !has(gpu)", ["rr", "w1"]],
    ["has(projectcalico.org/RouteReflectorClusterID)", ["rr"]], ["rack != 'r1'", ["w2"]],
  ])("%s", (text, expected) => {
    const nodes = {
      rr: { "route-reflector": "true", rack: "r1", "projectcalico.org/RouteReflectorClusterID": "244.0.0.1" },
      w1: { "rr-group": "rr1", rack: "r1" },
      w2: { gpu: "", rack: "r2" },
    };
    expect(Object.entries(nodes).filter(([, labels]) => matches(text, labels)).map(([name]) => name)).toEqual(expected);
  });
});

describe("the labels that a selector asks for", () => {
  it("are each named once, wherever they stand", () => {
    expect(read("!(has(a) || b == 'a') && c in {'x'} && has(a)").labels).toEqual(new Set(["a", "b", "c"]));
    expect(read("all() || global()").labels).toEqual(new Set());
  });
  it("are all that decides", () => {
    fc.assert(fc.property(trees, fc.infiniteStream(fc.nat(11)), labelSets, (tree, stream, labels) => {
      const selector = read(written(tree, chooser(stream)));
      const asked = new Map([...labels].filter(([name]) => selector.labels.has(name)));
      expect(selector.matches(asked)).toBe(selector.matches(labels));
    }));
  });
});

describe("hostile texts", () => {
  it("are refused where brackets nest deeper than the bound", () => {
    const nested = (depth: number): string => `${"(".repeat(depth)}has(a)${")".repeat(depth)}`;
    expect(canonical(nested(DEPTH_MAX))).toBe("has(a)");
    const column = DEPTH_MAX + 2;
    expect(refused(nested(DEPTH_MAX + 1))).toMatchObject({ column, what: "brackets nested deeper than 100" });
    expect(refused("(".repeat(100_000))?.column).toBe(column);
    expect(refused("!(".repeat(100_000))?.column).toBe(2 * DEPTH_MAX + 3);
    expect(canonical(Array(1000).fill(nested(2)).join("&&"))).toContain("has(a) && has(a)");
  });
  it("of a million characters are read or refused at once", () => {
    const million = (part: string): string => part.repeat(Math.ceil(1e6 / part.length));
    const [bs, blanks] = [million("b"), million(" ")];
    expect(matches(`has(a)${million("&&has(a)")}`, { a: "" })).toBe(true);
    expect(matches(`has(b)${million("||has(b)")}`, { a: "" })).toBe(false);
    expect(matches(`a in {${million("'b',")}}`, { a: "b" })).toBe(true);
    expect(matches(`a == '${bs}' && a${blanks}starts${blanks}with 'b'`, { a: bs })).toBe(true);
    expect(matches(`${million("!")}has(a)`)).toBe(false);
    for (const text of [million("a"), million("'"), million(" a"), million("has("), million("a not "),
      `a not${million(" ")}`, `a in {${million("'b'")}`, million("starts "), million("{"), million("\n")]) {
      expect(refused(text)).toBeDefined();
    }
  });
});

describe("against a naive reading", () => {
  it("means what was drawn, however it is written, and so does its canonical text", () => {
    const met = { yes: 0, no: 0 };
    fc.assert(fc.property(trees, fc.infiniteStream(fc.nat(11)), labelSets, (tree, stream, labels) => {
      const text = written(tree, chooser(stream));
      const selector = read(text);
      const expected = means(tree, labels);
      expect(selector.matches(labels), text).toBe(expected);
      const again = read(canonicalText(selector));
      expect(again.expression).toEqual(selector.expression);
      expect(again.matches(labels)).toBe(expected);
      expect(canonicalText(again)).toBe(canonicalText(selector));
      met[expected ? "yes" : "no"] += 1;
    }), { numRuns: 2000 });
    expect(Math.min(met.yes, met.no)).toBeGreaterThan(200);
  });

  const bit = fc.constantFrom("a", "b", "in", "not", "notin", "contains", "starts", "with", "has(", "all(", "(", ")",
    "{", "}", ",", "==", "!=", "=", "!", "&&", "&", "||", "'x'", '"y"', "'", " ", "\t", "\n", "é",
    "has(a)", "a == 'x'", "a in {");
  it("accepts and refuses the same short texts", () => {
    const met = { accepted: 0, refused: 0 };
    fc.assert(fc.property(fc.array(bit, { maxLength: 8 }).map((bits) => bits.join("")), (text) => {
      const fault = refused(text);
      expect(fault === undefined, JSON.stringify(text)).toBe(isSelector(text));
      if (fault !== undefined) expect(fault.column).toBeLessThanOrEqual(text.length + 1);
      met[fault === undefined ? "accepted" : "refused"] += 1;
    }), { numRuns: 5000 });
    expect(met.accepted).toBeGreaterThan(100);
    expect(met.refused).toBeGreaterThan(100);
  });
  it("accepts and refuses the same texts after one change", () => {
    const met = { accepted: 0, refused: 0 };
    const change = fc.tuple(fc.nat(), fc.nat(3), bit);
    fc.assert(fc.property(trees, fc.infiniteStream(fc.nat(11)), change, (tree, stream, [place, cut, put]) => {
      const text = written(tree, chooser(stream));
      const at = place % (text.length + 1);
      const changed = `${text.slice(0, at)}${put}${text.slice(at + cut)}`;
      expect(refused(changed) === undefined, JSON.stringify(changed)).toBe(isSelector(changed));
      met[refused(changed) === undefined ? "accepted" : "refused"] += 1;
    }), { numRuns: 3000 });
    expect(Math.min(met.accepted, met.refused)).toBeGreaterThan(200);
  });
  it("reads any text without an exception, and says what is wrong on one line", () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter, maxLength: 20 }), (text) => {
      const fault = refused(text);
      expect(`${fault?.what ?? ""}${fault?.todo ?? ""}`).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }), { numRuns: 1000 });
  });
});

/** Numbers below a bound, from an endless stream of small ones. */
function chooser(stream: Iterator<number>): (count: number) => number {
  return (count) => stream.next().value % count;
}
