/**
 * RFC 4456 reflection as a truth table, and the gates between a path and a group of peers as a list. Rule: a gate says
 * only whether, with its reason and its clause; nothing here edits a route.
 */

import type { AttributeStore } from "../rib/attribute-store.ts";
import type { AttributesId } from "../rib/ids.ts";
import { WELL_KNOWN } from "../messages/attributes/summary.ts";
import type { RoleName } from "../config/intent.ts";
import type { ExportTarget } from "./target.ts";
import type { Source } from "./source.ts";

/** What a peer is to reflection. Own routes behave as those of an eBGP peer: they may go to everyone. */
export type PeerKind = "ebgp" | "client" | "nonClient";

/** RFC 4456 §6. Rows: where the path came from; columns: whom we might tell. */
export const REFLECTS: Readonly<Record<PeerKind, Readonly<Record<PeerKind, boolean>>>> = {
  ebgp: { ebgp: true, client: true, nonClient: true },
  client: { ebgp: true, client: true, nonClient: true },
  nonClient: { ebgp: true, client: true, nonClient: false },
};

/** A path as the gates see it. */
export interface Outgoing {
  readonly store: AttributeStore;
  readonly attributes: AttributesId;
  readonly source: Source;
  /** It carries one of our cluster ids: usable here, never reflected (RFC 4456 §8). */
  readonly notReflected: boolean;
}

/** One reason not to tell a group of a path. */
export interface Gate {
  readonly reason: string;
  readonly source: string;
  blocks(path: Outgoing, target: ExportTarget): boolean;
}

/** Roles of ours towards which a route with OTC must not leave: the peer is our provider, peer or route server. */
const OTC_STAYS: readonly (RoleName | undefined)[] = ["customer", "peer", "rs-client"];

/** Whether the path was learned over iBGP and would leave over iBGP: then RFC 4456 stamps and rules apply. */
export function isReflection(source: Source, target: ExportTarget): boolean {
  return source.kind !== "ebgp" && target.kind !== "ebgp";
}

function flag(path: Outgoing, bit: number): boolean {
  return (path.store.flags(path.attributes) & bit) !== 0;
}

/** The gates in order; the first that blocks is the reason that `explain` shows. */
export const GATES: readonly Gate[] = [
  {
    reason: "not reflected between non-clients", source: "RFC 4456 §6",
    blocks: (path, target) => !REFLECTS[path.source.kind][target.kind],
  },
  {
    reason: "other local AS", source: "design: reflection only between sessions of equal local AS",
    blocks: (path, target) => isReflection(path.source, target) && !path.source.own &&
      path.source.localAsNumber !== target.localAsNumber,
  },
  {
    reason: "carries our own cluster id", source: "RFC 4456 §8",
    blocks: (path, target) => path.notReflected && isReflection(path.source, target),
  },
  {
    reason: "NO_ADVERTISE", source: "RFC 1997",
    blocks: (path) => flag(path, WELL_KNOWN.NO_ADVERTISE),
  },
  {
    reason: "NO_EXPORT", source: "RFC 1997",
    blocks: (path, target) => target.kind === "ebgp" &&
      flag(path, WELL_KNOWN.NO_EXPORT | WELL_KNOWN.NO_EXPORT_SUBCONFED),
  },
  {
    reason: "long-lived stale, and the peer does not speak it", source: "RFC 9494 §4.3",
    blocks: (path, target) => target.fields.longLived === "kept back" && flag(path, WELL_KNOWN.LLGR_STALE),
  },
  {
    reason: "only to customer", source: "RFC 9234 §5",
    blocks: (path, target) => target.kind === "ebgp" && OTC_STAYS.includes(target.role) &&
      path.store.hasOtc(path.attributes),
  },
  {
    reason: "no next hop that this session can carry", source: "RFC 8950 §4",
    blocks: (path, target) => !target.canCarryNextHop(path.store, path.attributes, path.source),
  },
];

/** The first gate that keeps a path from a group, or undefined. */
export function blockedBy(path: Outgoing, target: ExportTarget): Gate | undefined {
  for (const gate of GATES) if (gate.blocks(path, target)) return gate;
  return undefined;
}
