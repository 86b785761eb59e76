/** Folders of tests. test/support/leftovers.ts sees to it that none is left. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** A new folder that is removed after the test, whatever becomes of it. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "reflectd-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
