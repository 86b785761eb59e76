/** bin/join.mjs: the joined module does what the modules do, in their order; what it does not know it refuses. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

type Files = Readonly<Record<string, string>>;
const script = pathToFileURL(join(import.meta.dirname, "../bin/join.mjs")).href;
const { joined } = await import(script) as { joined(root: string, read: (file: string) => string): string };
const joinedOf = (files: Files): string => joined("main.js", (file) => files[file]!);

/** What the joined module leaves in `globalThis.said`. */
async function said(files: Files): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), "reflectd-join-"));
  try {
    const world = globalThis as { said?: unknown[] };
    world.said = [];
    writeFileSync(join(folder, "main.mjs"), joinedOf(files));
    await import(pathToFileURL(join(folder, "main.mjs")).href);
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
    expect(joinedOf(files).startsWith("#!/usr/bin/env node\nimport ")).toBe(true);
  });
  it("are ASCII, of which V8 keeps an octet a character", async () => {
    const files = { "main.js": 'const far = "\u{1f600}";\nsaid.push("§ …", `${far}…`, /^[§-…]+$/.test("§…"));\n' };
    expect(await said(files)).toEqual(["§ …", "\u{1f600}…", true]);
    expect(joinedOf(files)).toMatch(/^[\0-\x7f]*$/);
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
  ])("refuse %s", (_name, b, why) => {
    const files = { "main.js": 'import { a } from "./a.js";',
      "a.js": 'import { b } from "./b.js";\nexport const a = b;', "b.js": b, "c.js": "export const x = 1;" };
    expect(() => joinedOf(files)).toThrow(why);
  });
});
