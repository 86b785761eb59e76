/** How the kernel's routes are to be, by the configuration and, in Calico mode, by the node's part in its cluster. */

import type { NodePlan } from "../../calico/translate/node.ts";
import { formatPrefix, parsePrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { KernelSettings } from "../../config/settings.ts";
import type { LearnOptions } from "../../kernel/learn.ts";
import type { KernelPolicyOptions } from "../../kernel/policy.ts";

/** All that decides about kernel routes beside the routes themselves. */
export interface KernelPlan {
  readonly policy: KernelPolicyOptions;
  /** Undefined: nothing is announced of what the kernel has. */
  readonly learn: LearnOptions | undefined;
  /** Blocks of ours that end here, by their text. */
  readonly blackholes: ReadonlyMap<string, Prefix>;
  /** Priorities of routes without a metric, by octets of an address (calico.md 4.2). */
  readonly routePriority: Readonly<Record<4 | 16, number>>;
}

/** Calico's priority of ordinary routes. */
const ROUTE_PRIORITY = 1024;

/** The plan outside Calico mode, and in it of a node that is `node`; undefined: nothing is known of it yet. */
export function kernelPlan(settings: KernelSettings, isCalico: boolean, node: NodePlan | undefined): KernelPlan {
  const { table, protocol, metric } = settings;
  const families = node?.families;
  const [ipv4, ipv6] = [families?.ipv4, families?.ipv6];
  const blocks = [ipv4, ipv6].flatMap((family) => family?.view.aggregates ?? [])
    .map(({ prefix }) => parsePrefix(prefix)).filter((prefix) => prefix !== undefined);
  const isLearning = settings.learn && node !== undefined && families !== undefined;
  return {
    policy: {
      table, protocol, metric: metric ?? (isCalico ? "by LOCAL_PREF" : 0), preferredSource: {},
      rules: { "ipv4-unicast": ipv4?.view.kernelFilter ?? [], "ipv6-unicast": ipv6?.view.kernelFilter ?? [] },
    },
    learn: isLearning
      ? { table, ownProtocol: protocol, ignoredInterfaces: node.ignoredInterfaces, blocks } : undefined,
    blackholes: new Map(blocks.filter(isRange).map((prefix) => [formatPrefix(prefix), prefix])),
    routePriority: { 4: ipv4?.routePriority ?? ROUTE_PRIORITY, 16: ipv6?.routePriority ?? ROUTE_PRIORITY },
  };
}

/** A block of one address has no blackhole: it would hide the pod. */
function isRange({ address, length }: Prefix): boolean {
  return length < address.length * 8;
}
