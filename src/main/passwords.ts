/**
 * The passwords that a configuration's neighbours name by file. Rule: a file that holds none costs its neighbours only,
 * which wait and say why; it is read again with every reload.
 */

import { constants, promises } from "node:fs";
import { whyUnreadable } from "../base/unreadable.ts";
import type { Intent, Password } from "../config/intent.ts";
import type { Configuration } from "../config/reader.ts";

/** Nothing longer is a password; whoever named a device or a log file by mistake gets a line instead of its content. */
const OCTETS_MAX = 4096;

/** The same configuration with what the password files hold now. */
export async function withPasswords(read: Configuration): Promise<Configuration> {
  return "faults" in read ? read : { ...read, intent: await intentWithPasswords(read.intent) };
}

async function intentWithPasswords(intent: Intent): Promise<Intent> {
  const files = new Set(intent.peers.flatMap(({ passwordFile }) => passwordFile ?? []));
  const passwords = new Map(await Promise.all([...files].map(async (file) => [file, await passwordIn(file)] as const)));
  const peers = intent.peers.map((peer) =>
    (peer.passwordFile === undefined ? peer : { ...peer, password: passwords.get(peer.passwordFile) }));
  return { ...intent, peers };
}

/** The first line of a file. */
async function passwordIn(file: string): Promise<Password> {
  try {
    // Without O_NONBLOCK a named pipe keeps whoever opens it until somebody writes, and every reload behind it.
    const handle = await promises.open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return { missing: `${file} is a folder, a pipe or a device` };
      const { bytesRead, buffer } = await handle.read(new Uint8Array(OCTETS_MAX), 0, OCTETS_MAX, 0);
      const [text = ""] = new TextDecoder().decode(buffer.subarray(0, bytesRead)).split(/\r?\n/);
      return text === "" ? { missing: `${file} has none in its first line` } : { text };
    } finally {
      await handle.close();
    }
  } catch (error) {
    return { missing: `${file} cannot be read: ${whyUnreadable(error as NodeJS.ErrnoException)}` };
  }
}
