/**
 * Where a cell runs: a network namespace of its own (root), else addresses of 127.0.0.0/8. Rule: no packet leaves the
 * loopback interface in either, so nothing but the daemons and the kernel's loopback is measured.
 */

/** Addresses of one cell. Plain data: it is handed to the cell's process as JSON. */
export interface Place {
  /** The namespace's name, or undefined on the host's own loopback. */
  readonly namespace: string | undefined;
  /** Where the daemon listens. */
  readonly daemonAddress: string;
  readonly port: number;
  /** The first client's address as a number; client `index` has this + index. */
  readonly firstClient: number;
}
