/** One resource of a text changed: the others and their comments stay. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  appendedTo, isBlank, readManifestText, replacedIn, resourcesOf,
} from "../../../../src/calico/datastore/files/manifest-text.ts";
import { nameOf } from "../../../../src/calico/resources/raw.ts";
import type { JsonObject } from "../../../../src/config/json.ts";

const small = (name: string, asNumber = 1): JsonObject => ({ kind: "K", metadata: { name }, spec: { asNumber } });
const written = (name: string, asNumber = 1): string =>
  `kind: K\nmetadata:\n  name: ${name}\nspec:\n  asNumber: ${asNumber}\n`;

/** The text with the resource of this name replaced, or taken away. */
function edit(text: string, name: string, resource: JsonObject | undefined): string | undefined {
  const manifest = readManifestText(text, "f");
  const placed = resourcesOf(manifest).find(({ value }) => nameOf(value) === name);
  if (placed === undefined) throw new Error(`no ${name}`);
  return replacedIn(manifest, placed, resource)?.text;
}

describe("a document in the place of another", () => {
  it.each([
    ["alone", written("a"), written("a", 7)],
    ["without a last line break", "kind: K\nmetadata: {name: a}", written("a", 7)],
    ["among others",
      `# head\n\n${written("x")}# of a\n---\n# a itself\n${written("a")}\n# of y\n---  # y\n${written("y")}`,
      `# head\n\n${written("x")}# of a\n---\n# a itself\n${written("a", 7)}\n# of y\n---  # y\n${written("y")}`],
    ["on the line of its marker", `---  {kind: K, metadata: {name: a}} # gone\n---\n${written("y")}`,
      `---  \n${JSON.stringify(small("a", 7), undefined, 2)}\n---\n${written("y")}`],
    ["indented, with its end marked", `--- \n  kind: K\n  metadata: {name: a}\n...\n# rest\n`,
      `--- \n${written("a", 7)}...\n# rest\n`],
    ["with the line breaks of Windows", `${written("a")}---\n${written("b")}`.replaceAll("\n", "\r\n"),
      `${written("a", 7)}---\n${written("b")}`.replaceAll("\n", "\r\n")],
    ["beside a document with a mistake", `a: [\n---\n${written("a")}---\nb: &x 1\n`,
      `a: [\n---\n${written("a", 7)}---\nb: &x 1\n`],
    ["as JSON", '{"kind": "K", "metadata": {"name": "a"}}', `${JSON.stringify(small("a", 7), undefined, 2)}\n`],
  ])("%s", (_, before, after) => {
    expect(edit(before, "a", small("a", 7))).toBe(after);
  });

  it("within a List and a list, which are written anew", () => {
    const list = "# kept\n---\nkind: List\nitems:\n- {kind: K, metadata: {name: a}} # lost\n"
      + "- kind: K\n  metadata: {name: b}\n";
    expect(edit(list, "a", small("a", 7))).toBe("# kept\n---\nkind: List\nitems:\n- kind: K\n  metadata:\n    name: a\n"
      + "  spec:\n    asNumber: 7\n- kind: K\n  metadata:\n    name: b\n");
    const items = JSON.stringify([small("a"), small("b")]);
    expect(JSON.parse(edit(items, "b", small("b", 7)) ?? "")).toEqual([small("a"), small("b", 7)]);
  });
});

describe("a document taken away", () => {
  it.each([
    ["alone", `${written("a")}`, "\n"],
    ["behind its marker", `---\n${written("a")}`, "\n"],
    ["the first", `# head\n${written("a")}\n# of b\n---\n${written("b")}`, `# head\n\n# of b\n---\n${written("b")}`],
    ["in the middle", `${written("x")}---\n# a itself\n${written("a")}# of y\n---\n${written("y")}`,
      `${written("x")}# of y\n---\n${written("y")}`],
    ["the last", `${written("x")}---\n${written("a")}`, written("x")],
    ["from a List", "kind: List\nitems:\n- {kind: K, metadata: {name: a}}\n", "kind: List\nitems: []\n"],
  ])("%s", (_, before, after) => {
    expect(edit(before, "a", undefined)).toBe(after);
  });

  it("leaves nothing where nothing else is", () => {
    expect(["", "\n---\n\n---\n...\n", "\ufeff"].map(isBlank)).toEqual([true, true, true]);
    expect(["# c\n", "---\na: 1\n", "--- # c\n"].map(isBlank)).toEqual([false, false, false]);
  });
});

it("appends a document", () => {
  const add = (text: string): string | undefined => appendedTo(readManifestText(text, "f"), small("a"))?.text;
  expect(add("")).toBe(written("a"));
  expect(add(written("x"))).toBe(`${written("x")}---\n${written("a")}`);
  expect(add("kind: K")).toBe(`kind: K\n---\n${written("a")}`);
  expect(add("# only a comment\n")).toBe(`# only a comment\n---\n${written("a")}`);
});

it("gives no text that reads as something else", () => {
  // What ends with a kept line break would take the empty line after it.
  const before = `${written("a")}\n---\n${written("b")}`;
  expect(edit(before, "a", { ...small("a"), text: "x\n\n" })).toBeUndefined();
});

it("keeps every other document and every comment, whatever the file looks like", () => {
  const style = fc.constantFrom("yaml", "flow", "json", "marker", "list");
  const gap = fc.constantFrom("", "\n", "# c\n", "\n# c\n\n#d\n");
  const file = fc.array(fc.record({ style, gap, isMarked: fc.boolean() }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(file, fc.nat(), fc.boolean(), fc.boolean(), (documents, choice, isRemoval, isWindows) => {
    const at = choice % documents.length;
    const text = documents.map((one, i) => {
      const marker = i > 0 || one.isMarked ? "---" : "";
      const gap = one.style === "marker" && marker !== "" ? " " : "\n";
      return marker + gap + (TEXTS[one.style]?.(`n${i}`) ?? "") + one.gap;
    }).join("");
    const given = isWindows ? text.replaceAll("\n", "\r\n") : text;
    const next = edit(given, `n${at}`, isRemoval ? undefined : small(`n${at}`, 9));
    const read = readManifestText(next ?? "", "f");
    const names = documents.map((_, i) => `n${i}`).filter((name) => !isRemoval || name !== `n${at}`);
    expect(resourcesOf(read).map(({ value }) => nameOf(value)), given).toEqual(names);
    expect(next?.match(/^#/gm)?.length ?? 0, given).toBe(given.match(/^#/gm)?.length ?? 0);
  }), { numRuns: 500 });
});

const TEXTS: Readonly<Record<string, (name: string) => string>> = {
  yaml: (name) => written(name),
  flow: (name) => `{kind: K, metadata: {name: ${name}}}\n`,
  json: (name) => `${JSON.stringify(small(name), undefined, 1)}\n`,
  marker: (name) => `{kind: K, metadata: {name: ${name}}}\n`,
  list: (name) => `kind: List\nitems:\n- kind: K\n  metadata: {name: ${name}}\n`,
};
