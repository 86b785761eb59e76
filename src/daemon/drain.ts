/** Draining before a goodbye (RFC 8326): every route is told once more as one that is about to go. */

import { PRIORITY_BASE } from "../config/intent.ts";
import type { FilterOperation, FilterRule, Intent, PeerIntent, Policy } from "../config/intent.ts";

/** GRACEFUL_SHUTDOWN 65535:0, and LOCAL_PREF 0 for peers that do not act on the community. */
const DRAINING: readonly FilterOperation[] = [
  { do: "addCommunity", community: [65535, 0] },
  { do: "setPriority", priority: PRIORITY_BASE },
];

/** The same intent with every accepted route marked on its way out. */
export function drainIntent(intent: Intent): Intent {
  return { ...intent, peers: intent.peers.map(drainPeer) };
}

function drainPeer(peer: PeerIntent): PeerIntent {
  return { ...peer, export: drainPolicy(peer.export) };
}

function drainPolicy(policy: Policy): Policy {
  const rules = policy.rules.map((rule): FilterRule => rule.action !== "accept" ? rule
    : { ...rule, operations: [...(rule.operations ?? []), ...DRAINING] });
  const rest: FilterRule[] = policy.default === "accept" ? [{ action: "accept", operations: DRAINING }] : [];
  return { ...policy, rules: [...rules, ...rest] };
}
