/** What is derived from resources again and again, and mostly comes out as it was. */

import { sameValue } from "../../base/same.ts";

/**
 * One derived value. It is derived again only where what it depends on is other objects, and where it comes out equal
 * it stays the object that it was: whoever depends on it has nothing to do.
 */
export class Derived<T> {
  #basis: readonly unknown[] | undefined;
  #value: T | undefined;

  /** The last value. */
  get last(): T | undefined {
    return this.#value;
  }

  /** The value for this basis; always the same number of things that it depends on. */
  of(basis: readonly unknown[], derive: () => T): T {
    const known = this.#basis;
    if (known !== undefined && basis.every((part, at) => part === known[at])) return this.#value as T;
    const value = derive();
    if (known === undefined || !sameValue(this.#value, value)) this.#value = value;
    this.#basis = basis;
    return this.#value as T;
  }
}
