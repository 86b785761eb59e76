/** Where the control socket is: the daemon's default and the places where clients look. */

import { lstatSync } from "node:fs";
import { join } from "node:path";

/** What decides the default. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly uid: number;
  readonly tmpdir: string;
}

const SYSTEM_SOCKET = "/run/reflectd/reflectd.sock";

/** The socket of a daemon whose configuration names none. RUNTIME_DIRECTORY is set by systemd (systemd.exec). */
export function daemonSocketPath(around: Surroundings): string {
  const given = around.env["RUNTIME_DIRECTORY"]?.split(":")[0];
  if (given !== undefined && given !== "") return join(given, "reflectd.sock");
  return around.uid === 0 ? SYSTEM_SOCKET : userSocket(around);
}

/** Where a client looks, in order. `explicit` is --socket: then nowhere else. */
export function clientSocketPaths(explicit: string | undefined, around: Surroundings): string[] {
  const told = explicit ?? around.env["REFLECTD_SOCKET"];
  if (told !== undefined && told !== "") return [told];
  const user = userSocket(around);
  // Anybody can make a folder in the temporary folder: ask only a daemon of our own user there.
  return user.startsWith(temporaryFolder(around)) && !isOurs(temporaryFolder(around), around.uid)
    ? [SYSTEM_SOCKET] : [SYSTEM_SOCKET, user];
}

function userSocket(around: Surroundings): string {
  const runtime = around.env["XDG_RUNTIME_DIR"];
  if (runtime !== undefined && runtime !== "") return join(runtime, "reflectd.sock");
  return join(temporaryFolder(around), "reflectd.sock");
}

function temporaryFolder(around: Surroundings): string {
  return join(around.tmpdir, around.uid < 0 ? "reflectd" : `reflectd-${around.uid}`);
}

function isOurs(folder: string, uid: number): boolean {
  try {
    const owner = lstatSync(folder, { throwIfNoEntry: false })?.uid;
    return owner === undefined || uid < 0 || owner === uid;
  } catch {
    return false; // a folder we may not even look at is not ours
  }
}
