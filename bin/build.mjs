/** `npm run build`: compiles src/ to build/, a file each, and joins them to the program, dist/. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { joined } from "./join.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

process.exitCode = compile();
if (process.exitCode === 0) {
  const files = joined("main.js", (file) => readFileSync(join(root, "build", file), "utf8"));
  rmSync(join(root, "dist"), { recursive: true, force: true });
  for (const [file, text] of files) {
    mkdirSync(dirname(join(root, "dist", file)), { recursive: true });
    writeFileSync(join(root, "dist", file), text);
  }
}

/** Runs the compiler; its exit code. */
function compile() {
  const compiler = join(root, "node_modules/typescript/bin/tsc");
  if (!existsSync(compiler)) {
    process.stderr.write("reflectd: cannot build: the compiler is not installed (run `npm ci` first)\n");
    return 1;
  }
  const words = [compiler, "-p", join(root, "tsconfig.build.json")];
  const { status, error } = spawnSync(process.execPath, words, { cwd: root, stdio: "inherit" });
  if (error !== undefined) process.stderr.write(`reflectd: cannot build: ${error.message}\n`);
  return status ?? 1;
}
