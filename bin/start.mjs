/**
 * `npm start`: compiles what is newer than dist/, then runs the embedded lab with the words given behind `--`.
 * Rule: node and what `npm ci` installed suffice; signals reach the lab; its exit code is ours.
 */

import { spawn, spawnSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = join(root, "dist/main.js");

const failed = isStale() ? build() : 0;
if (failed !== 0) process.exitCode = failed;
else run();

/** Whether a source or a compiler setting changed after the program was compiled. */
function isStale() {
  if (!existsSync(join(root, "src"))) return false; // an installed package carries dist/ alone
  if (!existsSync(program)) return true;
  const built = statSync(program).mtimeMs;
  const sources = readdirSync(join(root, "src"), { recursive: true }).map((name) => join("src", String(name)));
  return [...sources, "bin/build.mjs", "bin/join.mjs", "package.json", "tsconfig.json", "tsconfig.build.json"]
    .some((name) => statSync(join(root, name)).mtimeMs > built);
}

/** Compiles, and says so where it does not disturb what the lab says; the exit code. */
function build() {
  process.stderr.write("reflectd: building\n");
  const { status } = spawnSync(process.execPath, [join(root, "bin/build.mjs")], { stdio: ["ignore", 2, 2] });
  return status ?? 1;
}

function run() {
  const lab = spawn(process.execPath, [program, "lab", ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends SIGINT to both of us: the lab answers it, we wait. What only we were sent is passed on.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) lab.kill(signal);
    });
  }
  lab.on("error", (error) => {
    process.stderr.write(`reflectd: cannot start the lab: ${error.message}\n`);
    process.exitCode = 1;
  });
  lab.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === null ? 1 : 130);
  });
}
