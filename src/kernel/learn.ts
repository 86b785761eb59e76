/**
 * What others put into the kernel → routes of ours to announce, as Calico's BIRD learns them (calico.md 4.1): addresses
 * of interfaces ("direct"), and routes that neither the kernel nor we wrote ("alien"). What is told of them is the
 * export filter's business: that a block is told as a whole, and a borrowed address by itself.
 */

import { addressWords, isForOthers, isLinkLocal } from "../base/address.ts";
import { covers, formatPrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import { sameValue } from "../base/same.ts";
import type { OriginatedRoute } from "../config/intent.ts";
import { PRIORITY_BASE } from "../config/intent.ts";
import type { KernelRoute, Link, LinkAddress } from "./route.ts";
import type { StateEvent } from "./state.ts";

/** BIRD's preference by source; BGP has 100, or 200 where it is elevated. */
const PREFERENCE = { direct: 240, alien: 10 } as const;
/** Interfaces whose addresses say nothing: pods' ends, and the addresses of services. */
const CALICO_INTERFACES = ["cali*", "kube-ipvs*"];
/** rtm_protocol of nobody, of an ICMP redirect, of the kernel itself. */
const UNLEARNED_PROTOCOLS: readonly number[] = [0, 1, 2];
/** rtm_scope from which on an address is nobody else's business. */
const SCOPE_LINK = 253;

/** What is learned. */
export interface LearnOptions {
  /** Whose routes are read. */
  readonly table: number;
  readonly ownProtocol: number;
  /** Patterns besides Calico's own. */
  readonly ignoredInterfaces: readonly string[];
  /** Blocks of our node. */
  readonly blocks: readonly Prefix[];
}

/** A learned route. */
export interface LearnedRoute {
  readonly prefix: Prefix;
  readonly source: keyof typeof PREFERENCE;
  readonly preference: number;
  /** Names of the interfaces that it leaves by: what a filter's pattern is matched with; none of a blackhole. */
  readonly interfaces: readonly string[];
  /** The gateway where there is one and it is not link-local; undefined: we are the next hop. calico.md 7. */
  readonly nextHop: Uint8Array | undefined;
  /** 0: none. */
  readonly metric: number;
  /** The block of ours that holds it, and is told in its stead unless it is urgent; undefined: borrowed, or no pod. */
  readonly block: Prefix | undefined;
}

/** A change of what is learned. */
export interface LearnedChange {
  readonly prefix: Prefix;
  /** Undefined: nothing is, any more. */
  readonly now: LearnedRoute | undefined;
}

/** All that says something of a prefix. */
interface Sources {
  readonly prefix: Prefix;
  readonly addresses: LinkAddress[];
  readonly routes: KernelRoute[];
  learned: LearnedRoute | undefined;
}

/** Follows a kernel's state, event by event. */
export class Learner {
  readonly #options: LearnOptions;
  readonly #isIgnored: (link: string) => boolean;
  readonly #links = new Map<number, Link>();
  readonly #sources = new Map<string, Sources>();

  constructor(options: LearnOptions) {
    this.#options = options;
    this.#isIgnored = matcher([...CALICO_INTERFACES, ...options.ignoredInterfaces]);
  }

  /** What is learned now. */
  routes(): readonly LearnedRoute[] {
    return [...this.#sources.values()].flatMap(({ learned }) => learned ?? []);
  }

  /** Takes a change of the kernel's state in; what it changes of what is learned. */
  apply(event: StateEvent): readonly LearnedChange[] {
    switch (event.event) {
      case "route": case "routeGone": {
        const { route } = event;
        if (!this.#isAlien(route)) return [];
        return this.#change(route.prefix, ({ routes }) => exchange(routes, event.event === "route" ? route : undefined,
          (one) => one.metric === route.metric && one.protocol === route.protocol));
      }
      case "address": case "addressGone": {
        const { address } = event;
        return this.#change(address.prefix, ({ addresses }) => exchange(addresses,
          event.event === "address" ? address : undefined, (one) => one.interfaceIndex === address.interfaceIndex
            && sameValue(one.address, address.address)));
      }
      case "link": return this.#linkChanged(event.link.index, event.link);
      case "linkGone": return this.#linkChanged(event.link.index, undefined);
    }
  }

  #linkChanged(index: number, link: Link | undefined): readonly LearnedChange[] {
    if (link === undefined) this.#links.delete(index);
    else this.#links.set(index, link);
    return [...this.#sources.values()].filter(({ addresses, routes }) =>
      addresses.some(({ interfaceIndex }) => interfaceIndex === index)
      || routes.some(({ nextHops }) => nextHops.some(({ interfaceIndex }) => interfaceIndex === index)))
      .flatMap((sources) => this.#learnAgain(sources));
  }

  #change(prefix: Prefix, edit: (sources: Sources) => void): readonly LearnedChange[] {
    const key = formatPrefix(prefix);
    const sources = this.#sources.get(key) ?? { prefix, addresses: [], routes: [], learned: undefined };
    this.#sources.set(key, sources);
    edit(sources);
    const changed = this.#learnAgain(sources);
    if (sources.addresses.length === 0 && sources.routes.length === 0) this.#sources.delete(key);
    return changed;
  }

  #learnAgain(sources: Sources): readonly LearnedChange[] {
    const now = this.#learned(sources);
    if (sameValue(now, sources.learned)) return [];
    sources.learned = now;
    return [{ prefix: sources.prefix, now }];
  }

  #learned({ prefix, addresses, routes }: Sources): LearnedRoute | undefined {
    const block = this.#options.blocks.find((own) => covers(own, prefix));
    const direct = addresses.map((address) => this.#directLink(address)).find((link) => link !== undefined);
    if (direct !== undefined) {
      return { prefix, source: "direct", preference: PREFERENCE.direct, interfaces: [direct.name], nextHop: undefined,
        metric: 0, block };
    }
    const alien = [...routes].sort((a, b) => a.metric - b.metric)[0];
    if (alien === undefined) return undefined;
    const gateway = alien.nextHops.length === 1 ? alien.nextHops[0]!.gateway : undefined;
    return {
      prefix, source: "alien", preference: PREFERENCE.alien, metric: alien.metric, block,
      interfaces: alien.nextHops.map(({ interfaceIndex }) => this.#links.get(interfaceIndex)?.name ?? ""),
      nextHop: gateway === undefined || isLinkLocal(gateway) ? undefined : gateway,
    };
  }

  /** The link of an address that is announced: up, not ignored, and the address is for others to know. */
  #directLink({ interfaceIndex, address, scope }: LinkAddress): Link | undefined {
    const link = this.#links.get(interfaceIndex);
    const isKnown = link !== undefined && link.up && !this.#isIgnored(link.name);
    return isKnown && scope < SCOPE_LINK && isTold(address) ? link : undefined;
  }

  #isAlien({ table, protocol, prefix }: KernelRoute): boolean {
    return table === this.#options.table && protocol !== this.#options.ownProtocol
      && !UNLEARNED_PROTOCOLS.includes(protocol) && isTold(prefix.address);
  }
}

/** A learned route as one of our own; `routePriority` is that of routes which have no metric (calico.md 4.2). */
export function originated({ prefix, nextHop, metric }: LearnedRoute, routePriority: number): OriginatedRoute {
  return { prefix, nextHop, communities: [], largeCommunities: [], med: undefined,
    localPref: Math.max(0, PRIORITY_BASE - (metric === 0 ? routePriority : metric)) };
}

function isTold(address: Uint8Array): boolean {
  return isForOthers(address.length, ...addressWords(address));
}

/** Takes out what matches, and puts the new one in. */
function exchange<T>(list: T[], added: T | undefined, matches: (one: T) => boolean): void {
  const at = list.findIndex(matches);
  if (at >= 0) list.splice(at, 1);
  if (added !== undefined) list.push(added);
}

/** Whether a name is of one of the patterns, in which * is any text. */
function matcher(patterns: readonly string[]): (name: string) => boolean {
  const some = patterns.map((pattern) =>
    new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`));
  return (name) => some.some((pattern) => pattern.test(name));
}
