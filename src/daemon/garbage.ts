/**
 * When the process should look for garbage by itself. Rule: V8 grows its heap in a burst of routes and gives it back
 * with the next full collection, which a daemon that has gone quiet may not see for hours (measured: 16 MiB idle,
 * 28 to 46 MiB a minute after a million routes left, 13 MiB after a collection of 10 ms). So one is asked for when
 * tables have shrunk by much.
 */

/** Octets by which the tables must shrink. */
const SHRUNK_OCTETS = 32 * 1024 * 1024;

/** Follows the size of the tables. */
export class Garbage {
  #highestOctets = 0;

  /** The tables have this size now. Answers whether they shrank by enough since the last time that was so. */
  isDue(octets: number): boolean {
    this.#highestOctets = Math.max(this.#highestOctets, octets);
    if (this.#highestOctets - octets < SHRUNK_OCTETS) return false;
    this.#highestOctets = octets;
    return true;
  }
}
