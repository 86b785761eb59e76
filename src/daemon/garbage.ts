/**
 * When the process should look for garbage by itself. Rule: V8 grows its heap in a burst of routes and gives it back
 * with the next full collection, which a daemon that has gone quiet may not see for hours (measured: 16 MiB idle,
 * 28 to 46 MiB a minute after a million routes left, 13 MiB after a collection of 10 ms). So one is asked for when
 * tables have shrunk by much, or many sessions came or went. It also unmaps the pages that the tables dropped
 * (rib/page.ts).
 */

/** Octets that are worth it: by which the tables shrank, and what sessions left in the heap. */
const ENOUGH_OCTETS = 4 * 1024 * 1024;
/** What one that comes or goes leaves there, about. */
const SESSION_OCTETS = 16 * 1024;

/** Follows the size of the tables. */
export class Garbage {
  #highestOctets = 0;
  #leftOctets = 0;
  #asked = false;

  /** A session came up or ended. */
  sessionChanged(): void {
    this.#leftOctets += SESSION_OCTETS;
  }

  /** The tables have this size now. Answers whether a collection is to be asked for: once until it was had. */
  isDue(octets: number): boolean {
    this.#highestOctets = Math.max(this.#highestOctets, octets);
    if (this.#asked || this.#highestOctets - octets + this.#leftOctets < ENOUGH_OCTETS) return false;
    this.#asked = true;
    return true;
  }

  /** The collection was had, and the tables have this size now. */
  collected(octets: number): void {
    this.#asked = false;
    this.#highestOctets = octets;
    this.#leftOctets = 0;
  }
}
