/** What the kernel's owner needs of the daemon and of the host. */

import type { KernelSettings } from "../../config/settings.ts";
import type { KernelPort, KernelProcesses } from "../../kernel/port.ts";
import type { Log } from "../log.ts";

/** A kernel; one that is reached through processes of ours can say how they are. */
export type OpenKernel = KernelPort & Partial<KernelProcesses>;

/** What only the host knows. */
export interface KernelHost {
  /** Opens the kernel of this host; once. */
  open(): OpenKernel;
  /** Who else writes routes of our protocol number; undefined: nobody. */
  occupied(): Promise<string | undefined>;
}

/** All of it. */
export interface KernelMeans extends KernelHost {
  readonly settings: KernelSettings;
  readonly isCalico: boolean;
  readonly log: Log;
  /** Milliseconds of a monotonic clock, and since 1970. */
  now(): number;
  wallMilliseconds(): number;
  /** Runs in the next turn of the event loop. */
  soon(run: () => void): void;
  /** Runs later; the answer takes it back. */
  later(seconds: number, run: () => void): () => void;
  /** Whether the neighbours had their chance to tell what they know. */
  isConverged(): boolean;
}
