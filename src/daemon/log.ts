/** The log: one structured line per event. Rule: every value is escaped and capped, whoever said it. */

import { printableJson } from "../base/printable.ts";
import type { LogLevel, LogSettings } from "../config/settings.ts";

/** Least to most. */
const LEVELS: readonly LogLevel[] = ["error", "warn", "info", "debug"];

/** What an event carries beside its name. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Where events go. */
export interface Log {
  /** `event` is a stable word for machines, for example "session-up". */
  write(level: LogLevel, event: string, fields?: LogFields): void;
}

/** A log whose level can be another one from now on. */
export interface LevelledLog extends Log {
  become(level: LogLevel): void;
}

/** Writes lines of one format to `sink`, those of `info` and above until it is told another level. */
export function newLog({ level = "info" }: LogSettings, format: "json" | "text", wallMilliseconds: () => number,
  sink: (line: string) => void): LevelledLog {
  let most = LEVELS.indexOf(level);
  const line = format === "json" ? jsonLine : textLine;
  return {
    become: (next) => {
      most = LEVELS.indexOf(next);
    },
    write(level, event, fields = {}): void {
      if (LEVELS.indexOf(level) <= most) sink(line(new Date(wallMilliseconds()).toISOString(), level, event, fields));
    },
  };
}

/** A log that nobody reads: labs and simulations. */
export const SILENT: Log = { write: () => undefined };

/** Characters of one value at most, stacks and the octets of messages of ours apart. */
const CHARACTERS_MAX = 1024;
const LONG: readonly string[] = ["stack", "message", "why"];
const LONG_CHARACTERS_MAX = 16_384;

function jsonLine(time: string, level: LogLevel, event: string, fields: LogFields): string {
  const capped = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, cap(name, value)]));
  return `${printableJson(JSON.stringify({ time, level, event, ...capped }))}\n`;
}

function textLine(time: string, level: LogLevel, event: string, fields: LogFields): string {
  const words = Object.entries(fields).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${quoted(cap(name, value))}`);
  return `${time} ${level.padEnd(5)} ${event}${words.length > 0 ? " " : ""}${words.join(" ")}\n`;
}

function cap<T>(name: string, value: T): T | string {
  const max = LONG.includes(name) ? LONG_CHARACTERS_MAX : CHARACTERS_MAX;
  return typeof value === "string" && value.length > max ? `${value.slice(0, max)}…` : value;
}

function quoted(value: unknown): string {
  const text = String(value);
  return /^[\w.:/@%-]+$/.test(text) ? text : printableJson(JSON.stringify(text));
}
