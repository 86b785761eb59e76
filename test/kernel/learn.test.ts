/** What is learned from a kernel, as Calico's BIRD learns it (calico.md 4.1, 4.3, 7). */

import { describe, expect, it } from "vitest";
import { formatAddress } from "../../src/base/address.ts";
import { formatPrefix } from "../../src/base/prefix.ts";
import { PRIORITY_BASE } from "../../src/config/intent.ts";
import { Learner, originated } from "../../src/kernel/learn.ts";
import type { LearnedRoute } from "../../src/kernel/learn.ts";
import type { KernelRoute, Link } from "../../src/kernel/route.ts";
import type { StateEvent } from "../../src/kernel/state.ts";
import { linkAddress, route } from "../support/kernel/build.ts";
import type { Way } from "../support/kernel/build.ts";

const NAMES = ["", "lo", "eth0", "cali1a2b", "tunl0", "kube-ipvs0", "docker0"];
const link = (index: number, up = true): StateEvent => ({ event: "link", link: linkOf(index, up) });
const linkOf = (index: number, up: boolean): Link =>
  ({ index, name: NAMES[index]!, up, running: up, loopback: index === 1 });
const address = (index: number, text: string, scope = 0): StateEvent =>
  ({ event: "address", address: { ...linkAddress(index, text), scope } });
const theirs = (prefix: string, ways: Way | readonly Way[] = [], more: Partial<KernelRoute> = {}): StateEvent =>
  ({ event: "route", route: route(prefix, ways, { protocol: 80, ...more }) });
const learner = (...events: readonly StateEvent[]): Learner => {
  const made = new Learner({ table: 254, ownProtocol: 12, ignoredInterfaces: ["docker*"],
    blocks: [route("10.1.0.0/26").prefix] });
  for (let index = 1; index < NAMES.length; index++) made.apply(link(index));
  for (const event of events) made.apply(event);
  return made;
};
const learned = (...events: readonly StateEvent[]): readonly string[] => learner(...events).routes().map(said);

describe("addresses", () => {
  it("announce their network, but for those of pods, of services and of ignored interfaces", () => {
    expect(learned(address(2, "10.9.0.1/24"), address(3, "10.3.0.1/24"), address(5, "10.96.0.1/32"),
      address(6, "172.17.0.1/16"), address(2, "2001:db8:9::1/64"))).toEqual(
      ["10.9.0.0/24 direct 240 eth0", "2001:db8:9::/64 direct 240 eth0"]);
  });
  it("of the tunnel announce themselves", () => {
    expect(learned(address(4, "10.1.0.1/32"), address(4, "10.1.1.1/32"))).toEqual(
      ["10.1.0.1/32 direct 240 tunl0 in 10.1.0.0/26", "10.1.1.1/32 direct 240 tunl0"]);
  });
  it("of a link or of this host say nothing", () => {
    expect(learned(address(1, "127.0.0.1/8", 254), address(2, "fe80::1/64", 253), address(2, "169.254.0.1/16"),
      address(2, "10.5.0.1/24", 253)))
      .toEqual([]);
  });
  it("come and go with their link", () => {
    const made = learner(address(2, "10.9.0.1/24"));
    expect(made.apply(link(2, false))).toEqual([{ prefix: route("10.9.0.0/24").prefix, now: undefined }]);
    expect(made.apply(link(2, false))).toEqual([]);
    expect(made.apply(link(2, true)).map(({ now }) => said(now!))).toEqual(["10.9.0.0/24 direct 240 eth0"]);
    expect(made.apply({ event: "addressGone", address: linkAddress(2, "10.9.0.1/24") }).map(({ now }) => now))
      .toEqual([undefined]);
    expect(made.routes()).toEqual([]);
  });
});

describe("routes of others", () => {
  it("are learned, a pod of our own block and a borrowed address too", () => {
    expect(learned(theirs("10.1.0.5/32", { dev: 3 }), theirs("10.1.7.9/32", { dev: 3 }))).toEqual(
      ["10.1.0.5/32 alien 10 cali1a2b in 10.1.0.0/26", "10.1.7.9/32 alien 10 cali1a2b"]);
  });
  it("have their gateway as next hop, unless it is of the link or one of several", () => {
    expect(learned(theirs("10.2.0.0/16", { via: "10.9.0.254", dev: 2 }),
      theirs("2001:db8:2::/48", { via: "fe80::1", dev: 2 }),
      theirs("10.3.0.0/16", [{ via: "10.9.0.2", dev: 2 }, { via: "10.9.0.3", dev: 4 }]))).toEqual([
      "10.2.0.0/16 alien 10 eth0 via 10.9.0.254", "2001:db8:2::/48 alien 10 eth0", "10.3.0.0/16 alien 10 eth0,tunl0"]);
  });
  it("are not those of the kernel, of a redirect, of another table, of a link, of a group, nor ours", () => {
    expect(learned(...[0, 1, 2, 12].map((protocol) => theirs("10.2.0.0/16", { dev: 2 }, { protocol })),
      theirs("10.2.0.0/16", { dev: 2 }, { table: 100 }), theirs("169.254.1.0/24", { dev: 2 }),
      theirs("224.0.0.0/4", { dev: 2 }), theirs("fe80::/64", { dev: 2 }), theirs("127.5.0.0/16"))).toEqual([]);
  });
  it("of one prefix count by metric, and behind an address", () => {
    const slow = theirs("10.2.0.0/16", { dev: 2 }, { metric: 20 });
    const quick = theirs("10.2.0.0/16", { dev: 4 }, { metric: 5 });
    const made = learner(slow);
    expect(made.apply(quick).map(({ now }) => said(now!))).toEqual(["10.2.0.0/16 alien 10 tunl0 metric 5"]);
    expect(made.apply(address(2, "10.2.0.1/16")).map(({ now }) => said(now!))).toEqual(["10.2.0.0/16 direct 240 eth0"]);
    expect(made.apply({ ...quick, event: "routeGone" } as StateEvent)).toEqual([]);
    expect(made.apply({ event: "addressGone", address: linkAddress(2, "10.2.0.1/16") }).map(({ now }) => said(now!)))
      .toEqual(["10.2.0.0/16 alien 10 eth0 metric 20"]);
  });
  it("carry their metric as LOCAL_PREF, or the ordinary priority", () => {
    const pods = [theirs("10.1.7.9/32", { dev: 3 }), theirs("10.1.7.8/32", { dev: 3 }, { metric: 512 })];
    const [plain, urgent] = learner(...pods).routes();
    expect(originated(plain!, 1024)).toMatchObject({ prefix: route("10.1.7.9/32").prefix, nextHop: undefined,
      localPref: PRIORITY_BASE - 1024 });
    expect(originated(urgent!, 1024).localPref).toBe(PRIORITY_BASE - 512);
  });
});

function said({ prefix, source, preference, interfaces, nextHop, metric, block }: LearnedRoute): string {
  return [formatPrefix(prefix), source, preference, interfaces.join(),
    ...(nextHop === undefined ? [] : [`via ${formatAddress(nextHop)}`]), ...(metric === 0 ? [] : [`metric ${metric}`]),
    ...(block === undefined ? [] : [`in ${formatPrefix(block)}`])].join(" ");
}
