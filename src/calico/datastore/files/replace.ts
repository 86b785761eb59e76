/** Files written as a whole, by one writer at a time: who reads one sees the old text or the new one, never a part. */

import { promises } from "node:fs";
import { basename, dirname, join } from "node:path";

const NEW_FILE_MODE = 0o644;
const MODE_BITS = 0o7777;

/** The text of a file; undefined where its octets are no UTF-8: such a file could not be written back unharmed. */
export async function readText(path: string): Promise<string | undefined> {
  const octets = await promises.readFile(path);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    return undefined; // the one thing that decoding throws for
  }
}

/** What became of it: another text than expected may stand there, or somebody else may be writing. */
export type Written = "done" | "changed" | Busy;

/** The file of somebody who is writing. */
export interface Busy { readonly busy: string }

/** Makes a file; "changed" where there is one already. Rejects as the file system does. */
export async function makeFile(path: string, text: string): Promise<Written> {
  return written(path, text, undefined, async (next) => {
    if (await isThere(path)) return false;
    await promises.rename(next, path);
    return true;
  });
}

/**
 * Replaces the text of a file, through a link if the path is one, with its mode and owner; without a text removes it.
 * "changed" where the text is not `old` any more. Rejects as the file system does.
 */
export async function replaceFile(path: string, old: string, text: string | undefined): Promise<Written> {
  if (!await isThere(path)) return "changed";
  const target = await promises.realpath(path);
  return written(target, text ?? "", await promises.stat(target), async (next) => {
    if (!await isThere(target) || await readText(target) !== old) return false;
    if (text !== undefined) {
      await promises.rename(next, target);
      return true;
    }
    await promises.unlink(path);
    await promises.unlink(next);
    return true;
  });
}

interface Owner { readonly mode: number; readonly uid: number; readonly gid: number }

/** Writes the next text; `finish` puts it in its place, and answers false where it may not. */
async function written(
  target: string, text: string, owner: Owner | undefined, finish: (next: string) => Promise<boolean>,
): Promise<Written> {
  // No manifest has such a name, so nobody reads it there.
  const next = join(dirname(target), `.${basename(target)}.new`);
  const file = await claimed(next);
  if (file === undefined) return { busy: next };
  let isDone = false;
  try {
    await fill(file, text, owner);
    isDone = await finish(next);
    return isDone ? "done" : "changed";
  } finally {
    await file.close();
    // Once it is done the name may be another writer's.
    if (!isDone) await promises.rm(next, { force: true });
  }
}

/** A file made by us; undefined where there is one: who made it is the one writer. */
async function claimed(next: string): Promise<promises.FileHandle | undefined> {
  try {
    return await promises.open(next, "wx", NEW_FILE_MODE);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return undefined;
    throw error;
  }
}

async function fill(file: promises.FileHandle, text: string, owner: Owner | undefined): Promise<void> {
  await file.writeFile(text);
  if (owner !== undefined) {
    await file.chmod(owner.mode & MODE_BITS);
    // Only root may give a file away: another user's new file is his own.
    await file.chown(owner.uid, owner.gid).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EPERM") throw error;
    });
  }
  await file.sync();
}

async function isThere(path: string): Promise<boolean> {
  try {
    await promises.lstat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}
