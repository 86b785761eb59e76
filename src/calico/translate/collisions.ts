/**
 * What is wrong among resources that are each right: two that are to be one, one that names another that is not there.
 * Nothing here decides what counts; it says what does. calico.md 2.3, 2.5, 3.5 and 4.3.
 */

import { formatPrefix } from "../../base/prefix.ts";
import type { CalicoResources, ResourceFault } from "../resources/model.ts";
import { Derived } from "./derived.ts";
import { ipamNotes } from "./ipam-notes.ts";
import { addressOf, CALICO_FAMILIES, compareText } from "./speaker.ts";

type Faults = readonly ResourceFault[];

/** Follows the resources; kinds that did not change are not looked at again. */
export class Collisions {
  readonly #nodes = new Derived<Faults>();
  readonly #pools = new Derived<Faults>();
  readonly #blocks = new Derived<Faults>();
  readonly #filters = new Derived<Faults>();
  readonly #notes = new Derived<Faults>();

  /** All there are, kind by kind in order of names; notes about addresses last. */
  of(resources: CalicoResources): Faults {
    const { nodes, pools, affinities, peers, filters, ipamBlocks, ipamConfigurations } = resources;
    return [
      ...this.#filters.of([peers, filters], () => missingFilters(peers, filters)),
      ...this.#blocks.of([affinities], () => blocksOfTwo(affinities)),
      ...this.#pools.of([pools], () => twins(pools, "IPPool", ({ cidr }) => formatPrefix(cidr),
        (cidr, { name }) => `has the cidr of IPPool ${name}, ${cidr}, and that one counts`)),
      ...this.#nodes.of([nodes], () => nodesAtOneAddress(nodes)),
      ...this.#notes.of([ipamBlocks, ipamConfigurations, affinities], () => ipamNotes(resources)),
    ];
  }
}

/** calico-node does not start with another node's address; who has it all the same is one node to the others. */
function nodesAtOneAddress(nodes: CalicoResources["nodes"]): Faults {
  return CALICO_FAMILIES.flatMap((family) => twins(nodes, "Node", (node) => addressOf(node, family)?.address,
    (address, { name }) => `has the address of Node ${name}, ${address}: there is one session with both`));
}

/** Both nodes announce it, and its pods are behind one of them. */
function blocksOfTwo(affinities: CalicoResources["affinities"]): Faults {
  const confirmed = new Map([...affinities].filter(([, { state }]) => state === "confirmed"));
  return twins(confirmed, "BlockAffinity", ({ cidr }) => formatPrefix(cidr), (cidr, other, { node }) =>
    other.node === node ? undefined : `gives ${cidr} to Node ${node}, and ${other.name} to Node ${other.node}`);
}

function missingFilters(peers: CalicoResources["peers"], filters: CalicoResources["filters"]): Faults {
  return sorted(peers).flatMap(({ name, filters: named }) => named.flatMap((filter, at) => (filters.has(filter) ? []
    : [{ kind: "BGPPeer", name, field: `spec.filters[${at}]`, why: `there is no BGPFilter ${filter}: passed over` }])));
}

/** Objects with a key that one of a lower name has, each with what to say of the two; undefined: nothing. */
function twins<T extends { readonly name: string }>(
  objects: ReadonlyMap<string, T>, kind: string, keyOf: (object: T) => string | undefined,
  say: (key: string, first: T, object: T) => string | undefined,
): Faults {
  const lowest = new Map<string, T>();
  const others: { readonly key: string; readonly object: T }[] = [];
  for (const object of objects.values()) {
    const key = keyOf(object);
    if (key === undefined) continue;
    const known = lowest.get(key);
    const isLower = known === undefined || compareText(object.name, known.name) < 0;
    if (isLower) lowest.set(key, object);
    if (known !== undefined) others.push({ key, object: isLower ? known : object });
  }
  return others.sort((a, b) => compareText(a.object.name, b.object.name)).flatMap(({ key, object }) => {
    const why = say(key, lowest.get(key)!, object);
    return why === undefined ? [] : [{ kind, name: object.name, field: "", why }];
  });
}

function sorted<T extends { readonly name: string }>(objects: ReadonlyMap<string, T>): readonly T[] {
  return [...objects.values()].sort((a, b) => compareText(a.name, b.name));
}
