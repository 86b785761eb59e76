/** The best of a prefix's paths. */

import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import type { AttributesId, PrefixId } from "../../src/rib/ids.ts";
import type { Rib } from "../../src/rib/rib.ts";
import { addressOf, newEngine, storedBlockOf } from "./engine.ts";
import type { MicroOperation } from "./measure.ts";

const PREFIXES = 20_000;

/** One candidate, two, and as many as a cluster of reflectors may bring. */
export function decideOperations(count: number = PREFIXES): MicroOperation[] {
  return [1, 2, 16].map((candidates) => decideAmong(candidates, count));
}

function decideAmong(candidates: number, count: number): MicroOperation {
  const { rib, prefixes } = fill(candidates, count);
  const work = (): void => {
    for (let i = 0; i < count; i++) rib.decide(prefixes[i] as PrefixId);
  };
  const what = candidates === 1 ? "1 candidate" : `${candidates} candidates`;
  return { group: "decide", what, count, allocationFree: true, work };
}

/** Every peer announces every prefix, with sets that differ in MED only and so in the late stages. */
function fill(candidates: number, count: number): { readonly rib: Rib; readonly prefixes: Uint32Array } {
  const { tables, peers } = newEngine(candidates);
  const rib = tables.ribs[IPV4_UNICAST.index]!;
  const prefixes = Uint32Array.from({ length: count }, (_, i) => rib.prefixes.intern(addressOf(i), 0, 0, 0, 26));
  for (const [i, peer] of peers.entries()) {
    const block = storedBlockOf(candidates - i);
    const set: AttributesId = tables.store.intern(block, 0, block.length, EMPTY);
    for (const prefix of prefixes) rib.announce(peer, prefix as PrefixId, 0, set, set, 0, 1);
  }
  return { rib, prefixes };
}
