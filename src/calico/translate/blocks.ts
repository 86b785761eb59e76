/** The address blocks of our node: what it announces for its pods, and what is told of them only as a whole. */

import { formatPrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { BlockAffinity, CalicoResources } from "../resources/model.ts";
import { compareText, octetsOf } from "./speaker.ts";
import type { CalicoFamily, Speaker } from "./speaker.ts";

/** A block of our own: calico.md 4.3. */
export interface OwnBlock {
  readonly cidr: Prefix;
  readonly state: BlockAffinity["state"];
  /** What says that it is ours. */
  readonly reason: string;
}

/** Our blocks of a family in order of their text; those still pending do not exist yet. */
export function ownBlocks(
  resources: CalicoResources, { node }: Speaker, family: CalicoFamily, usePodCidr: boolean,
): readonly OwnBlock[] {
  const octets = octetsOf(family);
  const found = new Map<string, OwnBlock>();
  const podCidrs = usePodCidr ? node.podCidrs : [];
  for (const cidr of podCidrs) {
    found.set(formatPrefix(cidr), { cidr, state: "confirmed", reason: `Node ${node.name} spec.podCIDRs` });
  }
  for (const affinity of resources.affinities.values()) {
    if (affinity.node !== node.name || affinity.state === "pending") continue;
    const key = formatPrefix(affinity.cidr);
    const known = found.get(key);
    // Two affinities of one block: confirmed beats pendingDeletion, then the lower name.
    if (known !== undefined && compareText(rankOf(known), rankOf(blockOf(affinity))) <= 0) continue;
    found.set(key, blockOf(affinity));
  }
  return [...found.entries()].sort(([a], [b]) => compareText(a, b)).map(([, block]) => block)
    .filter(({ cidr }) => cidr.address.length === octets);
}

/** A block of one address has no blackhole: it would hide the pod. */
export function isAnnounced({ cidr }: OwnBlock): boolean {
  return cidr.length < cidr.address.length * 8;
}

function blockOf({ cidr, state, name }: BlockAffinity): OwnBlock {
  return { cidr, state, reason: `BlockAffinity ${name}` };
}

function rankOf({ state, reason }: OwnBlock): string {
  return `${state === "confirmed" ? 0 : 1} ${reason}`;
}
