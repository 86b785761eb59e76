/** Who listens on a socket file that this process may not open, by what Linux tells everybody of its sockets. */

import { readFileSync } from "node:fs";

const TABLE = "/proc/net/unix";
/** A line of it: flags in hexadecimal, and behind five more columns the path as it was given to bind. */
const LINE = /^\S+ \S+ \S+ ([0-9A-F]{8}) \S+ \S+ +\d+ (.+)$/;
/** It accepts connections (__SO_ACCEPTCON in linux/net.h). */
const ACCEPTS = 0x10000;

/**
 * Whether somebody in our network namespace, who shares its kernel routes with us, listens on a socket file. True where
 * the system does not tell: who may not open a file cannot know that nobody is behind it.
 */
export function somebodyListens(path: string): boolean {
  try {
    return readFileSync(TABLE, "utf8").split("\n").some((line) => {
      const [, flags = "", bound = ""] = LINE.exec(line) ?? [];
      return (parseInt(flags, 16) & ACCEPTS) !== 0 && inRun(bound) === inRun(path);
    });
  } catch {
    return true; // no such table: another system, or a /proc that is closed to us
  }
}

/** /var/run is /run's other name. */
function inRun(path: string): string {
  return path.replace(/^\/var\/run\//, "/run/");
}
