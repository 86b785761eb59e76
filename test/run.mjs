/**
 * `npm test`: build, unit tests, then the interop lab, then one line of numbers. Rules: the last line is always
 * `N passed, N failed, N skipped`; whatever could not run is named above it; the exit code is 0 only without failures.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const vitest = join(root, "node_modules/vitest/vitest.mjs");
const reports = mkdtempSync(join(tmpdir(), "reflectd-test-"));
const environment = { ...process.env, ...(process.argv.includes("--soak") ? { REFLECTD_SOAK: "1" } : {}) };
const cache = process.env.REFLECTD_LAB_CACHE ?? "/var/cache/reflectd-lab";

/** Labs that measure time: nothing else is at work beside them. */
const ALONE = ["test/interop/kernel-lab/**", "test/interop/churn.test.ts", "test/interop/pauses.test.ts"];

/** Numbers of everything so far; `problems` are failures that belong to no single test. */
const total = { passed: 0, failed: 0, skipped: 0, problems: [], skippedSuites: new Map() };

installDaemons();
useNodeWithFfi();
const built = step("build", "npm", ["run", "--silent", "build"]);
suite("unit", ["--exclude", "test/interop/**"]);
// A process for each file: what a lab leaves behind ends with it. Labs mostly wait, so a file for each core at once.
if (built) {
  suite("interop", ["test/interop", "--isolate", "--maxWorkers=100%",
    ...ALONE.flatMap((files) => ["--exclude", files])]);
  suite("interop-alone", [...ALONE.map((files) => files.replace("/**", "/")), "--isolate", "--no-file-parallelism"]);
}
rmSync(reports, { recursive: true, force: true });
summarize();

/** The lab's daemons, where we may install them. What is missing then is for the suites to say. */
function installDaemons() {
  if (process.getuid?.() !== 0 || !existsSync("/etc/debian_version")) return;
  spawnSync("bash", [join(root, "test/install-daemons.sh")], { stdio: ["ignore", "inherit", "inherit"] });
}

/** The Node that install-daemons.sh unpacked, where nobody named another. */
function useNodeWithFfi() {
  const node = join(cache, "node-ffi/package/bin/node");
  if (existsSync(node)) environment.REFLECTD_TEST_NODE ??= node;
}

/** Runs a command in the foreground; a bad end is a problem. */
function step(name, command, words) {
  const ended = spawnSync(command, words, { cwd: root, env: environment, stdio: ["ignore", "inherit", "inherit"] });
  if (ended.status === 0) return true;
  total.problems.push(`${name} ended with ${ended.error?.message ?? ended.signal ?? ended.status}`);
  return false;
}

/** One run of vitest, counted from its own JSON report. */
function suite(name, words) {
  const file = join(reports, `${name}.json`);
  const problemsBefore = total.problems.length;
  const fine = step(name, process.execPath,
    [vitest, "run", ...words, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`]);
  const failedBefore = total.failed;
  if (existsSync(file)) count(JSON.parse(readFileSync(file, "utf8")));
  // A failed test already counts; only a run that ended badly without one (unhandled error, no report) stays a problem.
  if (!fine && total.failed > failedBefore) total.problems.length = problemsBefore;
}

/** Adds a report's tests; a file that failed outside any test (not loadable, a hook) counts as one failure. */
function count(report) {
  for (const file of report.testResults) {
    if (file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed")) {
      total.failed++;
      console.log(`\n${file.name}: ${file.message}`);
    }
    for (const test of file.assertionResults) {
      if (test.status === "passed") total.passed++;
      else if (test.status === "failed") total.failed++;
      else skip(test);
    }
  }
}

/** Skipped tests are told by suite: its title carries the reason. */
function skip(test) {
  total.skipped++;
  const title = test.ancestorTitles[0] ?? test.title;
  total.skippedSuites.set(title, (total.skippedSuites.get(title) ?? 0) + 1);
}

/** Everything that needs to be said, the numbers last. */
function summarize() {
  console.log("");
  for (const [title, tests] of total.skippedSuites) console.log(`skipped: ${title} (${tests} tests)`);
  for (const problem of total.problems) console.log(`failed: ${problem}`);
  const failed = total.failed + total.problems.length;
  console.log(`${total.passed} passed, ${failed} failed, ${total.skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
