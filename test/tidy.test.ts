/**
 * The house rules that a machine can check: who imports whom, sizes, calls that only their owner may make, files
 * that nobody reaches, exports without a word about them. The scanner itself is tested on planted violations.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { describe, expect, it } from "vitest";
import { codeOnly, functionsOf, importsOf, lineOf, undocumentedExports } from "./support/source-scanner.ts";

interface FolderRule { readonly imports: readonly string[]; readonly node: readonly string[]; readonly pure: boolean }
const rule = (imports: string, node = "", pure = false): FolderRule =>
  ({ imports: words(imports), node: words(node), pure });
const words = (text: string): string[] => text.split(" ").filter((word) => word !== "");

/**
 * Folder → what it may import and which node: modules it may use. `main` is src/main.ts and src/main/; a folder within
 * a folder that has a row of its own is a folder by itself.
 */
const FOLDERS: Readonly<Record<string, FolderRule>> = {
  base: rule("", "", true),
  messages: rule("base", "", true),
  fsm: rule("base messages", "", true),
  rib: rule("base messages", "", true),
  config: rule("base messages", "", true),
  reflector: rule("base messages rib config", "", true),
  transport: rule("base messages fsm", "ffi net util"),
  kernel: rule("base messages config", "", true),
  "kernel/child": rule("base messages kernel", "child_process module stream"),
  calico: rule("base config calico/datastore calico/resources calico/translate calico/yaml"),
  "calico/datastore": rule("base config calico calico/resources calico/yaml", "fs http https tls crypto path net"),
  "calico/resources": rule("base config calico/selector", "", true),
  "calico/selector": rule("base config", "", true),
  "calico/yaml": rule("base config", "", true),
  "calico/translate": rule("base config calico/resources calico/selector", "", true),
  "calico/verbs": rule("base config calico calico/datastore calico/resources calico/yaml", "", true),
  daemon: rule("base messages fsm rib config reflector transport kernel calico/translate", "perf_hooks"),
  control: rule("base messages config daemon calico/translate", "http net fs path os perf_hooks stream"),
  lab: rule("base messages fsm config transport daemon"),
  bfd: rule("base", "dgram"),
  main: rule(
    "base messages fsm rib config reflector transport kernel kernel/child calico calico/datastore calico/resources"
      + " calico/translate calico/verbs calico/yaml daemon control lab bfd",
    "crypto process fs fs/promises os path readline v8 vm zlib"),
};

/** Libraries that are tested but not yet called by the program. A row leaves with the caller that arrives. */
const AWAITED: readonly string[] = [];

/** Only these folders may name an installed package in an import. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = { "kernel/child": ["netlink"] };

interface Ban { readonly what: string; readonly pattern: RegExp; readonly allowed: (file: string) => boolean }
const inFolders = (...folders: string[]) => (file: string): boolean => folders.includes(folderOf(file));
const inFiles = (...files: string[]) => (file: string): boolean => files.includes(file);
const TIME_OWNERS = inFiles("main.ts", "daemon/system-clock.ts");
const inMain = inFolders("main");
const nowhere = (): boolean => false;
const BANNED: readonly Ban[] = [
  { what: "Date.now", pattern: /\bDate\s*\.\s*now\b/, allowed: TIME_OWNERS },
  { what: "new Date()", pattern: /\bnew Date\s*\(\s*\)/, allowed: TIME_OWNERS },
  { what: "performance.now", pattern: /\bperformance\s*\.\s*now\b/, allowed: TIME_OWNERS },
  { what: "timers", pattern: /(?<![\w.#])set(Timeout|Interval|Immediate)\b/, allowed: TIME_OWNERS },
  { what: "Math.random", pattern: /\bMath\s*\.\s*random\b/, allowed: TIME_OWNERS },
  { what: "console", pattern: /(?<![\w.#])console\s*[.[]/, allowed: inMain },
  { what: "process", pattern: /(?<![\w.#])process\s*[.[]/,
    allowed: (file) => inMain(file) || file === "daemon/system-clock.ts" },
  { what: "Buffer", pattern: /(?<![\w.#])Buffer\b/,
    allowed: inFolders("transport", "kernel/child", "control", "calico/datastore") },
  { what: "any", pattern: /\bas any\b|:\s*any\b|<any>/, allowed: nowhere },
  { what: "eval", pattern: /(?<![\w.#])eval\s*\(|\bnew Function\b/, allowed: nowhere },
  { what: "enum or namespace", pattern: /^\s*(export )?(const )?(enum|namespace) \w/m, allowed: nowhere },
];
/** In folders that are pure: a core that waits, throws or keeps time cannot be replayed. */
const PURE_BANNED: readonly Ban[] = [
  { what: "throw", pattern: /\bthrow\b/, allowed: inFiles("base/assert.ts") },
  { what: "promise", pattern: /\b(async|await)\b|\bnew Promise\b|\bPromise\s*[.<]/, allowed: nowhere },
];

const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 70;
const COLUMNS_MAX = 120;

/** The folder of a path under src: the inner one where it has a row of its own, else the first, or "main". */
function folderOf(file: string): string {
  const inner = Object.keys(FOLDERS).find((folder) => folder.includes("/") && file.startsWith(`${folder}/`));
  if (inner !== undefined) return inner;
  return file.includes("/") ? file.slice(0, file.indexOf("/")) : file.replace(/\.ts$/, "");
}

/** What is wrong with one source file; `file` is its path under src, with forward slashes. */
export function faultsOf(file: string, source: string): string[] {
  return [...importFaults(file, source), ...banFaults(file, source), ...sizeFaults(file, source),
    ...undocumentedExports(source).map(({ name, line }) => `${file}:${line} export ${name} has no doc comment`),
    ...(/^(#!.*\n)?\/\*\*/.test(source) ? [] : [`${file}:1 no head comment`])];
}

function importFaults(file: string, source: string): string[] {
  const folder = folderOf(file);
  const allowed = FOLDERS[folder];
  if (allowed === undefined) return [`${file} is in no known folder`];
  return importsOf(source).flatMap(({ target, line }) => {
    const wrong = importFault(file, folder, allowed, target);
    return wrong === undefined ? [] : [`${file}:${line} ${wrong} ${target}`];
  });
}

function importFault(file: string, folder: string, allowed: FolderRule, target: string): string | undefined {
  if (target.startsWith("node:")) return allowed.node.includes(target.slice(5)) ? undefined : "may not use";
  if (!target.startsWith(".")) return PACKAGES[folder]?.includes(target) ? undefined : "may not import package";
  if (!target.endsWith(".ts")) return "imports without .ts";
  const to = resolved(file, target);
  if (to.startsWith("..")) return "leaves src by";
  const pastApi = folder === "control" && to.startsWith("daemon/") && to !== "daemon/api.ts";
  if (pastApi) return "reaches past daemon/api.ts to";
  return folderOf(to) === folder || allowed.imports.includes(folderOf(to)) ? undefined : "may not import";
}
const resolved = (file: string, target: string): string => normalize(join(dirname(file), target)).split(sep).join("/");

function banFaults(file: string, source: string): string[] {
  const code = codeOnly(source);
  const bans = FOLDERS[folderOf(file)]?.pure === true ? [...BANNED, ...PURE_BANNED] : BANNED;
  const found = bans.filter((ban) => !ban.allowed(file)).flatMap((ban) => {
    const match = ban.pattern.exec(code);
    return match === null ? [] : [`${file}:${lineOf(source, match.index)} ${ban.what} outside its owner`];
  });
  return /\b(TODO|FIXME|XXX|HACK)\b/.test(source) ? [...found, `${file} has an unfinished mark`] : found;
}

function sizeFaults(file: string, source: string): string[] {
  const lines = source.trimEnd().split("\n");
  const long = functionsOf(source)
    .map((span) => ({ ...span, count: span.lastLine - span.firstLine + 1 }))
    .filter(({ count, comment }) => count > FUNCTION_LINES_MAX && !/\bhot\b/i.test(comment));
  return [
    ...(lines.length > FILE_LINES_MAX ? [`${file} has ${lines.length} lines`] : []),
    ...long.map((span) => `${file}:${span.firstLine} function of ${span.count} lines that does not say why it is hot`),
    ...wideLines(file, lines),
  ];
}
const wideLines = (file: string, lines: readonly string[]): string[] =>
  lines.flatMap((text, i) => (text.length > COLUMNS_MAX ? [`${file}:${i + 1} has ${text.length} columns`] : []));

/** Files that cannot be reached from the roots by imports. */
export function orphans(files: ReadonlyMap<string, string>, ...roots: readonly string[]): string[] {
  const reached = new Set<string>();
  const pending = [...roots];
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    const source = files.get(file);
    if (source === undefined || reached.has(file)) continue;
    reached.add(file);
    for (const { target } of importsOf(source)) if (target.startsWith(".")) pending.push(resolved(file, target));
  }
  return [...files.keys()].filter((file) => !reached.has(file));
}

const ROOT = join(import.meta.dirname, "..");
function filesUnder(folder: string): Map<string, string> {
  const base = join(ROOT, folder);
  if (!existsSync(base)) return new Map();
  const names = readdirSync(base, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
  return new Map(names.sort().map((name) => [name.split(sep).join("/"), readFileSync(join(base, name), "utf8")]));
}

describe("the source tree", () => {
  const sources = filesUnder("src");

  it("keeps the rules of its folders", () => {
    expect([...sources].flatMap(([file, source]) => faultsOf(file, source))).toEqual([]);
  });
  it("has no file that the program does not reach", () => {
    expect(orphans(sources, "main.ts", ...AWAITED)).toEqual([]);
  });
  it("awaits no caller that is there", () => {
    const unreached = orphans(sources, "main.ts");
    expect(AWAITED.filter((file) => !unreached.includes(file))).toEqual([]);
  });
  it("has no line in tests and benches wider than the house allows, and no test that hides others", () => {
    for (const folder of ["test", "bench"]) {
      const files = [...filesUnder(folder)];
      expect(files.flatMap(([file, source]) => wideLines(`${folder}/${file}`, source.split("\n")))).toEqual([]);
      expect(files.filter(([, source]) => /\b(it|test|describe)\.(only|todo)\b/.test(codeOnly(source)))
        .map(([file]) => file)).toEqual([]);
    }
  });
  it("has no file in the benchmark longer than the house allows", () => {
    expect([...filesUnder("bench")].filter(([, source]) => source.split("\n").length > FILE_LINES_MAX)
      .map(([file]) => file)).toEqual([]);
  });
  it("has no hook in a file that several files of tests load: it would be that of the first alone", () => {
    const hooked = [...filesUnder("test")].filter(([file, source]) => !file.endsWith(".test.ts")
      && /^(?:before|after)(?:Each|All)\(/m.test(source));
    expect(hooked.map(([file]) => file)).toEqual([]);
  });
});

describe("the scanner sees what is planted", () => {
  const head = "/** Head. */\n";
  const planted: readonly (readonly [name: string, file: string, source: string, fault: RegExp])[] = [
    ["an import against the order", "rib/a.ts", 'import { x } from "../daemon/daemon.ts";', /may not import/],
    ["an import of a type against the order", "base/a.ts", 'import type { x } from "../rib/b.ts";', /may not import/],
    ["a multi-line import", "fsm/a.ts", 'import {\n  x,\n  y,\n} from "../rib/b.ts";', /may not import/],
    ["a dynamic import", "fsm/a.ts", 'const x = import("../rib/b.ts");', /may not import/],
    ["a re-export", "fsm/a.ts", 'export { x } from "../rib/b.ts";', /may not import/],
    ["node: in the core", "messages/a.ts", 'import { connect } from "node:net";', /may not use/],
    ["a package", "transport/a.ts", 'import x from "left-pad";', /package/],
    ["control past the API", "control/a.ts", 'import { x } from "../daemon/daemon.ts";', /reaches past/],
    ["an import without .ts", "fsm/a.ts", 'import { x } from "./b.js";', /without \.ts/],
    ["an unknown folder", "util/a.ts", "", /no known folder/],
    ["ambient time", "daemon/a.ts", "const t = Date.now();", /Date\.now/],
    ["a timer", "transport/a.ts", "setTimeout(f, 1);", /timers/],
    ["chance", "rib/a.ts", "const r = Math.random();", /Math\.random/],
    ["console inside a template", "daemon/a.ts", "const s = `a ${console.log(1)} b`;", /console/],
    ["process after a regex", "control/a.ts", "const s = /'/.test(x) ? process.env : 0;", /process/],
    ["Buffer in the core", "messages/a.ts", "const b = Buffer.alloc(1);", /Buffer/],
    ["a throw in the core", "rib/a.ts", "throw new Error('x');", /throw/],
    ["a throw in a pure folder within another", "calico/yaml/a.ts", "throw new Error('x');", /throw/],
    ["node: in a pure folder within another", "calico/yaml/a.ts", 'import { x } from "node:fs";', /may not use/],
    ["a promise in the core", "fsm/a.ts", "async function f(): Promise<void> {}", /promise/],
    ["any", "daemon/a.ts", "const x = y as any;", /any/],
    ["a wide line", "rib/a.ts", `const x = "${"y".repeat(120)}";`, /columns/],
    ["a long file", "rib/a.ts", "const x = 1;\n".repeat(401), /lines/],
    ["an undocumented export", "rib/a.ts", "const a = 1;\nexport const x = a;", /no doc comment/],
    ["an unfinished mark", "rib/a.ts", "// TODO later", /unfinished/],
  ];
  it.each(planted)("%s", (_name, file, source, fault) => {
    expect(faultsOf(file, head + source).join("\n")).toMatch(fault);
  });

  const body = "  x();\n".repeat(71);
  it.each([
    ["function", `function f(a: { b: number }): { c: number } | undefined {\n${body}}`],
    ["method", `class A {\n  #m(a: number): Map<string, number> {\n${body}  }\n}`],
    ["arrow", `const f = (a: number): void => {\n${body}};`],
    ["function with if inside", `function f() {\n  if (a) {\n    b();\n  } else {\n    c();\n  }\n${body}}`],
  ])("a long %s", (_name, source) => {
    expect(faultsOf("rib/a.ts", `${head}\n${source}`).join("\n")).toMatch(/function of 7\d lines/);
    expect(faultsOf("rib/a.ts", `${head}\n// Hot: one call per route; split, it costs a fifth.\n${source}`)
      .filter((fault) => fault.includes("hot") && !source.startsWith("class"))).toEqual([]);
  });
  it("a file that nobody imports", () => {
    const files = new Map([["main.ts", 'import "./a/b.ts";'], ["a/b.ts", ""], ["a/c.ts", 'import "./b.ts";']]);
    expect(orphans(files, "main.ts")).toEqual(["a/c.ts"]);
  });
});

describe("the scanner accuses nobody wrongly", () => {
  const good = [
    "/** Head: Date.now, setTimeout and console are words here. */",
    'import type { Reader } from "../base/bytes.ts";',
    "/** Says `process` and throw. */",
    'export const WORDS: readonly string[] = ["throw", "console.log(", `Math.random() ${"Buffer"}`];',
    "const pattern = /[\"'`/]throw/; // await nothing",
    "const half = 4 / 2 / 1;",
    `function short(): void {\n  if (half > 1) {\n${"    pattern.test(WORDS[0]!);\n".repeat(30)}  }\n}`,
    `const ROWS = {\n${"  a: 1,\n".repeat(80)}};`,
    `interface Wide {\n${"  a: 1;\n".repeat(80)}}`,
    "/** Ends before a class. */\nexport function before(): Map<string, number> {\n  return half;\n}\n",
    `/** Long. */\nclass Long {\n${"  m(): number { return 1; }\n".repeat(80)}}`,
  ].join("\n");
  it("passes a clean file", () => expect(faultsOf("rib/a.ts", good)).toEqual([]));
  it("leaves owners their calls", () => {
    expect(faultsOf("daemon/system-clock.ts", "/** Clock. */\nsetTimeout(f, Date.now());")).toEqual([]);
    expect(faultsOf("base/assert.ts", "/** Assert. */\nthrow new Error('x');")).toEqual([]);
  });
});
