/**
 * The only places in the pure core that throw. What they throw is our own bug, never a peer's mistake:
 * a peer's mistake is a value (see messages/fault.ts).
 */

/** Throws when an invariant of ours does not hold. The message says which, for the stack in the bug report. */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Error(`bug: ${why}`);
}

/** Marks a branch that the types rule out; a new member of a union fails to compile here. */
export function unreachable(value: never, where: string): never {
  throw new Error(`bug: ${where}: unexpected ${JSON.stringify(value)}`);
}
