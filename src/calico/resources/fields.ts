/**
 * Reading a resource's fields: what is wrong is noted with its path, as kubectl writes it, and the reading goes on.
 * What nobody reads is not looked at here (see known-fields.ts). An empty text counts as absent, as in Go.
 */

import { parseAddress, formatAddress } from "../../base/address.ts";
import { parsePrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import { asNumberOf, durationSeconds, nodeAddressOf } from "./scalars.ts";

/** What was wrong with one field. */
export interface FieldFault {
  /** As kubectl writes paths: `spec.peerIP`; empty for the whole object. */
  readonly field: string;
  readonly why: string;
  /** Only where nothing is wrong: the field counts as it is, and may do what its writer does not expect. */
  readonly note?: true;
}

/** How many of them are more than notes. */
export function mistakesIn(faults: readonly FieldFault[]): number {
  return faults.reduce((sum, { note }) => sum + (note === undefined ? 1 : 0), 0);
}

/** Whether there is a mistake in such a field among those since `from`: each says then what counts in its place. */
export function keepsBefore(faults: FieldFault[], from: number, isOne: (field: string) => boolean): boolean {
  let isKept = false;
  for (const [at, fault] of faults.entries()) {
    if (at < from || fault.note === true || !isOne(fault.field)) continue;
    faults[at] = { ...fault, why: `${fault.why}; what it said before counts` };
    isKept = true;
  }
  return isKept;
}

/** An object of a resource, and where faults are noted. */
export class Fields {
  readonly faults: FieldFault[];
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path: string, faults: FieldFault[]) {
    this.faults = faults;
    this.#path = path;
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    this.#object = isObject ? value as Record<string, unknown> : {};
    if (!isObject && value !== undefined && value !== null) this.fault("", "expected an object");
  }

  /** Notes a fault of a field; "" is the object itself. Whatever the text quotes, it stays a line. */
  fault(key: string, why: string): undefined {
    const short = why.length <= WHY_MAX ? why : `${why.slice(0, WHY_MAX)}…`;
    this.faults.push({ field: this.#pathOf(key), why: short });
    return undefined;
  }

  /** Notes what is no fault, but may surprise: the object is as good as before. */
  note(key: string, why: string): void {
    this.faults.push({ field: this.#pathOf(key), why, note: true });
  }

  /** Nothing in it, or nothing there. */
  get isEmpty(): boolean {
    return Object.keys(this.#object).length === 0;
  }

  /** Whether the field says anything. */
  has(key: string): boolean {
    return this.#value(key) !== undefined;
  }

  /** The field as it came. */
  raw(key: string): unknown {
    return this.#value(key);
  }

  /** A text; undefined where absent. */
  text(key: string): string | undefined {
    const value = this.#value(key);
    if (value === undefined || typeof value === "string") return value;
    return this.fault(key, `expected a text, found ${shown(value)}`);
  }

  /** A text that must be there. */
  needed(key: string): string | undefined {
    return this.has(key) ? this.text(key) : this.fault(key, "missing");
  }

  /** The members of an object whose values are texts, as labels are; others are named, what they hold is not. */
  textsByKey(key: string): ReadonlyMap<string, string> {
    const entries = Object.entries(this.object(key).#object);
    const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
    for (const [name] of entries.filter((entry) => !isText(entry))) {
      this.fault(`${key}.${name}`, "is no text (quote it); it was ignored");
    }
    return new Map(entries.filter(isText));
  }

  /** True or false. */
  flag(key: string, otherwise: boolean): boolean {
    const value = this.#value(key);
    if (value === undefined || typeof value === "boolean") return value ?? otherwise;
    this.fault(key, `expected true or false, found ${shown(value)}`);
    return otherwise;
  }

  /** A whole number from min to max. */
  whole(key: string, min: number, max: number): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
    return this.fault(key, `expected a whole number from ${min} to ${max}, found ${shown(value)}`);
  }

  /** One of these words. */
  oneOf<W extends string>(key: string, words: readonly W[], otherwise: W): W {
    const value = this.#value(key);
    if (value === undefined) return otherwise;
    const known = words.find((word) => word === value);
    if (known === undefined) this.fault(key, `expected ${words.join(" or ")}, found ${shown(value)}`);
    return known ?? otherwise;
  }

  /** Whether there is an AS number; 0 is none, as in Calico. */
  hasAsNumber(key: string): boolean {
    const value = this.#value(key);
    return value !== undefined && value !== 0 && value !== "0";
  }

  /** An AS number in any of its forms. */
  asNumber(key: string): number | undefined {
    if (!this.hasAsNumber(key)) return undefined;
    const value = this.#value(key);
    const read = typeof value === "number" || typeof value === "string" ? asNumberOf(value) : undefined;
    return read ?? this.fault(key, `expected an AS number, found ${shown(value)}`);
  }

  /** Seconds of a Go duration such as `2m30s`, rounded. */
  seconds(key: string): number | undefined {
    const value = this.#value(key);
    if (value === undefined) return undefined;
    const seconds = typeof value === "string" ? durationSeconds(value) : undefined;
    return seconds ?? this.fault(key, `expected a duration such as 2m30s, found ${shown(value)}`);
  }

  /** An address of either family, as canonical text. */
  address(key: string): string | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const octets = parseAddress(value);
    return octets === undefined ? this.fault(key, `expected an address, found ${shown(value)}`) : formatAddress(octets);
  }

  /** A network; bits past its length are cleared. */
  cidr(key: string): Prefix | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    const read = nodeAddressOf(value);
    return read?.network ?? this.fault(key, `expected a network such as 10.0.0.0/16, found ${shown(value)}`);
  }

  /** A network without bits past its length, which must be there. */
  strictCidr(key: string): Prefix | undefined {
    const text = this.needed(key);
    if (text === undefined) return undefined;
    return parsePrefix(text) ?? this.fault(key, `expected a network without host bits, found "${text}"`);
  }

  /** An object within; empty where absent. */
  object(key: string): Fields {
    return new Fields(this.#value(key), this.#pathOf(key), this.faults);
  }

  /** The objects of a list; what is no list is a fault. */
  objects(key: string): readonly Fields[] {
    return this.list(key).map((value, at) => new Fields(value, `${this.#pathOf(key)}[${at}]`, this.faults));
  }

  /** The texts of a list. */
  texts(key: string): readonly string[] {
    const found: string[] = [];
    for (const [at, value] of this.list(key).entries()) {
      if (typeof value === "string") found.push(value);
      else this.fault(`${key}[${at}]`, `expected a text, found ${shown(value)}`);
    }
    return found;
  }

  /** The values of a list as they came. */
  list(key: string): readonly unknown[] {
    const value = this.#value(key);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value;
    this.fault(key, `expected a list, found ${shown(value)}`);
    return [];
  }

  #value(key: string): unknown {
    const value = Object.hasOwn(this.#object, key) ? this.#object[key] : undefined;
    return value === null || value === "" ? undefined : value;
  }

  #pathOf(key: string): string {
    return key === "" ? this.#path : this.#path === "" ? key : `${this.#path}.${key}`;
  }
}

const SHOWN_MAX = 60;
const WHY_MAX = 300;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= SHOWN_MAX ? text : `${text.slice(0, SHOWN_MAX)}…`;
}
