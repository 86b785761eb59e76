/** Files written as a whole: who reads one sees the old text or the new one, never a part. */

import { randomBytes } from "node:crypto";
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

/** Makes a file; false where there is one already. Rejects as the file system does. */
export async function makeFile(path: string, text: string): Promise<boolean> {
  return replace(path, text, undefined, async () => !(await isThere(path)));
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

/**
 * Replaces the text of a file, through a link if the path is one, with its mode and owner; without a text removes it.
 * False where the text is not `old` any more: somebody else wrote meanwhile. Rejects as the file system does.
 */
export async function replaceFile(path: string, old: string, text: string | undefined): Promise<boolean> {
  const target = await promises.realpath(path);
  const isUnchanged = async (): Promise<boolean> => (await readText(target)) === old;
  if (text !== undefined) return replace(target, text, await promises.stat(target), isUnchanged);
  if (!(await isUnchanged())) return false;
  await promises.unlink(path);
  return true;
}

interface Owner { readonly mode: number; readonly uid: number; readonly gid: number }

async function replace(
  target: string, text: string, owner: Owner | undefined, mayGo: () => Promise<boolean>,
): Promise<boolean> {
  // The name ends as no manifest does, so that nobody who watches the folder reads it.
  const temporary = join(dirname(target), `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await write(temporary, text, owner);
    if (!(await mayGo())) return false;
    await promises.rename(temporary, target);
    return true;
  } finally {
    await promises.rm(temporary, { force: true });
  }
}

async function write(path: string, text: string, owner: Owner | undefined): Promise<void> {
  const file = await promises.open(path, "wx", NEW_FILE_MODE);
  try {
    await file.writeFile(text);
    if (owner !== undefined) {
      await file.chmod(owner.mode & MODE_BITS);
      // Only root may give a file away: another user's new file is his own.
      await file.chown(owner.uid, owner.gid).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "EPERM") throw error;
      });
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
