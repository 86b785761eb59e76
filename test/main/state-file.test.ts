/** The state file on a real file system: whole or not at all, and never a reason to stop. */

import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import type { Log } from "../../src/daemon/log.ts";
import { openStateFile, stateFilePath } from "../../src/main/state-file.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

let folder: string;
let lines: unknown[][];
const log = { write: (...line: unknown[]) => void lines.push(line) } as unknown as Log;
beforeEach(() => {
  folder = temporaryFolder();
  lines = [];
});

it("is in the configured folder, else in the service's, else beside the control socket", () => {
  const socket = "/run/reflectd/reflectd.sock";
  const env = { STATE_DIRECTORY: "/var/lib/reflectd:/var/lib/other" };
  expect(stateFilePath("/srv", { env }, socket)).toBe("/srv/reflectd-restart.json");
  expect(stateFilePath(undefined, { env }, socket)).toBe("/var/lib/reflectd/reflectd-restart.json");
  expect(stateFilePath(undefined, { env: {} }, socket)).toBe("/run/reflectd/reflectd-restart.json");
  const empty = { STATE_DIRECTORY: "" };
  expect(stateFilePath(undefined, { env: empty }, socket)).toBe("/run/reflectd/reflectd-restart.json");
});

it("holds the last text that was written, is nobody else's to read, and goes when it is removed", async () => {
  const path = join(folder, "state.json");
  const file = await openStateFile(path, log);
  expect(file.found).toBeUndefined();
  for (let i = 0; i < 50; i++) file.write(`text ${i}`);
  await file.settled();
  expect([readFileSync(path, "utf8"), statSync(path).mode & 0o777, readdirSync(folder)])
    .toEqual(["text 49", 0o600, ["state.json"]]);
  expect((await openStateFile(path, log)).found).toBe("text 49");
  file.write("more");
  file.remove();
  await file.settled();
  expect([readdirSync(folder), lines]).toEqual([[], []]);
});

it("takes the place of what a crash left half written", async () => {
  const path = join(folder, "state.json");
  writeFileSync(`${path}.new`, "half");
  const file = await openStateFile(path, log);
  file.write("whole");
  await file.settled();
  expect([readFileSync(path, "utf8"), readdirSync(folder)]).toEqual(["whole", ["state.json"]]);
});

it("says once what is wrong with its folder, and goes on", async () => {
  const file = await openStateFile(join(folder, "nowhere", "state.json"), log);
  for (const text of ["a", "b"]) {
    file.write(text);
    await file.settled();
  }
  expect(lines.map(([level, event]) => [level, event])).toEqual([["warn", "restart-state"]]);
  const other = await openStateFile(folder, log); // a folder is no file
  expect([other.found, lines.length]).toEqual([undefined, 2]);
});
