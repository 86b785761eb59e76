/**
 * The load check: `main.js [--daemon FILE] [--node OPTION]… [--runs N] [SCENARIO…]`. Prints figures, asserts none.
 * Rule: only loopback, bounded in count and time.
 */

import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median, SCENARIOS } from "./scenarios.ts";
import type { Figures, Scenario } from "./scenarios.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { daemon: { type: "string" }, runs: { type: "string" }, node: { type: "string", multiple: true } },
});
const main = values.daemon ?? fileURLToPath(new URL("../../../dist/main.js", import.meta.url));
const chosen = SCENARIOS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const unknown = positionals.filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));

if (unknown.length > 0) {
  const names = SCENARIOS.map(({ name }) => name).join(", ");
  process.stderr.write(`load: no scenario ${unknown.join(", ")} (there are ${names})\n`);
  process.exitCode = 2;
} else {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}`;
  process.stdout.write(`Node ${process.version}, ${machine}; generator and daemon share them\n`);
  for (const scenario of chosen) await report(scenario);
}

async function report(scenario: Scenario): Promise<void> {
  process.stdout.write(`\n${scenario.name}: ${scenario.what}\n`);
  const runs = Number(values.runs ?? scenario.runs);
  const seen: Figures[] = [];
  for (let run = 0; run < runs; run++) {
    try {
      seen.push(await scenario.run({ main, nodeOptions: values.node ?? [] }));
    } catch (error) {
      process.stdout.write(`  failed: ${(error as Error).message}\n`);
      process.exitCode = 1;
    }
  }
  for (const name of Object.keys(seen[0] ?? {})) {
    const figures = seen.map((figure) => figure[name]!);
    const all = figures.length > 1 ? `   (${figures.map(round).join(", ")})` : "";
    process.stdout.write(`  ${name.padEnd(18)} ${round(median(figures)).padStart(9)}${all}\n`);
  }
}

function round(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
