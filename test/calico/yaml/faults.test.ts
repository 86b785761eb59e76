/** Every mistake has its place and says what to do; what is outside the subset is refused; nothing brings it down. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEPTH_MAX } from "../../../src/calico/yaml/cursor.ts";
import { YAML_TEXT_MAX } from "../../../src/calico/yaml/read.ts";
import { SAMPLES } from "./samples.ts";
import { read } from "./support.ts";

const QUOTE = '(quote it if a text is meant: "...")';

describe("a mistake", () => {
  it.each([
    ["spec:\n  nodeSelector: !has(rr)",
      'f:2:17 $.spec.nodeSelector: a selector that starts with "!" is a tag to YAML (quote it: "!has(rr)")'],
    ["- !(a == 'b') && c # x",
      `f:1:3 $[0]: a selector that starts with "!" is a tag to YAML (quote it: "!(a == 'b') && c")`],
    ["a: [b, !all()]", 'f:1:8 $.a[1]: a selector that starts with "!" is a tag to YAML (quote it: "!all()")'],
    ["a: !!str 1", `f:1:4 $.a: a tag, which is not read here ${QUOTE}`],
    ["a: &b 1", `f:1:4 $.a: an anchor, which is not read here ${QUOTE}`],
    ["a: *b", `f:1:4 $.a: an alias, which is not read here ${QUOTE}`],
    ["a:\n  <<: {b: 1}", "f:2:3 $.a: a merge key, which is not read here (write its keys out)"],
    ["? a\n: b", 'f:1:1 $: a key of several lines, which is not read here (write "key: value")'],
    ["[a]: b", 'f:1:1 $: a key that is no text (write "key: value")'],
    ["a: {[b]: c}", 'f:1:5 $.a: a key that is no text (write "key: value")'],
    ["%TAG ! x\n---\na: 1", "f:1:1 $: a directive, which is not read here (remove the line)"],
    ["%YAML 1.1\na: 1", 'f:2:1 $: expected "---" after a directive (put "---" before the document)'],
    ["a:\n\tb: 1", "f:2:1 $.a: a tab as indentation (indent with spaces)"],
    ["a:\n  b: 1\n  \tc: 1", "f:3:3 $.a.b: a tab as indentation (indent with spaces)"],
    ["-\ta: 1", "f:1:2 $: a tab as indentation (indent with spaces)"],
    ["a: b: c", 'f:1:5 $.a: ": " within a text without quotes (quote it; for a key, check the indentation)'],
    ["a: b\n  c: d", 'f:2:4 $.a: ": " within a text without quotes (quote it; for a key, check the indentation)'],
    ["a: - b", "f:1:4 $.a: an entry of a list where none can stand (start the list on its own line)"],
    ["a: 'b' c", 'f:1:8 $.a: expected the end of the line, found "c" (quote a text with such characters)'],
    ["a:\n    b: 1\n  c: 2",
      'f:3:3 $: the indentation of "c" matches nothing above (indent it like the lines it belongs to)'],
    ["- a\nb: 1", 'f:2:1 $: "b" behind the end of the document (check its indentation, or put "---" before it)'],
    ["a: 1\n- b", 'f:2:1 $: "-" behind the end of the document (check its indentation, or put "---" before it)'],
    ["a: 1\nb\n c: 3",
      'f:2:1 $: a key of several lines (write "key: value" on one line, with the space; check the indentation)'],
    ["a: 1\nb 2", 'f:2:4 $: expected ":", found the end of the file (write "key: value", with the space)'],
    ["a: 1\nb 'c'", 'f:2:6 $: expected ":", found the end of the file (write "key: value", with the space)'],
    ["a: {b:1}", 'f:1:8 $.a: expected ":", found "}" (write "key: value", with the space)'],
    ["a: [b: 1]", 'f:1:6 $.a: a key within "[ ]" (write { key: value }, or quote the text)'],
    ["a: [b\nc: 1", 'f:2:2 $.a: a key within "[ ]" (write { key: value }, or quote the text)'],
    ["a: [b, c", 'f:1:9 $.a: the document ends too early (a "]" is missing)'],
    ["a: {b: 1\n---\n", 'f:2:1 $.a: the document ends too early (a "}" is missing)'],
    ["a: [b, , c]", `f:1:8 $.a[1]: "," without a value before it ${QUOTE}`],
    ["a: ]", `f:1:4 $.a: "]" without its "[" ${QUOTE}`],
    ["a: ['b' 'c']", 'f:1:9 $.a: expected "," or "]", found "\'" (a comma or a quote may be missing before it)'],
    ["a: [|\n b]", "f:1:5 $.a[0]: a block of text within brackets (use a quoted text)"],
    ["a: %b", `f:1:4 $.a: a text that starts with "%" ${QUOTE}`],
    ["a: 'b\nc: 1", "f:1:4 $.a: a text without its closing quote (close it with ')"],
    ['a: "b\\\n---', 'f:1:4 $.a: a text without its closing quote (close it with ")'],
    ['a: "\\q"', 'f:1:5 $.a: an escape that YAML does not have (write "\\\\" for one backslash)'],
    ["a: |x\n  b", `f:1:4 $.a: expected a line of its own after "|" ${QUOTE}`],
    ["a: |\n      \n  b", "f:2:7 $.a: an empty line with more spaces than the text below it (remove its spaces)"],
    ["a: .inf", `f:1:4 $.a: ".inf" is no number of JSON ${QUOTE}`],
    ["a: 1\nb: \u0007", 'f:2:4 $: a control character (write it as an escape in double quotes, like "\\x00")'],
    ["a: 1\n... b", 'f:2:5 $: "b" behind "..." (remove it)'],
    ["a: 1\n...\nb: 2", 'f:3:1 $: "b" behind "..." (put "---" before the next document)'],
    ["a: |\n  \tb", "f:2:3 $.a: a tab as indentation (indent with spaces)"],
  ])("in %j is told once, where it is", (text, line) => {
    expect(read(text)).toEqual({ nodes: [], values: [], lines: [line] });
  });

  it("costs its own document and no other", () => {
    const wrong = ["b: [", "c: *x", "d: 1\nd: 2", "e: 'x", " y: 1\nz: 2\n--x"];
    const { values, lines } = read(["a: 1", ...wrong, "f: 1"].join("\n---\n"));
    expect(values).toEqual([{ a: 1 }, { f: 1 }]);
    expect(lines.map((line) => line.slice(0, line.indexOf(" ")))).toEqual(
      ["f:4:1", "f:5:4", "f:8:1", "f:10:4", "f:13:1"]);
  });

  it("may be a key that is given twice, in a mapping of either kind; all of them are told", () => {
    expect(read("a: {b: 1, b: 2}\nc:\n  'd': 1\n  d: 2\na: 3").lines).toEqual([
      'f:1:11 $.a: the key "b" is given twice (keep one of the two)',
      'f:4:3 $.c: the key "d" is given twice (keep one of the two)',
      'f:5:1 $: the key "a" is given twice (keep one of the two)',
    ]);
  });
});

describe("a hostile text", () => {
  it("is bounded in depth and size", () => {
    const nested = (depth: number): string => `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect(read(nested(DEPTH_MAX)).lines).toEqual([]);
    for (const part of ["[", "{a: ", "- "]) {
      expect(read(part.repeat(100_000)).lines[0], part).toContain(`nested deeper than ${DEPTH_MAX}`);
    }
    const steps = Array.from({ length: DEPTH_MAX + 2 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("");
    expect(read(steps).lines[0]).toContain(`nested deeper than ${DEPTH_MAX}`);
    expect(read(" ".repeat(YAML_TEXT_MAX + 1)).lines[0]).toContain("larger than 128 MiB");
  });

  // A reader that looks at something as often as the text is long runs into the time limit here.
  it.each([
    "a", "a ", "a\n", "a: ", "a:\n", "- ", "-\n", "- a\n", "[", "]", "[a,", "[--- ,", "{a: 1},", "{", '"', "'", '"a" ',
    "'a\n", '"\\', "|\n", ">\n a\n", " ", "\t", "\n", "\n ", " \n  \n", "#", "# \n", ":", ": ", "?", "!", "&a ", "*",
    "---\n", "--- ", "---a", "...\n", "--- !\n", "--- {\n", "--- 'a\n\n", "%YAML 1.1\n", "1", "0x", "1_", "a: &\n---\n",
    "a #", "a\n\n#", "\r\n", "\ufeff", "~: ", "'': ", "- - - a\n", "a: |\n\n  \n", "[\n#\n",
  ])("of many %j takes no more time than its length", (part) => {
    const text = part.repeat(Math.ceil(150_000 / part.length));
    for (const start of ["", "a: ", "- ", "[", '"', "|\n ", "--- a:\n - "]) {
      const { lines } = read(start + text);
      expect(lines.length).toBeLessThanOrEqual(1001);
    }
  }, 10_000);

  it("is read or refused, whatever was done to it", () => {
    const parts = fc.constantFrom("", " ", "  ", "\n", "\n  ", "\t", ":", ": ", "- ", "#", "'", '"', "|", ">", "[", "]",
      "{", "}", ",", "\n---\n", "\n...\n", "!", "&a", "*a", "%", "\\", "\r", "\0", "\ufeff", "\ud800", "0", "~");
    const change = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat({ max: 3 }), put: parts });
    const counts = { read: 0, refused: 0 };
    fc.assert(fc.property(fc.constantFrom(...SAMPLES), fc.array(change, { minLength: 1, maxLength: 4 }),
      ({ text }, changes) => {
        const changed = changes.reduce((before, { at, cut, put }) => {
          const from = Math.floor(at * before.length);
          return before.slice(0, from) + put + before.slice(from + cut);
        }, text);
        const { lines } = read(changed);
        for (const line of lines) expect(line).toMatch(/^f:[1-9]\d*:[1-9]\d* \$.*: .+ \(.+\)$/u);
        counts[lines.length === 0 ? "read" : "refused"] += 1;
      }), { numRuns: 3000 });
    expect(counts.read).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(100);
  });
});
