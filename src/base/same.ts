/** Whether two plain values are the same in depth: configuration, resources, what is derived from them. */

import { sameBytes } from "./bytes.ts";

/**
 * Objects, lists, Maps, Sets and octets by what they hold; a member that is undefined is as one that is missing. A
 * Map's order means nothing. Functions say nothing: they follow from the data that they stand beside.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a === "function" && typeof b === "function") return true;
  if (!isObject(a) || !isObject(b)) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Uint8Array) return sameBytes(a, b as unknown as Uint8Array);
  if (Array.isArray(a)) return sameList(a, b as unknown as readonly unknown[]);
  if (a instanceof Map) return sameMap(a, b as unknown as ReadonlyMap<unknown, unknown>);
  if (a instanceof Set) return sameSet(a, b as unknown as ReadonlySet<unknown>);
  return sameMembers(a, b);
}

function sameMembers(a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean {
  for (const key of Object.keys(a)) if (!sameValue(a[key], b[key])) return false;
  for (const key of Object.keys(b)) if (b[key] !== undefined && !Object.hasOwn(a, key)) return false;
  return true;
}

function sameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, at) => sameValue(value, b[at]));
}

function sameMap(a: ReadonlyMap<unknown, unknown>, b: ReadonlyMap<unknown, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (!b.has(key) || !sameValue(value, b.get(key))) return false;
  return true;
}

function sameSet(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const value of a) if (!b.has(value)) return false;
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}
