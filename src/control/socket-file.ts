/**
 * Sockets in the file system that only their owner and one group may open. A file in the way is removed only when it is
 * a socket and nobody answers on it.
 */

import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { connect } from "node:net";
import type { ListenOptions, Server } from "node:net";
import type { ControlHost, StartRefusal } from "./host.ts";
import { somebodyListens } from "./listening.ts";

/** Where, and for whom. */
export interface SocketFile {
  readonly path: string;
  /** The key of the configuration that names it, for what is said to the user. */
  readonly setting: string;
  /** Name or number of the group that may connect; the process's own group without it. */
  readonly group?: string | number;
  readonly host: ControlHost;
}

/** What every system's sun_path holds, its closing zero left out (unix(7): 108 octets on Linux, 104 on BSD). */
const PATH_OCTETS_MAX = 103;

/** Makes a server listen on a file, or says in one line why it cannot. The file goes when the server closes. */
export async function listenOnFile(server: Server, file: SocketFile): Promise<StartRefusal | undefined> {
  const { path, host } = file;
  const groupId = file.group === undefined ? undefined : groupIdOf(file.group);
  if (typeof groupId === "object") return groupId;
  const blocked = prepareFolder(file, groupId) ?? await removeStale(file);
  if (blocked !== undefined) return blocked;
  // Nobody but us can open the file before its group and mode are right.
  const maskBefore = host.umask(0o177);
  const listening = listen(server, { path });
  host.umask(maskBefore);
  const refused = await listening;
  if (refused !== undefined) return refusal(file, refused);
  try {
    if (groupId !== undefined) chownSync(path, -1, groupId);
    chmodSync(path, 0o660);
  } catch (error) {
    server.close();
    return refusal(file, error as Error);
  }
  return undefined;
}

/** Resolves when the server listens, or with the reason why it does not. */
export function listen(server: Server, options: ListenOptions): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const refused = (error: Error): void => resolve(error);
    server.prependOnceListener("error", refused);
    server.listen(options, () => {
      server.off("error", refused);
      resolve(undefined);
    });
  });
}

/** What system errors mean here, and what to do. */
const TROUBLES: Readonly<Record<string, (setting: string) => string>> = {
  ENOENT: (setting) => `its folder and the folder above are missing (make them, or choose another ${setting})`,
  ENOTDIR: (setting) => `a file stands where a folder should be (choose another ${setting})`,
  EACCES: (setting) => `no permission (run as a user who may write there, or choose another ${setting})`,
  EPERM: () => "no permission to give it to the group (run as a member of control.group, or choose another group)",
  EROFS: (setting) => `the file system is read-only (choose another ${setting})`,
};

function refusal({ path, setting }: SocketFile, { code, message }: NodeJS.ErrnoException): StartRefusal {
  const why = TROUBLES[code ?? ""]?.(setting) ?? `${message} (choose another ${setting})`;
  return { refused: `the control socket ${path} cannot be opened: ${why}` };
}

/** A missing folder is made for our user, and the group that may connect; one of somebody else is not trusted. */
function prepareFolder(file: SocketFile, groupId: number | undefined): StartRefusal | undefined {
  const { path, setting, host: { uid } } = file;
  const folder = path.slice(0, Math.max(1, path.lastIndexOf("/")));
  if (!path.startsWith("/")) return { refused: `${setting} is no absolute path: ${path} (begin it with /)` };
  // The system would cut it, and nobody would find the socket.
  if (Buffer.byteLength(path) > PATH_OCTETS_MAX) {
    return { refused: `${setting} is too long: ${path} (at most ${PATH_OCTETS_MAX} octets)` };
  }
  try {
    // One level only: more would be a mistyped path. (Node's recursive mkdir also never returns under /proc.)
    if (!existsSync(folder)) {
      mkdirSync(folder, { mode: groupId === undefined ? 0o700 : 0o750 });
      if (groupId !== undefined) chownSync(folder, -1, groupId);
    }
    const owner = statSync(folder).uid;
    if (uid <= 0 || owner === uid || owner === 0) return undefined;
    return { refused: `${folder} belongs to user ${owner}, who could replace the control socket (choose another)` };
  } catch (error) {
    return refusal(file, error as Error);
  }
}

async function removeStale(file: SocketFile): Promise<StartRefusal | undefined> {
  const { path, setting } = file;
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (!found.isSocket()) return { refused: `${path} is in the way and is no socket (choose another ${setting})` };
  if (await answers(path)) {
    return { refused: `a daemon already answers on ${path} (stop it, or choose another ${setting})` };
  }
  try {
    unlinkSync(path);
    return undefined;
  } catch (error) {
    return refusal(file, error as Error);
  }
}

/** Whether anybody accepts there: only a refused connection, or a look from outside, says that nobody does. */
function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path, () => {
      probe.destroy();
      resolve(true);
    });
    probe.on("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code === "EACCES" ? somebodyListens(path) ?? true : code !== "ECONNREFUSED");
    });
  });
}

function groupIdOf(group: string | number): number | StartRefusal {
  if (typeof group === "number") return group;
  if (/^[0-9]{1,9}$/.test(group)) return Number(group);
  try {
    const line = readFileSync("/etc/group", "utf8").split("\n").find((text) => text.startsWith(`${group}:`));
    if (line !== undefined) return Number(line.split(":")[2]);
    const why = `there is no group ${JSON.stringify(group)} on this machine (make it, or give its number)`;
    return { refused: `control.group: ${why}` };
  } catch (error) {
    return { refused: `control.group: the groups of this machine cannot be read: ${(error as Error).message}` };
  }
}
