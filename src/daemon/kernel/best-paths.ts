/** Best paths of the tables as the kernel's policy judges them. */

import { writeU32 } from "../../base/bytes.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { BestPath } from "../../kernel/policy.ts";
import { DECISION } from "../../rib/decision.ts";
import type { PathIndex, PrefixId } from "../../rib/ids.ts";
import type { Rib } from "../../rib/rib.ts";
import type { Tables } from "../tables.ts";
import { globalNextHop } from "./reachability.ts";

/** What loses by a later stage than this one ties with the best: several ways may be used (ECMP). */
const LAST_OF_COST = DECISION.findIndex(({ reason }) => reason === "interior cost");

/** The octets of a prefix. */
export function prefixOf(rib: Rib, id: PrefixId): Prefix {
  const { prefixes } = rib;
  const address = new Uint8Array(rib.family.addressOctets);
  writeU32(address, 0, prefixes.w0(id));
  if (address.length === 16) {
    writeU32(address, 4, prefixes.w1(id));
    writeU32(address, 8, prefixes.w2(id));
    writeU32(address, 12, prefixes.w3(id));
  }
  return { address, length: prefixes.lengthOf(id) };
}

/** A path that is best, with those that tie with it where `ecmp`. */
export function bestPath(tables: Tables, rib: Rib, id: PrefixId, prefix: Prefix, best: PathIndex, ecmp: boolean):
  BestPath {
  const { store } = tables;
  const paths = ecmp ? tiesOf(rib, id) : [best];
  const nextHops = paths.map((path) => store.nextHop(rib.attributesOf(path)))
    .filter(({ length }) => length > 0).map(globalNextHop);
  return { family: rib.family.name, prefix, nextHops, localPref: store.localPref(rib.attributesOf(best)) };
}

/** The best path first. */
function tiesOf(rib: Rib, id: PrefixId): PathIndex[] {
  return rib.explain(id)
    .filter(({ removedBy }) => removedBy === undefined || DECISION.indexOf(removedBy) > LAST_OF_COST)
    .map(({ candidate }) => candidate.path);
}
