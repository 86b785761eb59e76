/** Attribute sets and prefixes to their numbers. */

import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import type { AttributesId } from "../../src/rib/ids.ts";
import type { PrefixTable } from "../../src/rib/prefix-table.ts";
import { addressOf, newEngine, storedBlockOf } from "./engine.ts";
import type { MicroOperation } from "./measure.ts";

const SETS = 20_000;
const PREFIXES = 100_000;

/** Sets and prefixes, new and known, over so many of each. */
export function internOperations(sets: number = SETS, prefixes: number = PREFIXES): MicroOperation[] {
  return [newSets(sets), knownSets(sets), newPrefixes(prefixes), knownPrefixes(prefixes)];
}

const blocks = (count: number): Uint8Array[] => Array.from({ length: count }, (_, i) => storedBlockOf(i + 1));

function newSets(count: number): MicroOperation {
  const { store } = newEngine(0).tables;
  const all = blocks(count);
  const ids = new Uint32Array(count);
  const prepare = (): void => {
    for (let i = 0; i < count; i++) if (ids[i] !== 0) store.release(ids[i] as AttributesId);
  };
  const work = (): void => {
    for (let i = 0; i < count; i++) {
      const id = store.intern(all[i]!, 0, all[i]!.length, EMPTY);
      store.retain(id);
      ids[i] = id;
    }
  };
  return { group: "intern", what: "an attribute set that is new", count, allocationFree: true, prepare, work };
}

function knownSets(count: number): MicroOperation {
  const { store } = newEngine(0).tables;
  const all = blocks(count);
  for (const block of all) store.retain(store.intern(block, 0, block.length, EMPTY));
  const work = (): void => {
    for (let i = 0; i < count; i++) store.intern(all[i]!, 0, all[i]!.length, EMPTY);
  };
  return { group: "intern", what: "an attribute set that is held", count, allocationFree: true, work };
}

function newPrefixes(count: number): MicroOperation {
  let table = prefixTable();
  const prepare = (): void => {
    table = prefixTable();
  };
  return { group: "intern", what: "a prefix that is new", count, allocationFree: true, prepare,
    work: () => internPrefixes(table, count) };
}

function knownPrefixes(count: number): MicroOperation {
  const table = prefixTable();
  internPrefixes(table, count);
  return { group: "intern", what: "a prefix that is held", count, allocationFree: true,
    work: () => internPrefixes(table, count) };
}

const prefixTable = (): PrefixTable => newEngine(0).tables.ribs[IPV4_UNICAST.index]!.prefixes;

function internPrefixes(table: PrefixTable, count: number): void {
  for (let i = 0; i < count; i++) table.intern(addressOf(i), 0, 0, 0, 26);
}
