/**
 * A node's plan as the daemon's intent: one neighbour for each session, one family each, as Calico runs one BIRD for
 * each. Session parameters that Calico fixes are here: calico.md 3.10.
 */

import { parseIpv4 } from "../../base/address.ts";
import { PRIORITY_BASE } from "../../config/intent.ts";
import type { Intent, OriginatedRoute, PeerIntent } from "../../config/intent.ts";
import type { SessionView } from "./view.ts";
import type { FamilyPlan, NodePlan } from "./node.ts";
import { CALICO_FAMILIES } from "./speaker.ts";
import type { CalicoFamily } from "./speaker.ts";

/** What the configuration file adds to the resources. */
export interface IntentSettings {
  /** 240 unless `calico.holdTimeSeconds` says less. */
  readonly holdTimeSeconds: number;
  readonly onStop: "restart" | "shutdown";
}

/** The intent; a text instead where there can be none yet, and why. */
export function intentOf({ speaker, families, view }: NodePlan, settings: IntentSettings): Intent | string {
  if (speaker === undefined || families === undefined) return `there is no Node ${view.node}`;
  const routerId = parseIpv4(speaker.routerId ?? "");
  if (routerId === undefined || routerId === 0) {
    return `Node ${view.node} has no IPv4 address to be the router id: set CALICO_ROUTER_ID to one, or to hash`;
  }
  const plans = CALICO_FAMILIES.map((family) => ({ family, plan: families[family] }));
  return {
    speaker: {
      routerId, asNumber: speaker.asNumber,
      clusterId: parseIpv4(speaker.clusterId ?? "") ?? routerId,
      listen: plans.filter(({ plan }) => plan.view.enabled).map(({ plan }) => plan.view.listen),
      onStop: settings.onStop,
    },
    peers: plans.flatMap(({ family, plan }) =>
      plan.view.peers.map((session) => peerOf(session, family, plan, routerId, settings))),
    originated: plans.filter(({ plan }) => plan.view.enabled).flatMap(({ plan }) => originatedOf(plan)),
  };
}

function peerOf(
  session: SessionView, family: CalicoFamily, plan: FamilyPlan, routerId: number, settings: IntentSettings,
): PeerIntent {
  const isExternal = session.remoteAs !== session.localAs;
  return {
    name: session.name,
    where: { kind: "address", address: session.address, port: session.port },
    description: "", enabled: true,
    type: session.type,
    asNumber: session.remoteAs,
    localAsNumber: session.localAs,
    localAddress: session.sourceAddress ?? undefined,
    passive: session.passive,
    // BIRD 1.6 has no roles, and takes AS_SETs and any first AS from a peer.
    role: undefined, roleStrict: false, enforceFirstAs: false, rejectAsSets: false,
    routeReflectorClient: session.routeReflectorClient,
    clusterId: parseIpv4(session.clusterId ?? "") ?? routerId,
    families: [`${family}-unicast`],
    addPath: "both", addPathSendMax: Infinity,
    holdTimeSeconds: settings.holdTimeSeconds,
    keepaliveTimeSeconds: session.keepaliveSeconds ?? undefined,
    connectRetrySeconds: 5, idleHoldSeconds: [5, 30],
    // Multihop, as all of Calico's sessions are: the next hop of eBGP is always ours unless it is kept.
    nextHop: session.nextHopMode === "auto" && isExternal ? "self" : session.nextHopMode,
    prefixLimit: {},
    allowOwnAs: session.allowOwnAs,
    ...plan.policies.of(session.importFilters),
    passwordFile: undefined,
    ttlSecurityHops: session.ttlSecurity === 0 ? undefined : session.ttlSecurity,
    gracefulRestart: { restartTimeSeconds: session.restartSeconds },
  };
}

function originatedOf({ originated, routePriority }: FamilyPlan): readonly OriginatedRoute[] {
  return originated.map((prefix) => ({
    prefix, nextHop: undefined, communities: [], largeCommunities: [], localPref: PRIORITY_BASE - routePriority,
    med: undefined,
  }));
}
