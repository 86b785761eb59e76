/**
 * The configuration in force as JSON, for `show config`: in the form of the configuration file, every default written
 * out, so that reading it again gives the same Settings and Intent. Secrets are masked: none is in the file itself
 * (passwords are in files and Secrets of their own), but a URL may carry one. In Calico mode it is not read again like
 * that: the neighbours shown are those of the resources.
 */

import { formatAddress, formatIpv4 } from "../base/address.ts";
import { formatPrefix } from "../base/prefix.ts";
import type { FilterOperation, FilterRule, Intent, OriginatedRoute, PeerIntent, Policy } from "./intent.ts";
import { unreachable } from "../base/assert.ts";
import type { CalicoSettings, Settings } from "./settings.ts";

/** The configuration in force as plain JSON; absent things are absent keys. */
export function maskedConfiguration(settings: Settings, intent: Intent): Readonly<Record<string, unknown>> {
  const { routerId, clusterId, ...speaker } = intent.speaker;
  const { calico, control, http, log, metrics, restart, kernel } = settings;
  return plain({
    routerId: formatIpv4(routerId), ...speaker, clusterId: formatIpv4(clusterId),
    neighbors: intent.peers.map(peerJson),
    originate: intent.originated.map(routeJson),
    control, http, log, metrics, restart, kernel,
    calico: calico && calicoJson(calico),
  }) as Readonly<Record<string, unknown>>;
}

function peerJson(peer: PeerIntent): unknown {
  const { where, clusterId, addPathSendMax, import: imports, export: exports, password: _secret, ...same } = peer;
  const isIbgp = peer.asNumber === peer.localAsNumber;
  return {
    ...same, ...whereJson(where),
    clusterId: isIbgp ? formatIpv4(clusterId) : undefined,
    addPathSendMax: addPathSendMax === Infinity ? "all" : addPathSendMax,
    prefixLimit: Object.fromEntries(Object.entries(peer.prefixLimit).map(([family, limit]) => [family, {
      ...limit, restartSeconds: limit.action === "restart" ? limit.restartSeconds : undefined,
    }])),
    import: policyJson(imports),
    export: policyJson(exports),
  };
}

function whereJson(where: PeerIntent["where"]): object {
  if (where.kind === "range") return { range: formatPrefix(where.range), limit: where.limit };
  return { address: where.address, port: where.port };
}

/** A policy in the form of the file. A default that RFC 8212 made is not written: written, it would be a policy. */
export function policyJson(policy: Policy): object {
  return { default: policy.missing ? undefined : policy.default, rules: policy.rules.map(ruleJson) };
}

function ruleJson(rule: FilterRule): object {
  const { family: _family, cidr, community, operations, action, ...same } = rule;
  return {
    ...same,
    cidr: cidr && formatPrefix(cidr),
    communities: community && { values: [community.join(":")] },
    action: ACTIONS[action],
    operations: operations?.map(operationJson),
  };
}

const ACTIONS = { accept: "Accept", reject: "Reject", continue: "Continue" } as const;

function operationJson(operation: FilterOperation): object {
  switch (operation.do) {
    case "addCommunity":
      return { addCommunity: { value: operation.community.join(":") } };
    case "prependAsPath":
      return { prependASPath: { prefix: operation.asns } };
    case "setPriority":
      return { setPriority: { value: operation.priority } };
    default:
      return unreachable(operation, "operationJson");
  }
}

function routeJson(route: OriginatedRoute): object {
  return {
    ...route,
    prefix: formatPrefix(route.prefix),
    nextHop: route.nextHop && formatAddress(route.nextHop),
    communities: route.communities.map((value) => `${value >>> 16}:${value & 0xffff}`),
    largeCommunities: route.largeCommunities.map((parts) => parts.join(":")),
  };
}

function calicoJson(calico: CalicoSettings): object {
  const clusterId = calico.node?.routeReflectorClusterID;
  return {
    ...calico, routerId: undefined, listen: undefined, // they stand at the top
    etcd: calico.etcd && { ...calico.etcd, endpoints: calico.etcd.endpoints.map(withoutCredentials) },
    node: calico.node && {
      ...calico.node,
      routeReflectorClusterID: clusterId === undefined ? undefined : formatIpv4(clusterId),
      labels: Object.fromEntries(calico.node.labels),
    },
  };
}

function withoutCredentials(url: string): string {
  return url.replace(/\/\/[^@/]*@/, "//***@");
}

/** The same without members that are undefined. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, plain(member)]));
}
