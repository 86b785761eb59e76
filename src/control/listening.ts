/** Who listens on a socket file that this process cannot open, by what Linux tells everybody of its sockets. */

import { readFileSync } from "node:fs";

const TABLE = "/proc/net/unix";
/** A line of it: flags in hexadecimal, and behind five more columns the path as it was given to bind. */
const LINE = /^\S+ \S+ \S+ ([0-9A-F]{8}) \S+ \S+ +\d+ (.+)$/;
/** It accepts connections (__SO_ACCEPTCON in linux/net.h). */
const ACCEPTS = 0x10000;

/**
 * Whether somebody in our network namespace, who shares its kernel routes with us, listens on a socket file, be it in
 * another container and not to be seen from here. Undefined where the system does not tell.
 */
export function somebodyListens(path: string): boolean | undefined {
  try {
    return readFileSync(TABLE, "utf8").split("\n").some((line) => {
      const [, flags = "", bound = ""] = LINE.exec(line) ?? [];
      return (parseInt(flags, 16) & ACCEPTS) !== 0 && inRun(bound) === inRun(path);
    });
  } catch {
    return undefined; // no such table: another system, or a /proc that is closed to us
  }
}

/** /var/run is /run's other name. */
function inRun(path: string): string {
  return path.replace(/^\/var\/run\//, "/run/");
}
