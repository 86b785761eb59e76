/**
 * What every KernelPort does: one suite for the kernel in memory and the kernel of this machine, so that they cannot
 * drift. The world has two links, `va` (10.9.0.1/24, 2001:db8:9::1/64) and `vb` (10.8.0.1/24), both up.
 */

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { KernelChanges, KernelEvent, KernelFailure, KernelPort } from "../../src/kernel/port.ts";
import { isEmpty, plan } from "../../src/kernel/plan.ts";
import { formatRoute } from "../../src/kernel/route.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { KernelState } from "../../src/kernel/state.ts";
import { changes, octets, route } from "../support/kernel/build.ts";
import { collect } from "../support/kernel/collect.ts";

/** A kernel to try, and the hands that others lay on it. */
export interface KernelWorld {
  readonly port: KernelPort;
  indexOf(link: string): number;
  setLink(link: string, up: boolean): void;
  addAddress(link: string, address: string): void;
  removeAddress(link: string, address: string): void;
  /** Lets what is on its way arrive. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Runs the suite. */
export function kernelContract(name: string, open: () => Promise<KernelWorld>): void {
  describe(`${name} is a KernelPort`, () => {
    let world: KernelWorld;
    const events: KernelEvent[] = [];
    beforeAll(async () => {
      world = await open();
      world.port.follow((event) => events.push(event));
    });
    afterEach(async () => {
      const { add: none, replace: nothing, remove } = plan([], await ours(world.port));
      expect([...none, ...nothing]).toEqual([]);
      expect(await apply(world.port, changes({ remove }))).toEqual([]);
      await world.settled();
      events.length = 0;
    });
    afterAll(() => world.close());

    programming(() => world);
    refusals(() => world);
    following(() => world, events);
    losses(() => world, events);
  });
}

function programming(world: () => KernelWorld): void {
  it("keeps every kind of route as it was given", async () => {
    const [va, vb] = [world().indexOf("va"), world().indexOf("vb")];
    const add = [
      route("10.1.0.0/24", { via: "10.9.0.2", dev: va }),
      route("10.1.1.0/24", { via: "10.9.0.2", dev: va }, { metric: 2147483547 }),
      route("10.1.2.0/24", { via: "10.77.0.2", dev: va, onlink: true }),
      route("10.1.3.0/24", { dev: vb }),
      route("10.1.4.0/24", [{ via: "10.9.0.2", dev: va }, { via: "10.8.0.2", dev: vb, weight: 7 }]),
      route("10.1.5.0/24", { via: "10.9.0.2", dev: va }, { preferredSource: octets("10.8.0.1") }),
      route("10.1.6.0/24", { via: "fe80::9", dev: va }),
      route("10.1.7.0/26"),
      route("10.1.7.64/26", [], { type: "unreachable" }),
      route("10.1.7.128/26", [], { type: "prohibit", metric: 5 }),
      route("10.1.8.0/24", { via: "10.9.0.2", dev: va }, { table: 100 }),
      route("10.1.9.0/24", { via: "10.9.0.2", dev: va }, { table: 100000 }),
      route("0.0.0.0/0", { via: "10.9.0.2", dev: va }),
      route("10.1.10.1/32", { dev: va }, { protocol: 186 }),
      route("2001:db8:a::/48", { via: "2001:db8:9::2", dev: va }, { metric: 1024 }),
      route("2001:db8:b::/48", { via: "fe80::2", dev: vb }, { metric: 7 }),
      route("2001:db8:c::/122", [], { metric: 1024 }),
      route("2001:db8:d::/48", [], { type: "unreachable", metric: 9 }),
      route("2001:db8:e::/48", [{ via: "2001:db8:9::2", dev: va }, { via: "2001:db8:9::3", dev: va, weight: 4 }],
        { metric: 1024 }),
      route("2001:db8:f::/48", { via: "2001:db8:77::2", dev: va, onlink: true }, { metric: 3, table: 100 }),
      route("2001:db8:f:1::5/128", { dev: va }, { metric: 1024 }),
    ];
    expect(await apply(world().port, changes({ add }))).toEqual([]);
    expect(lines(await ours(world().port))).toEqual(lines(add));
    expect(isEmpty(plan(add, await ours(world().port)))).toBe(true);
  });
  it("finds the interface of a gateway, and IPv6's metric, where the route names none", async () => {
    const add = [route("10.1.0.0/24", "10.8.0.2"), route("2001:db8:a::/48", "2001:db8:9::2")];
    await apply(world().port, changes({ add }));
    expect(lines(await ours(world().port))).toEqual(lines([
      route("10.1.0.0/24", { via: "10.8.0.2", dev: world().indexOf("vb") }),
      route("2001:db8:a::/48", { via: "2001:db8:9::2", dev: world().indexOf("va") }, { metric: 1024 })]));
    expect(isEmpty(plan(add, await ours(world().port)))).toBe(true);
  });
  it("keeps routes of one prefix apart by metric", async () => {
    const add = [route("10.1.0.0/24", "10.9.0.2", { metric: 1 }), route("10.1.0.0/24", "10.9.0.3", { metric: 2 }),
      route("2001:db8:a::/48", "2001:db8:9::2", { metric: 1 }), route("2001:db8:a::/48", [], { metric: 2 })];
    expect(await apply(world().port, changes({ add }))).toEqual([]);
    expect(await apply(world().port, changes({ remove: [add[0]!, add[3]!] }))).toEqual([]);
    expect(isEmpty(plan([add[1]!, add[2]!], await ours(world().port)))).toBe(true);
  });
  it("replaces a route by one of another type or way, and adds it where it is gone", async () => {
    const pairs: readonly (readonly [KernelRoute, KernelRoute])[] = [
      [route("10.1.0.0/24", "10.9.0.2"), route("10.1.0.0/24", "10.9.0.3")],
      [route("10.1.1.0/24", "10.9.0.2"), route("10.1.1.0/24")],
      [route("10.1.2.0/24"), route("10.1.2.0/24", ["10.9.0.2", "10.9.0.3"])],
      [route("2001:db8:a::/48", "2001:db8:9::2"), route("2001:db8:a::/48")],
      [route("2001:db8:b::/48", ["2001:db8:9::2", "2001:db8:9::3"]), route("2001:db8:b::/48", "2001:db8:9::4")],
      [route("2001:db8:c::/48", ["2001:db8:9::2", "2001:db8:9::3"]), route("2001:db8:c::/48")],
      [route("2001:db8:d::/48", []), route("2001:db8:d::/48", "2001:db8:9::4")],
    ];
    await apply(world().port, changes({ add: pairs.map(([before]) => before) }));
    const want = [...pairs.map(([, after]) => after), route("10.1.9.0/24", "10.9.0.2")];
    expect(await apply(world().port, changes({ replace: want }))).toEqual([]);
    expect(isEmpty(plan(want, await ours(world().port)))).toBe(true);
  });
  it("carries out hundreds of changes, and names those that fail", async () => {
    const add = Array.from({ length: 900 }, (_, i) =>
      route(`10.${64 + (i >> 8)}.${i & 255}.0/24`, i % 300 === 7 ? "10.66.0.1" : "10.9.0.2"));
    const failures = await apply(world().port, changes({ add }));
    expect(failures.map((failure) => [failure.route, failure.change, failure.name])).toEqual(
      [7, 307, 607].map((at) => [add[at], "add", "ENETUNREACH"]));
    expect((await ours(world().port)).length).toBe(897);
  });
  it("applies a plan that leaves nothing to plan", async () => {
    const before = [route("10.1.0.0/16", "10.9.0.2"), route("10.1.0.0/26"), route("10.2.0.0/16", "10.9.0.2"),
      route("2001:db8:a::/48", "2001:db8:9::2")];
    const want = [route("10.1.0.0/16", "10.8.0.2"), route("10.1.0.5/32", "10.9.0.5"), route("10.1.0.64/26"),
      route("2001:db8:a::/48", "2001:db8:9::2", { metric: 1 }), route("2001:db8:a::/48")];
    await apply(world().port, changes({ add: before }));
    expect(await apply(world().port, plan(want, await ours(world().port)))).toEqual([]);
    expect(isEmpty(plan(want, await ours(world().port)))).toBe(true);
  });
}

function refusals(world: () => KernelWorld): void {
  const row = (name: string, why: string, bad: () => KernelRoute): void => it(`refuses ${why}: ${name}`, async () => {
    const one = bad();
    const [failure, ...others] = await apply(world().port, changes({ add: [one] }));
    expect([failure?.name, failure?.route, others]).toEqual([name, one, []]);
    expect(failure?.text).toMatch(/^[A-Z].* /);
    expect(await ours(world().port)).toEqual([]);
  });
  row("ENETUNREACH", "a gateway that no link has", () => route("10.1.0.0/24", "10.66.0.1"));
  row("ENETUNREACH", "a gateway that another link has",
    () => route("10.1.0.0/24", { via: "10.9.0.2", dev: world().indexOf("vb") }));
  row("EHOSTUNREACH", "a gateway that no link has, of IPv6", () => route("2001:db8:a::/48", "2001:db8:66::1"));
  row("ENODEV", "a link that is not there", () => route("10.1.0.0/24", { dev: 9999 }));
  row("ENODEV", "a link that is not there, onlink",
    () => route("10.1.0.0/24", { via: "10.9.0.2", dev: 9999, onlink: true }));
  row("ENODEV", "a link that is not there, of IPv6", () => route("2001:db8:a::/48", { via: "fe80::1", dev: 9999 }));
  row("EINVAL", "a link-local gateway of no link", () => route("2001:db8:a::/48", "fe80::1"));
  row("EINVAL", "a source that is not ours",
    () => route("10.1.0.0/24", "10.9.0.2", { preferredSource: octets("1.2.3.4") }));

  it("does not add over a route of its key, whoever has it", async () => {
    for (const [prefix, gateway] of [["10.1.0.0/24", "10.9.0.2"], ["2001:db8:a::/48", "2001:db8:9::2"]] as const) {
      const theirs = route(prefix, gateway, { protocol: 80 });
      await apply(world().port, changes({ add: [theirs] }));
      const failures = await apply(world().port, changes({ add: [route(prefix)] }));
      expect(failures.map(({ name }) => name)).toEqual(["EEXIST"]);
      const have = await ours(world().port, 80);
      expect(isEmpty(plan([theirs], have))).toBe(true);
      await apply(world().port, changes({ remove: have }));
    }
  });
  it("does not remove a route of another owner, and does not mind one that is gone", async () => {
    const pairs = [["10.1.0.0/24", "10.9.0.2"], ["10.2.0.0/24", []], ["2001:db8:a::/48", "2001:db8:9::2"]] as const;
    for (const [prefix, ways] of pairs) {
      const theirs = route(prefix, ways, { protocol: 80 });
      await apply(world().port, changes({ add: [theirs] }));
      expect(await apply(world().port, changes({ remove: [{ ...theirs, protocol: 12 }] }))).toEqual([]);
      const have = await ours(world().port, 80);
      expect(have.length).toBe(1);
      await apply(world().port, changes({ remove: have }));
    }
  });
}

function following(world: () => KernelWorld, events: readonly KernelEvent[]): void {
  it("tells of changes in the order of add, replace, remove", async () => {
    const present = [route("10.1.0.0/24", "10.9.0.2"), route("10.2.0.0/24", "10.9.0.2")];
    await apply(world().port, changes({ add: present }));
    await world().settled();
    const from = events.length;
    await apply(world().port, { remove: [present[0]!], replace: [route("10.2.0.0/24")],
      add: [route("10.3.0.4/32", "10.9.0.2"), route("10.3.0.0/24", "10.9.0.2")] });
    await world().settled();
    expect(events.slice(from).map((event) => `${event.event} ${"route" in event ? lines([event.route])[0] : ""}`)
      .map((line) => line.replace(/ (dev|table) .*/, ""))).toEqual([
      "route 10.3.0.4/32 via 10.9.0.2", "route 10.3.0.0/24 via 10.9.0.2", "route blackhole 10.2.0.0/24 proto 12",
      "routeGone 10.1.0.0/24 via 10.9.0.2"]);
  });
  it("tells of IPv6 routes as a dump shows them", async () => {
    const before = await dumped(world().port);
    const add = [route("2001:db8:e::/48", ["2001:db8:9::2", "2001:db8:9::3"]), route("2001:db8:f::/48")];
    const from = events.length;
    await apply(world().port, changes({ add }));
    await world().settled();
    await expectFollowed(world(), before, events, from);
    await apply(world().port, changes({ remove: await ours(world().port) }));
    await world().settled();
    await expectFollowed(world(), before, events, from);
  });
  it("tells of addresses that come and go", async () => {
    const before = await dumped(world().port);
    const from = events.length;
    world().addAddress("vb", "10.7.0.1/24");
    await world().settled();
    await expectFollowed(world(), before, events, from);
    const lost = route("10.1.0.0/24", "10.7.0.2", { preferredSource: octets("10.7.0.1") });
    await apply(world().port, changes({ add: [lost] }));
    world().removeAddress("vb", "10.7.0.1/24");
    await world().settled();
    expect(await ours(world().port)).toEqual([]);
    await expectFollowed(world(), before, events, from);
  });
}

function losses(world: () => KernelWorld, events: readonly KernelEvent[]): void {
  it("loses the routes of a link that goes down, and no blackhole", async () => {
    const before = await dumped(world().port);
    const from = events.length;
    const vb = world().indexOf("vb");
    const kept = [route("10.1.0.0/24"), route("10.2.0.0/24", "10.9.0.2"), route("2001:db8:a::/48")];
    const lost = [route("10.3.0.0/24", "10.8.0.2"), route("10.4.0.0/24", { via: "10.66.0.1", dev: vb, onlink: true }),
      route("2001:db8:b::/48", { via: "fe80::1", dev: vb })];
    await apply(world().port, changes({ add: [...kept, ...lost] }));
    world().setLink("vb", false);
    await world().settled();
    expect(isEmpty(plan(kept, await ours(world().port)))).toBe(true);
    await expectFollowed(world(), before, events, from);
    const failures = await apply(world().port, changes({ add: lost }));
    expect(failures.map(({ name }) => name)).toEqual(["ENETUNREACH", "ENETDOWN", "ENETDOWN"]);
    world().setLink("vb", true);
    await world().settled();
    expect(await apply(world().port, changes({ add: lost.slice(0, 2) }))).toEqual([]);
  });
  it("loses all IPv4 routes of a link with its last address", async () => {
    const before = await dumped(world().port);
    const from = events.length;
    await apply(world().port, changes({ add: [route("10.3.0.0/24", "10.8.0.2"), route("10.4.0.0/24", "10.9.0.2")] }));
    world().removeAddress("vb", "10.8.0.1/24");
    await world().settled();
    expect(isEmpty(plan([route("10.4.0.0/24", "10.9.0.2")], await ours(world().port)))).toBe(true);
    await expectFollowed(world(), before, events, from);
    world().addAddress("vb", "10.8.0.1/24");
    await world().settled();
    await expectFollowed(world(), before, events, from);
  });
}

/** The state that follows from events is the one that a dump shows. */
async function expectFollowed(
  world: KernelWorld, before: KernelState, events: readonly KernelEvent[], from: number,
): Promise<void> {
  const followed = new KernelState();
  for (const event of new KernelState().difference(before)) followed.apply(event);
  for (const event of events.slice(from)) if (event.event !== "lost") followed.apply(event);
  expect(lines(followed.routes())).toEqual(lines((await dumped(world.port)).routes()));
  expect(followed.difference(await dumped(world.port))).toEqual([]);
}

/** Applies changes. */
export function apply(port: KernelPort, some: KernelChanges): Promise<readonly KernelFailure[]> {
  return new Promise((resolve) => port.apply(some, resolve));
}

/** What a kernel has. */
export function dumped(port: KernelPort): Promise<KernelState> {
  return new Promise((resolve, reject) => port.dump(collect((state, fault) => {
    if (state === undefined) reject(new Error(fault));
    else resolve(state);
  })));
}

async function ours(port: KernelPort, ...protocols: readonly number[]): Promise<readonly KernelRoute[]> {
  const wanted = protocols.length === 0 ? [12, 186] : protocols;
  return [...(await dumped(port)).routes()].filter(({ protocol }) => wanted.includes(protocol));
}

function lines(routes: Iterable<KernelRoute>): readonly string[] {
  return [...routes].map((one) => `${formatRoute(one, String)} table ${one.table}`).sort();
}
