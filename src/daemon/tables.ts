/** The tables of the speaker: one attribute store, one Rib, one Reflector per family, one ingress. */

import type { Random } from "../base/ports.ts";
import { FAMILIES } from "../messages/families.ts";
import { AttributeStore } from "../rib/attribute-store.ts";
import type { NextHops } from "../rib/candidates.ts";
import { PeerTable } from "../rib/peer-table.ts";
import { Rib } from "../rib/rib.ts";
import { Ingress } from "../reflector/ingress.ts";
import { Reflector } from "../reflector/reflector.ts";
import { Sources } from "../reflector/source.ts";

/** What all sessions share. */
export interface Tables {
  readonly store: AttributeStore;
  readonly peers: PeerTable;
  readonly sources: Sources;
  /** By index of the family. */
  readonly ribs: readonly Rib[];
  readonly reflectors: readonly Reflector[];
  readonly ingress: Ingress;
}

/** Distinct attribute sets at most: a ceiling against a peer that invents them. */
const ATTRIBUTE_SETS_MAX = 16_777_216;

/**
 * Empty tables; hashes are seeded, so that nobody can flood one bucket. `nextHopsOf`: who knows how next hops are
 * reached; absent: all are.
 */
export function newTables(random: Random, nextHopsOf?: (store: AttributeStore) => NextHops): Tables {
  const seed = (): number => Math.floor(random() * 2 ** 32);
  const store = new AttributeStore({ seed: seed(), setsMax: ATTRIBUTE_SETS_MAX });
  const peers = new PeerTable();
  const sources = new Sources();
  const nextHops = nextHopsOf?.(store);
  const ribs = FAMILIES.map((family) => new Rib({
    family, seed: seed(), attributes: store, peers, ...(nextHops === undefined ? {} : { nextHops }),
  }));
  const reflectors = FAMILIES.map((family, i) => new Reflector(family, { rib: ribs[i]!, peers, store, sources }));
  return { store, peers, sources, ribs, reflectors, ingress: new Ingress(store, ribs) };
}
