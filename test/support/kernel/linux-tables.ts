/**
 * Linux's routing tables as far as a routing daemon can tell, in memory: what is refused and with which errno, what
 * goes with what, what is told and what is not. Found out on Linux 6.18; test/kernel/contract.ts runs on both.
 */

import { covers } from "../../../src/base/prefix.ts";
import { sameValue } from "../../../src/base/same.ts";
import type { KernelChanges, KernelEvent } from "../../../src/kernel/port.ts";
import { joins, metricInKernel, routeKey, sameRoute } from "../../../src/kernel/route.ts";
import type { KernelRoute, Link, LinkAddress, NextHop } from "../../../src/kernel/route.ts";

const [EINVAL, EEXIST, ENODEV, ESRCH, ENETDOWN, ENETUNREACH, EHOSTUNREACH] = [22, 17, 19, 3, 100, 101, 113];
/** rtm_protocol of the kernel's own routes, and the metric of IPv6's. */
const [KERNEL_PROTOCOL, KERNEL_METRIC_IPV6] = [2, 256];

/** The tables; everything happens at once. */
export class LinuxTables {
  readonly links: Map<number, Link> = new Map();
  addresses: readonly LinkAddress[] = [];
  /** In the order in which they count. */
  routes: readonly KernelRoute[] = [];
  /** Who is told what happens. */
  onEvent: (event: KernelEvent) => void = () => undefined;

  /** Adds a link, or sets what it is. */
  setLink(link: Link): void {
    const before = this.links.get(link.index);
    this.links.set(link.index, link);
    this.onEvent({ event: "link", link });
    if (before?.up === true && !link.up) this.#linkDown(link.index);
    if (before?.up === false && link.up) {
      for (const address of this.addresses) if (address.interfaceIndex === link.index) this.#connect(address);
    }
  }

  removeLink(index: number): void {
    const link = this.links.get(index);
    if (link === undefined) return;
    this.#linkDown(index);
    this.addresses.filter((address) => address.interfaceIndex === index).forEach((address) => this.#forget(address));
    this.links.delete(index);
    this.onEvent({ event: "linkGone", link });
  }

  addAddress(address: LinkAddress): void {
    this.addresses = [...this.addresses, address];
    this.onEvent({ event: "address", address });
    if (this.links.get(address.interfaceIndex)?.up === true) this.#connect(address);
  }

  /** With an address go its connected route, and what has it as source; with the last of IPv4, all of its link. */
  removeAddress(address: LinkAddress): void {
    const present = this.addresses.find((one) => sameValue(one, address));
    if (present === undefined) return;
    this.#forget(present);
    this.#drop((route) => route.protocol === KERNEL_PROTOCOL && sameValue(route.prefix, address.prefix)
      && route.nextHops[0]?.interfaceIndex === address.interfaceIndex, true);
    this.#drop(({ preferredSource }) => preferredSource !== undefined
      && sameValue(preferredSource, address.address), true);
    const isLast = address.family === "ipv4-unicast" && !this.addresses.some(({ family, interfaceIndex }) =>
      family === address.family && interfaceIndex === address.interfaceIndex);
    if (isLast) this.#hopsLost(address.interfaceIndex, "ipv4-unicast");
  }

  /** Changes a route; a positive errno where Linux refuses. */
  change(change: keyof KernelChanges, route: KernelRoute): number {
    return change === "remove" ? this.#remove(route) : this.#put(route, change === "replace");
  }

  /** `ip route append` and `prepend`; two of IPv6 that Linux would join are refused, as joining is not done here. */
  putBeside(where: "append" | "prepend", asked: KernelRoute): number {
    const errno = this.#refusal(asked);
    if (errno !== 0) return errno;
    const route = this.#stored(asked);
    const ofKey = this.routes.filter((one) => routeKey(one) === routeKey(route));
    if (ofKey.length === 0) return this.#put(asked, false);
    if (ofKey.some((one) => sameRoute(route, one) || joins(route, one))) return EEXIST;
    const at = this.routes.indexOf(ofKey[0]!);
    this.routes = where === "append" ? [...this.routes, route] : this.routes.toSpliced(at, 0, route);
    this.onEvent({ event: "route", route, beside: true });
    return 0;
  }

  #put(asked: KernelRoute, mayReplace: boolean): number {
    const errno = this.#refusal(asked);
    if (errno !== 0) return errno;
    const route = this.#stored(asked);
    const ofKey = this.routes.filter((one) => routeKey(one) === routeKey(route));
    const [first, ...twins] = ofKey;
    if (first !== undefined && !mayReplace) return EEXIST;
    if (route.family === "ipv4-unicast" && twins.some((one) => sameRoute(route, one))) return EEXIST;
    this.routes = first === undefined ? [...this.routes, route] : this.routes.with(this.routes.indexOf(first), route);
    this.onEvent({ event: "route", route });
    return 0;
  }

  #stored(asked: KernelRoute): KernelRoute {
    const nextHops = asked.nextHops.map((hop) => this.#found(hop, asked));
    return { ...asked, metric: metricInKernel(asked), nextHops };
  }

  /** IPv4 takes a metric of 0 for any, the lowest first; of two of one key it takes the first, whatever its ways. */
  #remove(asked: KernelRoute): number {
    const isIpv4 = asked.family === "ipv4-unicast";
    const [route] = this.routes.filter(({ table, protocol, prefix, metric, type }) =>
      table === asked.table && protocol === asked.protocol && type === asked.type && sameValue(prefix, asked.prefix)
      && (metric === metricInKernel(asked) || (isIpv4 && asked.metric === 0))).sort((a, b) => a.metric - b.metric);
    if (route === undefined) return ESRCH;
    this.routes = this.routes.filter((one) => one !== route);
    this.onEvent({ event: "routeGone", route });
    return 0;
  }

  #refusal(route: KernelRoute): number {
    const { preferredSource, nextHops } = route;
    for (const hop of nextHops) {
      const errno = this.#hopRefusal(hop, route);
      if (errno !== 0) return errno;
    }
    const isOurs = preferredSource === undefined
      || this.addresses.some(({ address }) => sameValue(address, preferredSource));
    return isOurs ? 0 : EINVAL;
  }

  #hopRefusal({ gateway, interfaceIndex, onlink }: NextHop, { family }: KernelRoute): number {
    const link = interfaceIndex === 0 ? undefined : this.links.get(interfaceIndex);
    const isIpv4 = family === "ipv4-unicast";
    const isIpv6Gateway = gateway !== undefined && gateway.length === 16;
    if (gateway === undefined || onlink || (isIpv6Gateway && isIpv4)) {
      if (link === undefined) return ENODEV;
      return link.up ? 0 : ENETDOWN;
    }
    if (isIpv6Gateway && gateway[0] === 0xfe) {
      if (interfaceIndex === 0) return EINVAL;
      return link === undefined ? ENODEV : link.up ? 0 : ENETDOWN;
    }
    if (isIpv6Gateway && interfaceIndex !== 0 && link === undefined) return ENODEV;
    const way = this.#wayTo(gateway, interfaceIndex);
    return way !== undefined ? 0 : isIpv6Gateway ? EHOSTUNREACH : ENETUNREACH;
  }

  /** The hop as it is stored: its interface is known. */
  #found(hop: NextHop, { nextHops }: KernelRoute): NextHop {
    const weight = nextHops.length === 1 ? 1 : hop.weight;
    if (hop.interfaceIndex !== 0 || hop.gateway === undefined) return { ...hop, weight };
    return { ...hop, weight, interfaceIndex: this.#wayTo(hop.gateway, 0)! };
  }

  /** The interface by which a gateway is a neighbour. */
  #wayTo(gateway: Uint8Array, interfaceIndex: number): number | undefined {
    const host = { address: gateway, length: gateway.length * 8 };
    const direct = this.routes.filter(({ type, prefix, nextHops, table }) => type === "unicast" && table === 254
      && covers(prefix, host) && nextHops.every((hop) => hop.gateway === undefined)
      && (interfaceIndex === 0 || nextHops[0]!.interfaceIndex === interfaceIndex));
    return direct.sort((a, b) => b.prefix.length - a.prefix.length)[0]?.nextHops[0]?.interfaceIndex;
  }

  #connect({ family, interfaceIndex, address, prefix }: LinkAddress): void {
    const isIpv4 = family === "ipv4-unicast";
    const isHostOnly = isIpv4 && prefix.length === 32 && sameValue(prefix.address, address);
    if (isHostOnly) return;
    const route: KernelRoute = {
      family, prefix, table: 254, protocol: KERNEL_PROTOCOL, metric: isIpv4 ? 0 : KERNEL_METRIC_IPV6, type: "unicast",
      nextHops: [{ gateway: undefined, interfaceIndex, onlink: false, weight: 1 }],
      preferredSource: isIpv4 ? address : undefined,
    };
    this.routes = [...this.routes, route];
    this.onEvent({ event: "route", route });
  }

  #forget(address: LinkAddress): void {
    this.addresses = this.addresses.filter((one) => one !== address);
    this.onEvent({ event: "addressGone", address });
  }

  /** IPv6 addresses of a link go with it, but for those that are configured to stay; IPv4's stay. */
  #linkDown(index: number): void {
    this.#hopsLost(index, "ipv4-unicast");
    this.#hopsLost(index, "ipv6-unicast");
    this.addresses.filter(({ family, interfaceIndex }) => family === "ipv6-unicast" && interfaceIndex === index)
      .forEach((address) => this.#forget(address));
  }

  /** IPv6 tells of each route that goes, IPv4 of none. */
  #hopsLost(index: number, family: KernelRoute["family"]): void {
    const isLost = (hop: NextHop): boolean => hop.interfaceIndex === index;
    this.#drop((route) => route.family === family && route.nextHops.length > 0 && route.nextHops.every(isLost),
      family === "ipv6-unicast");
    this.routes = this.routes.map((route) => {
      if (route.family !== family || !route.nextHops.some(isLost)) return route;
      const [left, lost] = [route.nextHops.filter((hop) => !isLost(hop)), route.nextHops.filter(isLost)];
      if (family === "ipv6-unicast") this.onEvent({ event: "routeGone", route: { ...route, nextHops: lost } });
      return { ...route, nextHops: left };
    });
  }

  #drop(isGone: (route: KernelRoute) => boolean, isTold: boolean): void {
    const gone = this.routes.filter(isGone);
    this.routes = this.routes.filter((route) => !gone.includes(route));
    if (isTold) for (const route of gone) this.onEvent({ event: "routeGone", route });
  }
}
