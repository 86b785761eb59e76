/** The log: one structured line per event. Rule: what a peer can say is escaped and capped before it gets here. */

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

/** Writes lines of one format to `sink`; `wallMilliseconds` stamps them. */
export function newLog(settings: LogSettings, format: "json" | "text", wallMilliseconds: () => number,
  sink: (line: string) => void): Log {
  const most = LEVELS.indexOf(settings.level);
  const line = format === "json" ? jsonLine : textLine;
  return {
    write(level, event, fields = {}): void {
      if (LEVELS.indexOf(level) <= most) sink(line(new Date(wallMilliseconds()).toISOString(), level, event, fields));
    },
  };
}

/** A log that nobody reads: labs and simulations. */
export const SILENT: Log = { write: () => undefined };

function jsonLine(time: string, level: LogLevel, event: string, fields: LogFields): string {
  return `${JSON.stringify({ time, level, event, ...fields })}\n`;
}

function textLine(time: string, level: LogLevel, event: string, fields: LogFields): string {
  const words = Object.entries(fields).filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name}=${quoted(value)}`);
  return `${time} ${level.padEnd(5)} ${event}${words.length > 0 ? " " : ""}${words.join(" ")}\n`;
}

function quoted(value: unknown): string {
  const text = String(value);
  return /^[\w.:/@%-]+$/.test(text) ? text : JSON.stringify(text);
}
