/**
 * What a kernel has, by a dump and the events since. Rule: it says what Linux does without a word, too: that IPv4
 * routes go with their link, or with its last address.
 */

import { formatAddress } from "../base/address.ts";
import { formatPrefix } from "../base/prefix.ts";
import { sameValue } from "../base/same.ts";
import type { KernelEvent } from "./port.ts";
import { joins, routeKey } from "./route.ts";
import type { KernelRoute, Link, LinkAddress, NextHop } from "./route.ts";

/** What happens, but for the loss of events: that is answered with another dump. */
export type StateEvent = Exclude<KernelEvent, { readonly event: "lost" }>;

/** Links, addresses and routes of a kernel. */
export class KernelState {
  readonly #links = new Map<number, Link>();
  readonly #addresses = new Map<string, LinkAddress>();
  /** By key. */
  readonly #routes = new Map<string, KernelRoute>();
  /** What a dump had besides: a second one of a key takes somebody's hand, and the first is the one in use. */
  #twins: KernelRoute[] = [];

  /** Links by index. */
  get links(): ReadonlyMap<number, Link> {
    return this.#links;
  }

  /** The link of that name. */
  linkNamed(name: string): Link | undefined {
    for (const link of this.#links.values()) if (link.name === name) return link;
    return undefined;
  }

  /** The link over which IPv4 routes are gone by an event that was taken in, without a word of theirs: its index. */
  lostLink(event: StateEvent): number | undefined {
    switch (event.event) {
      case "linkGone": return event.link.index;
      case "link": return event.link.up ? undefined : event.link.index;
      case "addressGone": return this.#isLast(event.address) ? event.address.interfaceIndex : undefined;
      default: return undefined;
    }
  }

  /** Routes of all owners and tables. */
  * routes(): Iterable<KernelRoute> {
    yield* this.#routes.values();
    yield* this.#twins;
  }

  /** Takes a route of a dump in. */
  addDumped(route: KernelRoute): void {
    const key = routeKey(route);
    if (this.#routes.has(key)) this.#twins.push(route);
    else this.#routes.set(key, route);
  }

  /** Takes an event in. What really changed by it, in order; nothing where all of it was known. */
  apply(event: StateEvent): readonly StateEvent[] {
    switch (event.event) {
      case "route": return this.#routeSet(event);
      case "routeGone": return this.#routeGone(event.route);
      case "link": return this.#linkChanged(event.link, event);
      case "linkGone": return this.#linkGone(event.link);
      case "address": return put(this.#addresses, addressKey(event.address), event.address, event);
      case "addressGone": return this.#addressGone(event.address);
    }
  }

  /** What to do to this state so that it is the other: links and addresses that come first, those that go last. */
  difference(to: KernelState): readonly StateEvent[] {
    return [
      ...came(this.#links, to.#links).map((link): StateEvent => ({ event: "link", link })),
      ...came(this.#addresses, to.#addresses).map((address): StateEvent => ({ event: "address", address })),
      ...[...this.#routes].filter(([key, { protocol }]) => to.#routes.get(key)?.protocol !== protocol)
        .map(([, route]): StateEvent => ({ event: "routeGone", route })),
      ...came(this.#routes, to.#routes).map((route): StateEvent => ({ event: "route", route })),
      ...went(this.#addresses, to.#addresses).map((address): StateEvent => ({ event: "addressGone", address })),
      ...went(this.#links, to.#links).map((link): StateEvent => ({ event: "linkGone", link })),
    ];
  }

  /** Of two of one key the first counts. */
  #routeSet(event: Extract<StateEvent, { readonly event: "route" }>): readonly StateEvent[] {
    const { route, beside } = event;
    const key = routeKey(route);
    const first = this.#routes.get(key);
    if (beside === true && first !== undefined && !joins(route, first)) {
      if (!sameValue(route, first) && !this.#twins.some((twin) => sameValue(twin, route))) this.#twins.push(route);
      return [];
    }
    const isOthers = first !== undefined && first.protocol !== route.protocol;
    const lost: readonly StateEvent[] = isOthers ? [{ event: "routeGone", route: first }] : [];
    return [...lost, ...put(this.#routes, key, route, event)];
  }

  /** Hops of a route may go by themselves (IPv6); a route that is another by now stays. */
  #routeGone(gone: KernelRoute): readonly StateEvent[] {
    const key = routeKey(gone);
    const twin = this.#twins.findIndex((one) => routeKey(one) === key && sameValue(one, gone));
    if (twin >= 0) {
      this.#twins.splice(twin, 1);
      return [];
    }
    const known = this.#routes.get(key);
    if (known === undefined || known.type !== gone.type || known.protocol !== gone.protocol) return [];
    if (known.type !== "unicast") return this.#dropRoute(key, known);
    return this.#without(key, known, (hop) => gone.nextHops.some((one) => sameWay(one, hop)));
  }

  /** Becomes the other, which was dumped. What really changed by it, in order. */
  become(to: KernelState): readonly StateEvent[] {
    this.#twins = [];
    const changes = this.difference(to).flatMap((event) => this.apply(event));
    this.#twins = [...to.#twins];
    return changes;
  }

  /** One of another name is another one to whoever knows it by that: what hangs on it stays. */
  #linkChanged(link: Link, event: StateEvent): readonly StateEvent[] {
    const before = this.#links.get(link.index);
    const isRenamed = before !== undefined && before.name !== link.name;
    const renamed: readonly StateEvent[] = isRenamed ? [{ event: "linkGone", link: before }] : [];
    const changed = put(this.#links, link.index, link, event);
    return changed.length === 0 ? changed : [...renamed, ...changed, ...this.#routesLostBy(event)];
  }

  #linkGone(link: Link): readonly StateEvent[] {
    const lost: StateEvent[] = [...this.#routesLostBy({ event: "linkGone", link })];
    for (const [key, address] of this.#addresses) {
      if (address.interfaceIndex !== link.index) continue;
      this.#addresses.delete(key);
      lost.push({ event: "addressGone", address });
    }
    return this.#links.delete(link.index) ? [...lost, { event: "linkGone", link }] : lost;
  }

  #addressGone(address: LinkAddress): readonly StateEvent[] {
    if (!this.#addresses.delete(addressKey(address))) return [];
    const event: StateEvent = { event: "addressGone", address };
    return [event, ...this.#routesLostBy(event)];
  }

  /** Whether an IPv4 address that went was the last one of its link. */
  #isLast({ family, interfaceIndex }: LinkAddress): boolean {
    if (family !== "ipv4-unicast") return false;
    for (const other of this.#addresses.values()) {
      if (other.family === family && other.interfaceIndex === interfaceIndex) return false;
    }
    return true;
  }

  #routesLostBy(event: StateEvent): readonly StateEvent[] {
    const interfaceIndex = this.lostLink(event);
    const lost: StateEvent[] = [];
    if (interfaceIndex === undefined) return lost;
    const isLost = (hop: NextHop): boolean => hop.interfaceIndex === interfaceIndex;
    this.#twins = this.#twins.flatMap((twin) =>
      (twin.family === "ipv4-unicast" ? withoutHops(twin, isLost) ?? [] : twin));
    for (const [key, route] of this.#routes) {
      if (route.family !== "ipv4-unicast") continue;
      lost.push(...this.#without(key, route, isLost));
    }
    return lost;
  }

  #without(key: string, route: KernelRoute, isGone: (hop: NextHop) => boolean): readonly StateEvent[] {
    const now = withoutHops(route, isGone);
    if (now === route) return [];
    if (now === undefined) return this.#dropRoute(key, route);
    this.#routes.set(key, now);
    return [{ event: "route", route: now }];
  }

  /** A twin comes into its place. */
  #dropRoute(key: string, route: KernelRoute): readonly StateEvent[] {
    this.#routes.delete(key);
    const gone: StateEvent = { event: "routeGone", route };
    const at = this.#twins.findIndex((one) => routeKey(one) === key);
    const [twin] = at < 0 ? [] : this.#twins.splice(at, 1);
    if (twin === undefined) return [gone];
    this.#routes.set(key, twin);
    return [gone, { event: "route", route: twin }];
  }
}

/** The route itself where it loses none; undefined where it loses all. */
function withoutHops(route: KernelRoute, isGone: (hop: NextHop) => boolean): KernelRoute | undefined {
  const left = route.nextHops.filter((hop) => !isGone(hop));
  if (left.length === route.nextHops.length) return route;
  return left.length === 0 ? undefined : { ...route, nextHops: left };
}

function addressKey({ interfaceIndex, address, prefix }: LinkAddress): string {
  return `${interfaceIndex} ${formatAddress(address)} ${formatPrefix(prefix)}`;
}

function sameWay(a: NextHop, b: NextHop): boolean {
  return a.interfaceIndex === b.interfaceIndex && sameValue(a.gateway, b.gateway);
}

function put<K, V>(map: Map<K, V>, key: K, value: V, event: StateEvent): readonly StateEvent[] {
  if (sameValue(map.get(key), value)) return [];
  map.set(key, value);
  return [event];
}

function came<K, V>(from: ReadonlyMap<K, V>, to: ReadonlyMap<K, V>): readonly V[] {
  return [...to].filter(([key, value]) => !sameValue(from.get(key), value)).map(([, value]) => value);
}

function went<K, V>(from: ReadonlyMap<K, V>, to: ReadonlyMap<K, V>): readonly V[] {
  return [...from].filter(([key]) => !to.has(key)).map(([, value]) => value);
}
