/**
 * A best path → the route that the kernel gets for it, or why it gets none. Calico's kernel filter is the list of rules
 * (calico.md 4.5 and 11); without Calico there are none, and every best path is wanted.
 */

import { formatAddress } from "../base/address.ts";
import { covers, parsePrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import { sameValue } from "../base/same.ts";
import { PRIORITY_BASE } from "../config/intent.ts";
import type { Family } from "../messages/families.ts";
import type { NextHops, Resolution } from "./next-hops.ts";
import type { NextHop, RouteForm, RouteType } from "./route.ts";

/** A rule in the words of Calico mode's view of it; the first that applies decides, else accept. */
export interface KernelRule {
  readonly step: string;
  readonly action: "accept" | "reject";
  /** Applies to prefixes within; undefined: to all. */
  readonly cidr?: string;
  /** Applies to routes with one of these next hops only. */
  readonly nextHops?: readonly string[];
  /** The device that the route takes, with the NEXT_HOP itself as gateway; where there is none, the route is plain. */
  readonly tunnel?: string;
  /** Next hops within are reached without the tunnel. */
  readonly directSubnet?: string;
}

/** How routes are written. */
export interface KernelPolicyOptions {
  readonly table: number;
  readonly protocol: number;
  /** The metric of all, 0: the kernel's own; or by LOCAL_PREF, as Calico's BIRD has it since v3.32 (calico.md 4.2). */
  readonly metric: number | "by LOCAL_PREF";
  /** What a best path becomes that no next hop leads to; "none": no route. */
  readonly unresolved: Exclude<RouteType, "unicast"> | "none";
  /** Source address of what this host sends by a route (RTA_PREFSRC); none: the kernel's own choice. */
  readonly preferredSource: Readonly<Partial<Record<Family, Uint8Array>>>;
  readonly rules: Readonly<Partial<Record<Family, readonly KernelRule[]>>>;
}

/** A best path as far as the kernel cares. */
export interface BestPath {
  readonly family: Family;
  readonly prefix: Prefix;
  /** NEXT_HOP; of several, paths that tie with the best, which comes first. */
  readonly nextHops: readonly Uint8Array[];
  readonly localPref: number;
}

/** A route that no peer told us of. */
export interface OwnRoute {
  readonly prefix: Prefix;
  /** Where it leads; undefined: nowhere, what is for it ends here. */
  readonly gateway: Uint8Array | undefined;
}

/** The form of the route. One clause that says why there is none, or why it leads nowhere. */
export type KernelVerdict =
  | { readonly form: RouteForm; readonly why?: string }
  | { readonly form: undefined; readonly why: string };

/**
 * Ways of one route at most: peers may have any number of paths tie, and a request to the kernel has its size. BIRD
 * merges 16 unless it is told otherwise.
 */
const WAYS_MAX = 64;

interface CompiledRule {
  readonly isReject: boolean;
  readonly cidr: Prefix | undefined;
  readonly nextHops: ReadonlySet<string> | undefined;
  readonly tunnel: string | undefined;
  readonly directSubnet: Prefix | undefined;
  readonly refusal: KernelVerdict;
}

/** Judges best paths. */
export class KernelPolicy {
  readonly #options: KernelPolicyOptions;
  readonly #rules: Readonly<Partial<Record<Family, readonly CompiledRule[]>>>;
  readonly #nextHops: Pick<NextHops, "resolve">;
  readonly #indexOf: (link: string) => number | undefined;
  /** What was said last of paths without a rule, by how their next hop is reached: a hundred thousand say the same. */
  readonly #said = new WeakMap<Resolution, KernelVerdict>();

  /** `indexOf` gives the index of a link; undefined: there is no such link (now). */
  constructor(
    options: KernelPolicyOptions, nextHops: Pick<NextHops, "resolve">, indexOf: (link: string) => number | undefined,
  ) {
    this.#options = options;
    this.#nextHops = nextHops;
    this.#indexOf = indexOf;
    const { rules } = options;
    this.#rules = { "ipv4-unicast": (rules["ipv4-unicast"] ?? []).map(compiled),
      "ipv6-unicast": (rules["ipv6-unicast"] ?? []).map(compiled) };
  }

  /** Whether all paths of a family are judged by their next hops alone. */
  hasRules(family: Family): boolean {
    return this.#rules[family]!.length > 0;
  }

  /** As `judge`, of a path with one next hop in a family without rules. */
  judgePlain(
    family: Family, resolution: Resolution, localPref: number, nextHop: () => Uint8Array,
  ): KernelVerdict {
    const said = this.#said.get(resolution);
    const metric = this.#metricOf(localPref);
    if (said !== undefined && (said.form === undefined || this.#isLike(said.form, family, metric))) return said;
    const verdict = this.#learned(family, metric, resolution.reachable ? resolution.hops : [],
      () => unreached(nextHop(), resolution));
    this.#said.set(resolution, verdict);
    return verdict;
  }

  /** The route of a path that was learned from a peer. */
  judge(path: BestPath): KernelVerdict {
    const rule = this.#ruleFor(path.family, path.prefix, path.nextHops[0]);
    if (rule?.isReject === true) return rule.refusal;
    const nextHops: NextHop[] = [];
    let why = "it has no next hop";
    for (const nextHop of path.nextHops) {
      const resolution = this.#nextHops.resolve(nextHop);
      if (!resolution.reachable) why = unreached(nextHop, resolution);
      else addHops(nextHops, this.#tunnelled(rule, nextHop) ?? resolution.hops);
    }
    return this.#learned(path.family, this.#metricOf(path.localPref), nextHops, () => why);
  }

  /** Where nothing leads, a packet must not follow a less specific route instead: BIRD writes `unreachable`, too. */
  #learned(family: Family, metric: number, hops: readonly NextHop[], why: () => string): KernelVerdict {
    const { unresolved } = this.#options;
    if (hops.length > 0 || unresolved === "none") return this.#verdict(family, metric, hops, why);
    return { form: this.#form(metric, unresolved, [], undefined), why: `${why()}, written as ${unresolved}` };
  }

  #verdict(family: Family, metric: number, hops: readonly NextHop[], why: () => string): KernelVerdict {
    if (hops.length === 0) return { form: undefined, why: why() };
    const nextHops = hops.length === 1 ? [{ ...hops[0]!, weight: 1 }] : hops.slice(0, WAYS_MAX);
    return { form: this.#form(metric, "unicast", nextHops, this.#options.preferredSource[family]) };
  }

  /** Whether a form that was made for a path serves another in that family, too, reached the same way. */
  #isLike({ type, metric, preferredSource }: RouteForm, family: Family, wanted: number): boolean {
    return metric === wanted && (type !== "unicast" || preferredSource === this.#options.preferredSource[family]);
  }

  /** A route of our own: the blackhole of a block, for all that is none of its pods, or the way to a peer. */
  own(family: Family, { prefix, gateway }: OwnRoute): KernelVerdict {
    const rule = this.#ruleFor(family, prefix, gateway);
    if (rule?.isReject === true) return rule.refusal;
    const metric = this.#options.metric === "by LOCAL_PREF" ? 0 : this.#options.metric;
    if (gateway === undefined) return { form: this.#form(metric, "blackhole", [], undefined) };
    const resolution = this.#nextHops.resolve(gateway);
    return this.#verdict(family, metric, resolution.reachable ? resolution.hops : [],
      () => unreached(gateway, resolution));
  }

  #ruleFor(family: Family, prefix: Prefix, nextHop: Uint8Array | undefined): CompiledRule | undefined {
    return this.#rules[family]!.find((rule) => (rule.cidr === undefined || covers(rule.cidr, prefix))
      && (rule.nextHops === undefined || (nextHop !== undefined && rule.nextHops.has(formatAddress(nextHop)))));
  }

  /** calico.md 11: the gateway is the NEXT_HOP, not what it resolves to; a tunnel that is not there is no tunnel. */
  #tunnelled(rule: CompiledRule | undefined, nextHop: Uint8Array): readonly NextHop[] | undefined {
    if (rule?.tunnel === undefined) return undefined;
    const host = { address: nextHop, length: nextHop.length * 8 };
    if (rule.directSubnet !== undefined && covers(rule.directSubnet, host)) return undefined;
    const interfaceIndex = this.#indexOf(rule.tunnel);
    return interfaceIndex === undefined ? undefined : [{ gateway: nextHop, interfaceIndex, onlink: true, weight: 1 }];
  }

  /** A LOCAL_PREF above the base, which no Calico node sends, is as urgent as can be. */
  #metricOf(localPref: number): number {
    const { metric } = this.#options;
    return metric === "by LOCAL_PREF" ? Math.max(0, PRIORITY_BASE - localPref) : metric;
  }

  #form(
    metric: number, type: RouteType, nextHops: readonly NextHop[], preferredSource: Uint8Array | undefined,
  ): RouteForm {
    const { table, protocol } = this.#options;
    return { table, protocol, metric, type, nextHops, preferredSource };
  }
}

function unreached(nextHop: Uint8Array, resolution: Resolution): string {
  return `next hop ${formatAddress(nextHop)}: ${resolution.reachable ? "no way" : resolution.why}`;
}

/** Two next hops behind one gateway are one way. */
function addHops(hops: NextHop[], more: readonly NextHop[]): void {
  for (const hop of more) {
    const isKnown = hops.some(({ interfaceIndex, gateway }) =>
      interfaceIndex === hop.interfaceIndex && sameValue(gateway, hop.gateway));
    if (!isKnown) hops.push(hop);
  }
}

/** A text that is no prefix comes from nowhere: the translation writes them. */
function compiled(rule: KernelRule): CompiledRule {
  const { step, action, cidr, nextHops, tunnel, directSubnet } = rule;
  return {
    isReject: action === "reject", cidr: cidr === undefined ? undefined : parsePrefix(cidr),
    nextHops: nextHops === undefined ? undefined : new Set(nextHops), tunnel,
    directSubnet: directSubnet === undefined ? undefined : parsePrefix(directSubnet),
    refusal: { form: undefined, why: step },
  };
}
