/** Waiting for daemons. Rule: bounded, and a failure says what was waited for, what was last seen, and the logs. */

import type { Lab } from "./lab.ts";

const POLL_MS = 100;

/**
 * Reads until `holds` is content and answers what it saw. Throws after `timeoutMs` with the last value and every
 * daemon's last log lines; an error while reading counts as "not yet" and is quoted if it stays.
 */
export async function waitFor<T>(lab: Lab, what: string, read: () => Promise<T> | T, holds: (value: T) => boolean,
  timeoutMs: number = 15_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let last: string;
    try {
      const value = await read();
      if (holds(value)) return value;
      last = JSON.stringify(value, undefined, 1) ?? "undefined";
    } catch (error) {
      last = String(error);
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${what}; last seen: ${last.slice(0, 6000)}\n${lab.logTails()}`);
    }
    await pause(POLL_MS);
  }
}

/**
 * Reads for `forMs` and throws as soon as `holds` is not content: for what must stay as it is. The one place where
 * the lab spends time on purpose.
 */
export async function staysFor<T>(lab: Lab, what: string, read: () => Promise<T> | T, holds: (value: T) => boolean,
  forMs: number): Promise<void> {
  const end = performance.now() + forMs;
  do {
    const value = await read();
    if (!holds(value)) {
      throw new Error(`${what} did not stay so: ${JSON.stringify(value, undefined, 1)}\n${lab.logTails()}`);
    }
    await pause(POLL_MS);
  } while (performance.now() < end);
}

/** Resolves after `ms`. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}
