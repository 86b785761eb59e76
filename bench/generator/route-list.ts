/** The routes of a source while they are collected. */

import type { AttributeSets } from "./attribute-sets.ts";
import { copied } from "./prefixes.ts";
import type { SourceLoad } from "./load.ts";

/** Of a source whose prefixes come in any order. */
export class RouteList {
  #prefixes: Uint32Array = new Uint32Array(1024);
  #sets: Uint32Array = new Uint32Array(1024);
  #count = 0;

  add(prefix: number, set: number): void {
    if (this.#count === this.#prefixes.length) {
      this.#prefixes = copied(new Uint32Array(2 * this.#count), this.#prefixes);
      this.#sets = copied(new Uint32Array(2 * this.#count), this.#sets);
    }
    this.#prefixes[this.#count] = prefix;
    this.#sets[this.#count++] = set;
  }

  /** Ordered by set; the last route gets a set of its own where there are several. */
  finish(attributes: AttributeSets): SourceLoad {
    const count = this.#count;
    const order = new Float64Array(count);
    // Set and place in one number: sorting numbers needs no comparison function.
    for (let i = 0; i < count; i++) order[i] = this.#sets[i]! * 2 ** 26 + i;
    order.sort();
    const places = Uint32Array.from(order, (key) => key % 2 ** 26);
    const prefixes = places.map((place) => this.#prefixes[place]!);
    const sets = places.map((place) => this.#sets[place]!);
    if (count < 2) return { prefixes, sets, last: -1 };
    sets[count - 1] = attributes.lone(sets[count - 1]!);
    return { prefixes, sets, last: prefixes[count - 1]! };
  }
}
