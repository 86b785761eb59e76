/**
 * What address management tells of a node's routes: notes for whoever wonders why there are single addresses, or why a
 * block is not announced. BGP goes by BlockAffinities alone: calico.md 2.7 and 4.3.
 */

import { formatPrefix } from "../../base/prefix.ts";
import type { BlockAffinity, CalicoResources, IpamBlock, ResourceFault } from "../resources/model.ts";
import { compareText } from "./speaker.ts";

/** A cluster without room in its blocks has as many as it has blocks. */
const NOTES_MAX = 100;

/** The notes by name, where there are IPAMBlocks; of many the first, and how many more. */
export function ipamNotes(
  { ipamBlocks, ipamConfigurations, affinities }: Pick<CalicoResources, "ipamBlocks" | "ipamConfigurations"
    | "affinities">,
): readonly ResourceFault[] {
  if (ipamBlocks.size === 0) return [];
  const isStrict = ipamConfigurations.get("default")?.strictAffinity === true;
  const confirmed = [...affinities.values()].filter(({ state }) => state === "confirmed");
  const found = [
    ...withoutBlock(confirmed, ipamBlocks), ...withoutAffinity(confirmed, ipamBlocks),
    ...borrowed(ipamBlocks, isStrict),
  ].sort((a, b) => compareText(a.kind, b.kind) || compareText(a.name, b.name) || compareText(a.why, b.why));
  const more = found.length - NOTES_MAX;
  return more <= 0 ? found : [...found.slice(0, NOTES_MAX), noteOf("IPAMBlock", "", `and ${more} more such notes`)];
}

/** Somebody announces a block in which there can be no address. */
function withoutBlock(confirmed: readonly BlockAffinity[], blocks: CalicoResources["ipamBlocks"]): ResourceFault[] {
  const known = new Set([...blocks.values()].map(({ cidr }) => formatPrefix(cidr)));
  return confirmed.filter(({ cidr }) => !known.has(formatPrefix(cidr))).map(({ name, cidr, node }) =>
    noteOf("BlockAffinity", name, `Node ${node} announces ${formatPrefix(cidr)}, and there is no such IPAMBlock`));
}

/** A block that its node does not announce as a whole. Where no affinity of a node is known, they may not be read. */
function withoutAffinity(confirmed: readonly BlockAffinity[], blocks: CalicoResources["ipamBlocks"]): ResourceFault[] {
  const key = (node: string, cidr: IpamBlock["cidr"]): string => `${formatPrefix(cidr)} ${node}`;
  const announced = new Set(confirmed.map(({ node, cidr }) => key(node, cidr)));
  const nodes = new Set(confirmed.map(({ node }) => node));
  return [...blocks.values()].flatMap(({ name, cidr, node }) => {
    if (node === undefined || !nodes.has(node) || announced.has(key(node, cidr))) return [];
    return [noteOf("IPAMBlock", name, `is Node ${node}'s, which does not announce it: no BlockAffinity is confirmed`)];
  });
}

/** Addresses in use elsewhere: routes of their own, which must be carried to the block's owner. */
function borrowed(blocks: CalicoResources["ipamBlocks"], isStrict: boolean): ResourceFault[] {
  return [...blocks.values()].flatMap(({ name, node: owner, users }) => users.filter(({ node }) => node !== owner)
    .map(({ node, addresses }) => {
      const whose = owner === undefined ? "is nobody's" : `is Node ${owner}'s`;
      const strict = isStrict ? ", though strictAffinity is set" : "";
      return noteOf("IPAMBlock", name, `${whose}, and Node ${node} has ${addresses} of its addresses: `
        + `a route for each${strict}`);
    }));
}

function noteOf(kind: string, name: string, why: string): ResourceFault {
  return { kind, name, field: "", why, note: true };
}
