/**
 * One object for equal values. Rule: only for plain data that nobody changes; thousands of sessions that agreed on the
 * same then share what they agreed on.
 */

/** Values that are remembered: a peer can invent as many as it likes. */
const VALUES_MAX = 256;

/** The values of one kind that are in use, or were lately. */
export class Shared<T extends object> {
  /** By JSON, the oldest first. */
  readonly #values = new Map<string, T>();

  /** The first of all values that are equal to this one as far as JSON can tell; itself where it is the first. */
  of(value: T): T {
    const key = JSON.stringify(value);
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    if (this.#values.size === VALUES_MAX) this.#values.delete(this.#values.keys().next().value!);
    this.#values.set(key, value);
    return value;
  }
}
