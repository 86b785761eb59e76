/** How the kernel's routes are to be, by the configuration and, in Calico mode, by the node's part in its cluster. */

import type { NodePlan } from "../../calico/translate/node.ts";
import type { SessionView } from "../../calico/translate/view.ts";
import { parseAddress } from "../../base/address.ts";
import { formatPrefix, hostPrefix, parsePrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { KernelSettings } from "../../config/settings.ts";
import type { LearnOptions } from "../../kernel/learn.ts";
import type { KernelPolicyOptions, OwnRoute } from "../../kernel/policy.ts";

/** All that decides about kernel routes beside the routes themselves. */
export interface KernelPlan {
  readonly policy: KernelPolicyOptions;
  /** Undefined: nothing is announced of what the kernel has. */
  readonly learn: LearnOptions | undefined;
  /** Blocks of ours that end here, and the ways to peers that have a gateway, by the text of the prefix. */
  readonly ownRoutes: ReadonlyMap<string, OwnRoute>;
  /** How those peers are reached as next hops: gateways by the peer's address. */
  readonly gateways: ReadonlyMap<string, Uint8Array>;
  /** Priorities of routes without a metric, by octets of an address (calico.md 4.2). */
  readonly routePriority: Readonly<Record<4 | 16, number>>;
}

/** Calico's priority of ordinary routes. */
const ROUTE_PRIORITY = 1024;

/** The plan outside Calico mode, and in it of a node that is `node`; undefined: nothing is known of it yet. */
export function kernelPlan(settings: KernelSettings, isCalico: boolean, node: NodePlan | undefined): KernelPlan {
  const { table, protocol, metric, unresolved } = settings;
  const families = node?.families;
  const [ipv4, ipv6] = [families?.ipv4, families?.ipv6];
  const blocks = [ipv4, ipv6].flatMap((family) => family?.view.aggregates ?? [])
    .map(({ prefix }) => parsePrefix(prefix)).filter((prefix) => prefix !== undefined);
  const gateways = gatewaysOf([...ipv4?.view.peers ?? [], ...ipv6?.view.peers ?? []]);
  const isLearning = settings.learn && node !== undefined && families !== undefined;
  return {
    policy: {
      table, protocol, metric: metric ?? (isCalico ? "by LOCAL_PREF" : 0), unresolved,
      preferredSource: sourcesOf(settings.preferredSource),
      rules: { "ipv4-unicast": ipv4?.view.kernelFilter ?? [], "ipv6-unicast": ipv6?.view.kernelFilter ?? [] },
    },
    learn: isLearning
      ? { table, ownProtocol: protocol, ignoredInterfaces: node.ignoredInterfaces, blocks } : undefined,
    ownRoutes: new Map([...blocks.filter(isRange).map((prefix) => ({ prefix, gateway: undefined })), ...ways(gateways)]
      .map((own) => [formatPrefix(own.prefix), own])),
    gateways,
    routePriority: { 4: ipv4?.routePriority ?? ROUTE_PRIORITY, 16: ipv6?.routePriority ?? ROUTE_PRIORITY },
  };
}

function sourcesOf(addresses: readonly string[]): KernelPolicyOptions["preferredSource"] {
  return Object.fromEntries(addresses.map((text) => parseAddress(text)!)
    .map((address) => [address.length === 4 ? "ipv4-unicast" : "ipv6-unicast", address]));
}

/** A block of one address has no blackhole: it would hide the pod. */
function isRange({ address, length }: Prefix): boolean {
  return length < address.length * 8;
}

/** calico.md 2.3, `reachableBy`: of two sessions with one address the first counts; no peer is its own gateway. */
function gatewaysOf(sessions: readonly SessionView[]): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const { address, reachableBy } of sessions) {
    const gateway = reachableBy === null || reachableBy === address ? undefined : parseAddress(reachableBy);
    if (gateway !== undefined && !found.has(address)) found.set(address, gateway);
  }
  return found;
}

function ways(gateways: ReadonlyMap<string, Uint8Array>): readonly OwnRoute[] {
  return [...gateways].map(([address, gateway]) => ({ prefix: hostPrefix(address)!, gateway }));
}

/** Whether a rule sends routes through the device of that name. */
export function usesTunnel({ policy: { rules } }: KernelPlan, name: string): boolean {
  return Object.values(rules).some((some) => some.some(({ tunnel }) => tunnel === name));
}
