/** What the control surfaces need from the process they run in. The composition root passes it; tests pass fakes. */

/** The process, seen by the servers. `process` itself satisfies memoryUsage, cpuUsage and umask. */
export interface ControlHost {
  /** Resolves in a later turn of the event loop, after waiting I/O was served. */
  nextTurn(): Promise<void>;
  /** Milliseconds since 1970. */
  wallMilliseconds(): number;
  /** Sets the file mode creation mask and returns the old one. */
  umask(mask: number): number;
  /** Effective user id; -1 where the system has none. */
  readonly uid: number;
  /** Octets. */
  memoryUsage(): { readonly rss: number; readonly heapTotal: number; readonly heapUsed: number;
    readonly external: number; readonly arrayBuffers: number };
  /** Microseconds since the process started. */
  cpuUsage(): { readonly user: number; readonly system: number };
  /** To be logged: an exception of ours cost one request, or a connection could not be accepted. */
  onFailure(error: unknown, where: string): void;
}

/** A server that could not be started: one line, and what to do about it. */
export interface StartRefusal { readonly refused: string }
