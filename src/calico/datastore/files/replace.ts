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

/** The file of somebody who is writing; `state` is another text once it is another file or holds more. */
export interface Busy { readonly busy: string; readonly state: string }

/** Makes a file; "changed" where there is one already. Rejects as the file system does. */
export async function makeFile(path: string, text: string): Promise<Written> {
  return written(path, text, undefined, {
    mayPut: async () => !await isThere(path),
    put: (next) => promises.rename(next, path),
  });
}

/**
 * Replaces the text of a file, through a link if the path is one, with its mode and owner; without a text removes it.
 * "changed" where the text is not `old` any more. Rejects as the file system does.
 */
export async function replaceFile(path: string, old: string, text: string | undefined): Promise<Written> {
  if (!await isThere(path)) return "changed";
  const target = await promises.realpath(path);
  return written(target, text ?? "", await promises.stat(target), {
    mayPut: async () => await isThere(target) && await readText(target) === old,
    async put(next) {
      if (text !== undefined) return promises.rename(next, target);
      await promises.unlink(path);
      await promises.unlink(next);
    },
  });
}

/**
 * Takes away the file of a writer who was killed. Should he live, he sees that it is gone and puts nothing in its
 * place; should the file be another writer's by now, it goes back.
 */
export async function takeAway({ busy, state }: Busy): Promise<void> {
  const aside = join(dirname(busy), `.${state}.old`);
  try {
    await promises.rename(busy, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return; // he lives, or another one took it away
    throw error;
  }
  if (await stateOf(aside) !== state) {
    await promises.link(aside, busy).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error; // a third writer's: this one will begin anew
    });
  }
  await promises.rm(aside, { force: true });
}

interface Owner { readonly mode: number; readonly uid: number; readonly gid: number }

/** How a text that was written comes to its place, and whether it still may. */
interface Putting { mayPut(): Promise<boolean>; put(next: string): Promise<void> }

/** Writes the next text and puts it in its place, where it may. */
async function written(
  target: string, text: string, owner: Owner | undefined, { mayPut, put }: Putting,
): Promise<Written> {
  // No manifest has such a name, so nobody reads it there.
  const next = join(dirname(target), `.${basename(target)}.new`);
  const file = await claimed(next);
  if (file === undefined) return { busy: next, state: await stateOf(next) };
  // The name may be another writer's: once it is done, or where this one was taken for dead.
  const isOurs = async (): Promise<boolean> => await stateOf(next) === await stateOf(file);
  let isDone = false;
  try {
    await fill(file, text, owner);
    if (!await mayPut() || !await isOurs()) return "changed";
    await put(next);
    isDone = true;
    return "done";
  } finally {
    if (!isDone && await isOurs()) await promises.rm(next, { force: true });
    await file.close();
  }
}

/** Which file it is, and since when it holds what it holds; empty where there is none. */
async function stateOf(file: string | promises.FileHandle): Promise<string> {
  try {
    const { ino, mtimeMs } = await (typeof file === "string" ? promises.lstat(file) : file.stat());
    return `${ino}-${mtimeMs}`;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
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
