/** How much is logged in Calico mode: the file's word, else the cluster's, as it changes. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { readConfiguration } from "../../src/config/reader.ts";
import { calicoSource } from "../../src/main/calico-source.ts";
import type { CalicoIntentSource } from "../../src/main/calico-source.ts";
import { cliIo, Sink } from "../control/terminal.ts";
import { manifest } from "../support/calico/manifests.ts";

/** A source by one file that says `severity`; how to say another; the levels that the log became. */
async function following(log: object, severity: string): Promise<{ readonly source: CalicoIntentSource;
  readonly say: (severity: string) => void; readonly levels: readonly string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "reflectd-test-"));
  const file = join(folder, "a.json");
  const say = (logSeverityScreen: string): void =>
    writeFileSync(file, JSON.stringify(manifest("BGPConfiguration", "default", { logSeverityScreen })));
  say(severity);
  const read = readConfiguration(
    JSON.stringify({ log, calico: { nodeName: "n", datastore: "files", files: [file] } }), "f");
  if ("faults" in read) throw new Error("the test has a mistake");
  const levels: string[] = [];
  const source = await calicoSource(read.settings, read.settings.calico!, cliIo(new Sink(), new Sink()),
    { write: () => undefined, become: (level) => levels.push(level) });
  if ("refused" in source) throw new Error(source.refused);
  onTestFinished(async () => {
    await source.stop();
    rmSync(folder, { recursive: true });
  });
  source.start(() => undefined);
  return { source, say, levels };
}

it("follows logSeverityScreen in the words of our own", async () => {
  const { say, levels } = await following({}, "Warning");
  await vi.waitFor(() => expect(levels).toEqual(["warn"]), 5000);
  for (const [word, level] of [["Debug", "debug"], ["fatal", "error"], ["INFO", "info"]] as const) {
    say(word);
    await vi.waitFor(() => expect(levels.at(-1)).toBe(level), 5000);
  }
  expect(levels).toEqual(["warn", "debug", "error", "info"]);
});

it("is what the file says, where it says something", async () => {
  const { source, levels } = await following({ level: "info" }, "Debug");
  await vi.waitFor(() => expect(source.status().waiting).toMatch(/there is no Node n/), 5000);
  expect(levels).toEqual([]);
});
