/** What the documents name exists: files, folders, npm scripts, links. A document that lies is a defect. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfiguration } from "../src/config/reader.ts";
import { METRICS } from "../src/control/metrics.ts";
import { calicoSessions } from "../src/main/calico.ts";
import { cliIo, Sink } from "./control/terminal.ts";

const ROOT = join(import.meta.dirname, "..");
const read = (name: string): string => readFileSync(join(ROOT, name), "utf8");
const inDocs = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" });
const documents = [...readdirSync(ROOT), ...inDocs.map((name) => `docs/${name}`)]
  .filter((name) => name.endsWith(".md"));

/** Where a path in a document may start. */
const STARTS = ["", "src/", "test/", "docs/"];
const exists = (path: string): boolean => STARTS.some((start) => existsSync(join(ROOT, start, path)));

describe.each(documents)("%s", (name) => {
  const text = read(name);

  it("links to what is there", () => {
    const links = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map((match) => match[1]!)
      .filter((link) => !/^[a-z]+:/.test(link));
    expect(links.filter((link) => !existsSync(join(ROOT, dirname(name), link)))).toEqual([]);
  });
  it("names source and test files that are there", () => {
    const paths = [...text.matchAll(/(?<![\w/.*-])((?:[\w-]+\/)+[\w.-]+\.(?:ts|mjs|json|sh|md))\b/g)].map((m) => m[1]!);
    expect([...new Set(paths)].filter((path) => !path.startsWith("dist/") && !exists(path))).toEqual([]);
  });
  it("names npm scripts that are there", () => {
    const scripts = Object.keys((JSON.parse(read("package.json")) as { scripts: object }).scripts);
    const named = [...text.matchAll(/npm (?:run )?(start|test|soak|build|typecheck|test:unit)\b/g)].map((m) => m[1]!);
    expect([...new Set(named)].filter((script) => !scripts.includes(script))).toEqual([]);
  });
});

describe("the documents", () => {
  it("show configurations that are right", () => {
    const blocks = documents.flatMap((name) => [...read(name).matchAll(/```json\n([\s\S]*?)```/g)].map((m) => m[1]!))
      .filter((block) => block.includes('"routerId"'));
    expect(blocks.length).toBeGreaterThan(1);
    for (const block of blocks) expect(readConfiguration(block, "document")).not.toHaveProperty("faults");
  });
  it("show what calico sessions prints of its example", async () => {
    const [stdout, stderr] = [new Sink(), new Sink()];
    const files = [join(ROOT, "docs/examples/calico-cluster.yaml")];
    expect(await calicoSessions({ node: "rr1", files, output: "table" }, cliIo(stdout, stderr))).toBe(0);
    expect(read("docs/operations.md")).toContain(`docs/examples/calico-cluster.yaml\n${stdout.text}\`\`\`\n`);
  });
  it("say every metric in docs/operations.md", () => {
    const text = read("docs/operations.md");
    const missing = METRICS.filter((row) => row.name.startsWith("reflectd_") && !text.includes(row.name));
    expect(missing.map((row) => row.name)).toEqual([]);
  });
  it("give every clause of the ledger four cells", () => {
    const rows = read("docs/rfc.md").split("\n").filter((line) => line.startsWith("|"));
    expect(rows.filter((row) => row.split("|").length !== 6)).toEqual([]);
  });
});
