/** Attribute sets and prefixes to their numbers. */

import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import type { AttributesId } from "../../src/rib/ids.ts";
import type { PrefixTable } from "../../src/rib/prefix-table.ts";
import { addressOf, newEngine, storedBlockOf } from "./engine.ts";
import type { MicroOperation } from "./measure.ts";

const SETS = 20_000;
const PREFIXES = 100_000;

/** Sets and prefixes, new and known. */
export function internOperations(): MicroOperation[] {
  return [newSets(), knownSets(), newPrefixes(), knownPrefixes()];
}

const blocks = (): Uint8Array[] => Array.from({ length: SETS }, (_, i) => storedBlockOf(i + 1));

function newSets(): MicroOperation {
  const { store } = newEngine(0).tables;
  const all = blocks();
  const ids = new Uint32Array(SETS);
  const prepare = (): void => {
    for (let i = 0; i < SETS; i++) if (ids[i] !== 0) store.release(ids[i] as AttributesId);
  };
  const work = (): void => {
    for (let i = 0; i < SETS; i++) {
      const id = store.intern(all[i]!, 0, all[i]!.length, EMPTY);
      store.retain(id);
      ids[i] = id;
    }
  };
  return { group: "intern", what: "an attribute set that is new", count: SETS, allocationFree: true, prepare, work };
}

function knownSets(): MicroOperation {
  const { store } = newEngine(0).tables;
  const all = blocks();
  for (const block of all) store.retain(store.intern(block, 0, block.length, EMPTY));
  const work = (): void => {
    for (let i = 0; i < SETS; i++) store.intern(all[i]!, 0, all[i]!.length, EMPTY);
  };
  return { group: "intern", what: "an attribute set that is held", count: SETS, allocationFree: true, work };
}

function newPrefixes(): MicroOperation {
  let table = prefixTable();
  const prepare = (): void => {
    table = prefixTable();
  };
  return { group: "intern", what: "a prefix that is new", count: PREFIXES, allocationFree: true, prepare,
    work: () => internPrefixes(table) };
}

function knownPrefixes(): MicroOperation {
  const table = prefixTable();
  internPrefixes(table);
  return { group: "intern", what: "a prefix that is held", count: PREFIXES, allocationFree: true,
    work: () => internPrefixes(table) };
}

const prefixTable = (): PrefixTable => newEngine(0).tables.ribs[IPV4_UNICAST.index]!.prefixes;

function internPrefixes(table: PrefixTable): void {
  for (let i = 0; i < PREFIXES; i++) table.intern(addressOf(i), 0, 0, 0, 26);
}
