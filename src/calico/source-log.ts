/** Where Calico mode says what happens: the daemon's log, as a port. */

/** Takes events. */
export interface SourceLog {
  write(level: "info" | "warn" | "error", event: string, fields?: Readonly<Record<string, string | number>>): void;
}
