/**
 * The pieces that the tables of the configuration are made of. Rule: a key is said once, as a row (kind, default,
 * meaning), and that row reads the file, makes the JSON Schema and is what the documentation is checked against.
 * Reading never stops at a mistake: what is wrong is noted and left undefined, and the rest is read on.
 */

import { below, quoted } from "./fault.ts";
import type { FaultList } from "./fault.ts";
import type { JsonNode } from "./json.ts";
import { nearest } from "./suggest.ts";

/** A JSON Schema (draft 7), as plain JSON. */
export interface Schema {
  readonly [keyword: string]: unknown;
}

/** A value of the file, where it stands, and where mistakes are noted. */
export interface At {
  readonly node: JsonNode;
  readonly path: string;
  readonly faults: FaultList;
}

/** A kind of value: its schema and how it is read. Undefined means that a fault was noted. */
export interface Kind<T> {
  readonly schema: Schema;
  readonly read: (at: At) => T | undefined;
}

/** One row: a key of an object. T includes undefined where the key may be missing or was wrong. */
export interface Key<T> {
  readonly kind: Kind<Exclude<T, undefined>>;
  readonly meaning: string;
  readonly needed: boolean;
  /** The value where the key is missing or wrong. */
  readonly absent: T;
  /** The default in words, where it is not a plain value. */
  readonly absentWords: string | undefined;
}

/** A table: one row for each field of F. */
export type Keys<F> = { readonly [K in keyof F]-?: Key<F[K]> };

/** A rule about several keys of one object. */
export interface Check<F> {
  /** The keys it looks at; the fault points at the first. It waits until each of them by itself is right. */
  readonly keys: readonly [string & keyof F, ...(string & keyof F)[]];
  readonly broken: (fields: F) => boolean;
  readonly what: string;
  readonly todo: string;
}

/** A key that must be given. */
export function needed<T>(kind: Kind<T>, meaning: string): Key<T | undefined> {
  return { ...optional(kind, "", meaning), needed: true, absentWords: undefined };
}

/** A key that may be missing; `absentWords` says what holds then. */
export function optional<T>(kind: Kind<T>, absentWords: string, meaning: string): Key<T | undefined> {
  return { kind: kind as Kind<Exclude<T, undefined>>, meaning, needed: false, absent: undefined, absentWords };
}

/** A key with a default. */
export function defaulted<T>(kind: Kind<T>, absent: T, meaning: string): Key<T> {
  return { kind: kind as Kind<Exclude<T, undefined>>, meaning, needed: false, absent, absentWords: undefined };
}

/** The kind of an object. */
export interface ObjectKind<F> extends Kind<F> {
  /** What an object without keys gives. */
  readonly empty: F;
  /** Reads as `read` does, and adds the names of the keys that are wrong to `wrong`. */
  readonly readNoting: (at: At, wrong: Set<string>) => F | undefined;
}

/** An object with the keys of a table and no others. */
export function object<F>(keys: Keys<F>, checks: readonly Check<F>[] = []): ObjectKind<F> {
  const rows = new Map(Object.entries<Key<unknown>>(keys));
  const readNoting = (at: At, wrong: Set<string>): F | undefined => readObject(rows, checks, at, wrong);
  return {
    schema: objectSchema(rows),
    empty: Object.fromEntries([...rows].map(([name, row]) => [name, row.absent])) as F,
    read: (at) => readNoting(at, new Set()),
    readNoting,
  };
}

type Rows = ReadonlyMap<string, Key<unknown>>;

function readObject<F>(rows: Rows, checks: readonly Check<F>[], at: At, wrong: Set<string>): F | undefined {
  if (at.node.type !== "object") return expected(at, "an object", 'write { "key": value, ... }');
  for (const { name, nameOffset } of at.node.members) if (!rows.has(name)) noteUnknown(at, nameOffset, name, rows);
  const fields: Record<string, unknown> = {};
  for (const [name, row] of rows) {
    const before = at.faults.count;
    fields[name] = readKey(at, name, row);
    if (at.faults.count > before) wrong.add(name);
  }
  for (const { keys, broken, what, todo } of checks) {
    if (!keys.some((key) => wrong.has(key)) && broken(fields as F)) fault(memberOf(at, keys[0]), what, todo);
  }
  return fields as F;
}

function readKey(at: At, name: string, row: Key<unknown>): unknown {
  const member = memberOf(at, name);
  if (member !== at) return row.kind.read(member) ?? row.absent;
  if (row.needed) fault(at, `"${name}" is missing`, `add it: ${lowerFirst(row.meaning)}`);
  return row.absent;
}

function noteUnknown(at: At, offset: number, name: string, rows: Rows): void {
  const known = [...rows.keys()];
  const meant = nearest(name, known);
  const todo = meant === undefined ? `remove it; known here: ${known.join(", ")}` : `did you mean "${meant}"?`;
  at.faults.add(offset, below(at.path, name), `unknown key ${quoted(name)}`, todo);
}

function objectSchema(rows: Rows): Schema {
  const properties = Object.fromEntries([...rows].map(([name, row]) => [name, keySchema(row)]));
  const required = [...rows].filter(([, row]) => row.needed).map(([name]) => name);
  return { type: "object", additionalProperties: false, properties, ...(required.length > 0 ? { required } : {}) };
}

function keySchema(row: Key<unknown>): Schema {
  const words = row.absentWords === undefined ? "" : ` Default: ${row.absentWords}.`;
  const description = `${row.meaning}.${words}`;
  return { ...row.kind.schema, description, ...(row.absent === undefined ? {} : { default: row.absent }) };
}

/** The member `name` of the object at `at`, or `at` itself where there is none. */
export function memberOf(at: At, name: string): At {
  if (at.node.type !== "object") return at;
  const member = at.node.members.find((candidate) => candidate.name === name);
  return member === undefined ? at : { ...at, node: member.value, path: below(at.path, name) };
}

/** A list of values of one kind; `noun` names them. */
export function list<T>(kind: Kind<T>, noun: string, min = 0, max: number = Infinity): Kind<readonly T[]> {
  const bounds = { ...(min > 0 ? { minItems: min } : {}), ...(max < Infinity ? { maxItems: max } : {}) };
  return {
    schema: { type: "array", items: kind.schema, ...bounds },
    read(at) {
      if (at.node.type !== "array") return expected(at, `a list of ${noun}`, "write [ ... ]");
      const { items } = at.node;
      if (items.length < min) return fault(at, `${items.length} ${noun}`, `give at least ${min}`);
      if (items.length > max) return fault(at, `${items.length} ${noun}`, `give at most ${max}`);
      const read = items.map((node, i) => kind.read({ ...at, node, path: below(at.path, i) }));
      return read.filter((value) => value !== undefined) as T[];
    },
  };
}

/** An object together with where it stands, for rules that are checked later. */
export interface Located<T> {
  readonly value: T;
  readonly at: At;
  /** Names of the keys that are wrong by themselves. */
  readonly wrong: ReadonlySet<string>;
}

/** The kind of an object that also keeps its place. */
export function located<T>(kind: ObjectKind<T>): Kind<Located<T>> {
  return {
    schema: kind.schema,
    read(at) {
      const wrong = new Set<string>();
      const value = kind.readNoting(at, wrong);
      return value === undefined ? undefined : { value, at, wrong };
    },
  };
}

/** A kind whose value is worked on further; `convert` may note faults and answer undefined. */
export function mapped<A, B>(kind: Kind<A>, convert: (value: A, at: At) => B | undefined): Kind<B> {
  return {
    schema: kind.schema,
    read(at) {
      const before = at.faults.count;
      const value = kind.read(at);
      return value === undefined || at.faults.count > before ? undefined : convert(value, at);
    },
  };
}

/** Either `false` or a value of the kind. */
export function orFalse<T>(kind: Kind<T>): Kind<T | false> {
  return {
    schema: { anyOf: [{ const: false }, kind.schema] },
    read: (at) => (at.node.type === "boolean" && !at.node.value ? false : kind.read(at)),
  };
}

/** Adds schema keywords that the kind cannot say by itself. */
export function withSchema<T>(kind: Kind<T>, extra: Schema): Kind<T> {
  return { ...kind, schema: { ...kind.schema, ...extra } };
}

/** Notes a fault at a place; undefined, so that a reader can return it. */
export function fault(at: At, what: string, todo: string): undefined {
  at.faults.add(at.node.offset, at.path, what, todo);
  return undefined;
}

/** Notes that something else stands at a place than what belongs there. */
export function expected(at: At, what: string, todo: string): undefined {
  return fault(at, `expected ${what}, found ${shown(at.node)}`, todo);
}

/** A value as a message shows it. */
export function shown(node: JsonNode): string {
  switch (node.type) {
    case "string":
      return quoted(node.value);
    case "number":
    case "boolean":
      return String(node.value);
    case "null":
      return "null";
    default:
      return node.type === "array" ? "a list" : "an object";
  }
}

function lowerFirst(text: string): string {
  return /^[A-Z][a-z ]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}
