/** Ports for what the pure core may not reach by itself: time and chance. */

declare const unit: unique symbol;

/** A moment on a monotonic clock, in milliseconds since an arbitrary start. */
export type Instant = number & { readonly [unit]: "Instant" };

/** Where time comes from: the system's clock in the daemon, virtual time in the simulator. */
export interface Clock {
  /** The monotonic time. */
  now(): Instant;
  /** The wall clock, in milliseconds since 1970, for what people read. */
  wallMilliseconds(): number;
}

/** A source of chance: 0 <= value < 1. Seeded in tests and in the simulator. */
export type Random = () => number;

/** The moment `seconds` after `from`. */
export function after(from: Instant, seconds: number): Instant {
  return (from + seconds * 1000) as Instant;
}
