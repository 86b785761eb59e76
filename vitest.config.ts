/** What both halves of `npm test` share (test/run.mjs says which files each half runs). */

import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/support/leftovers.ts",
    include: ["test/**/*.test.ts"],
    exclude: ["node_modules/**", "build/**", "dist/**"],
    // One more than cores: a tenth of the files wait for sockets, disks and processes most of their time.
    maxWorkers: availableParallelism() + 1,
    // A process per file spends a third of the CPU on starting and on compiling src again; no file patches a module.
    isolate: false,
    // Tests that may run at once mostly wait.
    maxConcurrency: 40,
    testTimeout: 20_000,
    hookTimeout: 30_000,
  },
});
