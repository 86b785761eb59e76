/** bin/join.mjs: the joined files do what the modules do, in their order; what it does not know it refuses. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

type Files = Readonly<Record<string, string>>;
const script = pathToFileURL(join(import.meta.dirname, "../bin/join.mjs")).href;
const { joined } = await import(script) as
  { joined(root: string, read: (file: string) => string): ReadonlyMap<string, string> };
const joinedOf = (files: Files): ReadonlyMap<string, string> => joined("main.js", (file) => files[file]!);

/** What the joined files leave in `globalThis.said`. */
async function said(files: Files): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "reflectd-join-"));
  try {
    const world = globalThis as { said?: unknown[] };
    world.said = [];
    for (const [file, text] of new Map([["package.json", '{ "type": "module" }'], ...joinedOf(files)])) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    await import(pathToFileURL(join(folder, "main.js")).href);
    return world.said;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("joined modules", () => {
  it("run in the order of their imports, once, and those that are loaded later when they are", async () => {
    const files = {
      "main.js": '#!/usr/bin/env node\nimport { a, twice as two } from "./x/a.js";\nimport * as b from "./b.js";\n'
        + 'said.push(a, two(2), b.B.name, b.again);\n'
        + 'const { late } = await import("./x/late.js");\nsaid.push(await late());\n',
      "x/a.js": 'import { basename } from "node:path";\nimport { B } from "../b.js";\nsaid.push("a runs", typeof B);\n'
        + 'export const a = basename("/x/y");\nexport function twice(n) {\n    return [...pairs(n)];\n}\n'
        + "export function* pairs(n) {\n    yield n;\n    yield n;\n}\n",
      "b.js": 'said.push("b runs");\nexport { again } from "./c.js";\nexport class B {\n}\n',
      "c.js": "export {};\nexport const again = 3;\n",
      "x/late.js": 'import { a } from "./a.js";\nsaid.push("late runs");\n'
        + 'export async function late() {\n    return a;\n}\n',
    };
    expect(await said(files)).toEqual(["b runs", "a runs", "function", "y", [2, 2], "B", 3, "late runs", "y"]);
    expect(joinedOf(files).get("main.js")).toMatch(/^#!\/usr\/bin\/env node\nimport /);
  });
  it("are one, and one for each that the first loads later with what the first lacks", async () => {
    const files = {
      "main.js": 'import { a } from "./a.js";\nsaid.push(await import("./x/run.js"), await import("./a.js"));\n'
        + 'said.push(a, (await import("./x/run.js")).run());\n',
      "a.js": 'said.push("a runs");\nexport const a = 1;\n',
      "b.js": 'import { a } from "./a.js";\nsaid.push("b runs", a);\nexport const b = 2;\n',
      "x/run.js": 'import { b } from "../b.js";\nimport { a } from "../a.js";\nsaid.push("run runs");\n'
        + "export const run = () => a + b;\n",
    };
    const run = { run: expect.any(Function) as unknown };
    expect(await said(files)).toEqual(["a runs", "b runs", 1, "run runs", run, { a: 1 }, 1, 3]);
    expect([...joinedOf(files).keys()]).toEqual(["main.js", "x/run.js"]);
    expect(joinedOf(files).get("main.js")).not.toMatch(/b runs|run runs/);
    expect(joinedOf(files).get("x/run.js")).not.toContain("a runs");
  });
  it("are a file for each that such a file loads later; what two of them need is in the first", async () => {
    const files = {
      "main.js": 'import { a } from "./a.js";\nconst { run } = await import("./x/run.js");\n'
        + "said.push(a, await run());\n",
      "a.js": 'said.push("a runs");\nexport const a = 1;\n',
      "b.js": 'said.push("b runs");\nexport const b = 2;\n',
      "both.js": 'import { a } from "./a.js";\nsaid.push("both runs");\nexport const both = { a };\n',
      "x/run.js": 'import { b } from "../b.js";\nsaid.push("run runs");\nexport async function run() {\n'
        + '    const { one } = await import("./one.js");\n    const { two } = await import("../two.js");\n'
        + "    return [b, one === two];\n}\n",
      "x/one.js": 'import { both } from "../both.js";\nimport { b } from "../b.js";\nsaid.push("one runs", b);\n'
        + "export const one = both;\n",
      "two.js": 'import { both } from "./both.js";\nsaid.push("two runs");\nexport const two = both;\n',
    };
    expect(await said(files)).toEqual(
      ["a runs", "b runs", "run runs", "both runs", "one runs", 2, "two runs", 1, [2, true]]);
    expect([...joinedOf(files).keys()]).toEqual(["main.js", "x/run.js", "x/run/one.js", "x/run/two.js"]);
    expect(joinedOf(files).get("x/run.js")).not.toMatch(/a runs|one runs|two runs/);
  });
  it("know the place of their file, load Node's own modules later, and are strict", async () => {
    const files = {
      "main.js": 'const { run } = await import("./x/run.js");\nsaid.push(...await run());\n',
      "x/run.js": "export async function run() {\n    const { sep } = await import(\"node:path\");\n"
        + "    return [/[^/]*\\/[^/]*$/.exec(import.meta.url)[0], sep, this === undefined];\n}\n",
    };
    expect(await said(files)).toEqual(["x/run.js", "/", true]);
  });
  it("are refused where two that one file loads later have one name", () => {
    const files = { "main.js": 'await import("./run.js");\n', "a/x.js": "export {};\n", "b/x.js": "export {};\n",
      "run.js": 'export function run() {\n    return [import("./a/x.js"), import("./b/x.js")];\n}\n' };
    expect(() => joinedOf(files)).toThrow(/run\/x\.js/);
  });
  it("are ASCII, of which V8 keeps an octet a character", async () => {
    const files = { "main.js": 'const far = "\u{1f600}";\nsaid.push("§ …", `${far}…`, /^[§-…]+$/.test("§…"));\n' };
    expect(await said(files)).toEqual(["§ …", "\u{1f600}…", true]);
    expect(joinedOf(files).get("main.js")).toMatch(/^[\0-\x7f]*$/);
  });
  it.each([
    ["modules that import each other", 'import { a } from "./a.js";\nexport const b = a;', /a\.js > b\.js > a\.js/],
    ["two bindings in one", "export const c = 1, b = 2;", /does not export b/],
    ["a binding that changes", "export let b = 1;", /export let/],
    ["a default export", "export default 1;", /export default/],
    ["an export under another name", 'export { x as b } from "./c.js";', /x as b/],
    ["everything of another", 'export * from "./c.js";', /export \*/],
    ["an import for its effect", 'import "./c.js";', /import "/],
    ["a package", 'import { x } from "netlink";', /netlink/],
    ["a package later", 'const x = import("netlink");', /netlink/],
  ])("refuse %s", (_name, b, why) => {
    const files = { "main.js": 'import { a } from "./a.js";',
      "a.js": 'import { b } from "./b.js";\nexport const a = b;', "b.js": b, "c.js": "export const x = 1;" };
    expect(() => joinedOf(files)).toThrow(why);
  });
});
