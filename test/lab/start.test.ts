/** The first command of the README: builds where needed, runs the lab, hands on its end. */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const START = join(import.meta.dirname, "../../bin/start.mjs");

interface Ended { readonly code: number | null; readonly output: string; readonly errors: string }

/** Runs it to its end; `during` sees what it wrote so far and may send it a signal. */
function start(words: readonly string[],
  during: (output: string, kill: (signal: NodeJS.Signals) => void) => void = () => undefined): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [START, ...words], { stdio: ["ignore", "pipe", "pipe"], timeout: 55_000 });
    let [output, errors] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      during(output, (signal) => child.kill(signal));
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (errors += text));
    child.on("error", reject).on("close", (code) => resolve({ code, output, errors }));
  });
}

describe("npm start", { timeout: 60_000 }, () => {
  it("runs the lab and ends with its exit code", async () => {
    const { code, output, errors } = await start(["--nodes", "2", "--once"]);
    expect(code, errors).toBe(0);
    expect(output).toContain("All 2 nodes hold every other's routes.");
    expect(output).not.toContain("\u001b");
  });
  // At once, now that it is built.
  it.concurrent.each(["SIGTERM", "SIGINT"] as const)("stays until %s, which reaches the lab", async (signal) => {
    let asked = false;
    const { code, output, errors } = await start(["--nodes", "2"], (so, kill) => {
      if (asked || !so.includes("Ctrl-C ends the lab.")) return;
      asked = true;
      kill(signal);
    });
    expect([code, errors.replace("reflectd: building\n", "")]).toEqual([0, ""]);
    expect(output).toContain("From another terminal: npx reflectd show peers --socket ");
  });
  it.concurrent("hands on wrong usage", async () => {
    const { code, output, errors } = await start(["--nodes", "none"]);
    expect([code, output]).toEqual([2, ""]);
    expect(errors).toMatch(/^reflectd: lab: --nodes /m);
  });
});
