/** docs/operations.md against the tables it describes. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../src/control/commands.ts";
import { API } from "../../src/control/endpoints.ts";
import { METRICS } from "../../src/control/metrics.ts";

const DOC = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");

describe("docs/operations.md", () => {
  it("names every metric with its type and meaning", () => {
    const missing = METRICS.filter(({ name, type, help }) =>
      !new RegExp(`^\\| \`${name}[{\`]`, "m").test(DOC) || !DOC.includes(`| ${type} | ${help} |`));
    expect(missing).toEqual([]);
  });
  it("names every command", () => {
    expect(COMMANDS.filter(({ words }) => !DOC.includes(`\`${words.join(" ")}`)).map(({ words }) => words)).toEqual([]);
  });
  it("names every page of the API", () => {
    const paths = API.map(({ path }) => `/${path.join("/")}`.replace(":peer", "PEER"));
    expect(paths.filter((path) => !DOC.includes(path))).toEqual([]);
  });
});
