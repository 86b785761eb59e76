/**
 * Who has a TCP port: for the one line that says why ours cannot be had. Rule: what the system does not tell (another
 * system than Linux, another user's process) is not known, and never a failure of its own.
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** TCP_LISTEN of Linux in the column `st` of /proc/net/tcp (proc(5)). */
const LISTEN = "0A";

/** So much of a command line. */
const WORDS_MAX = 100;

/** The process that listens on a port of this host, such as "bird (pid 812)"; undefined where nobody can say. */
export function portOwner(port: number): string | undefined {
  const sockets = new Set(["tcp", "tcp6"].flatMap((table) => listeners(textOf(`/proc/self/net/${table}`), port)));
  if (sockets.size === 0) return undefined;
  const pid = namesIn("/proc").find((name) => /^[0-9]+$/.test(name) && holds(name, sockets));
  return pid === undefined ? undefined : `${programOf(pid)} (pid ${pid})`;
}

/** Programs of Node are all called alike, another reflectd too: their command lines tell which one it is. */
function programOf(pid: string): string {
  const name = textOf(`/proc/${pid}/comm`).trim();
  const words = textOf(`/proc/${pid}/cmdline`).split("\0").join(" ").trim();
  return name.startsWith("node") && words !== "" ? words.slice(0, WORDS_MAX) : name;
}

/** The sockets that listen on a port, as links in /proc/PID/fd name them. */
export function listeners(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return table.split("\n").map((line) => line.trim().split(/\s+/))
    .filter(([, local = "", , state]) => state === LISTEN && local.endsWith(`:${hex}`))
    .map((columns) => `socket:[${columns[9] ?? ""}]`);
}

function holds(pid: string, sockets: ReadonlySet<string>): boolean {
  return namesIn(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`)));
}

function textOf(file: string): string {
  return orElse("", () => readFileSync(file, "utf8"));
}

function namesIn(folder: string): string[] {
  return orElse([], () => readdirSync(folder));
}

function linkOf(file: string): string {
  return orElse("", () => readlinkSync(file));
}

/** Processes end while they are looked at, and many may not be looked at: both mean "not this one". */
function orElse<T>(unknown: T, read: () => T): T {
  try {
    return read();
  } catch {
    return unknown;
  }
}
