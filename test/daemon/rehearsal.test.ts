/** The rehearsal before the first routes: played through, in short turns, apart from the daemon, and then gone. */

import { afterEach, describe, expect, it, vi } from "vitest";
import type { Instant } from "../../src/base/ports.ts";
import { Peer } from "../../src/daemon/peer.ts";
import { rehearse } from "../../src/daemon/rehearsal.ts";
import { Ingress } from "../../src/reflector/ingress.ts";
import { Rib } from "../../src/rib/rib.ts";
import type { Scheduler } from "../../src/transport/ports.ts";
import { VirtualClock, VirtualHost } from "../sim/virtual-clock.ts";
import { file, World } from "./world.ts";

const PREFIXES = 48 * 34;

afterEach(() => void vi.restoreAllMocks());

/** A scheduler that knows what is still to happen. */
class Watched implements Scheduler {
  readonly pending = new Set<object>();
  readonly #inner: Scheduler;
  turns = 0;

  constructor(inner: Scheduler) {
    this.#inner = inner;
  }

  at(at: Instant, run: (now: Instant) => void): () => void {
    return this.#watch((done) => this.#inner.at(at, (now) => { done(); run(now); }));
  }

  afterPoll(run: () => void): () => void {
    return this.#watch((done) => this.#inner.afterPoll(() => { done(); run(); }));
  }

  soon(run: () => void): void {
    this.#watch((done) => {
      this.#inner.soon(() => { this.turns++; done(); run(); });
      return () => undefined;
    });
  }

  #watch(begin: (done: () => void) => () => void): () => void {
    const key = {};
    this.pending.add(key);
    const takeBack = begin(() => void this.pending.delete(key));
    return () => {
      this.pending.delete(key);
      takeBack();
    };
  }
}

function stage(): { clock: VirtualClock; scheduler: Watched; collected: () => number;
  begin: (isOver?: () => boolean) => void } {
  const clock = new VirtualClock(3);
  const scheduler = new Watched(new VirtualHost(clock, "192.0.2.1"));
  let collections = 0;
  const collectGarbage = (): void => { collections++; };
  return {
    clock, scheduler, collected: () => collections,
    begin: (isOver = () => false) => rehearse({ clock, random: clock.random, scheduler, collectGarbage }, isOver),
  };
}

describe("a rehearsal", () => {
  it("is played through: every prefix announced, announced anew and withdrawn, and told on", () => {
    const announce = vi.spyOn(Rib.prototype, "announce");
    const withdraw = vi.spyOn(Rib.prototype, "withdraw");
    const decide = vi.spyOn(Rib.prototype, "decide");
    const pull = vi.spyOn(Peer.prototype, "pull");
    const { clock, begin } = stage();
    begin();
    clock.run(1_000);
    expect(announce.mock.results.filter(({ value }) => value === 0)).toHaveLength(0);
    expect(announce.mock.calls.length).toBe(2 * PREFIXES);
    expect(withdraw.mock.results.filter(({ value }) => value === true)).toHaveLength(PREFIXES);
    expect(decide.mock.calls.length).toBe(3 * PREFIXES);
    expect(pull.mock.results.filter(({ value }) => value !== undefined).length).toBeGreaterThan(3 * 8);
  });
  it("hears a few messages in a turn", () => {
    const apply = vi.spyOn(Ingress.prototype, "apply");
    const { clock, scheduler, begin } = stage();
    begin();
    let most = 0;
    for (let heard = 0, turns = 0; scheduler.pending.size > 0 && turns < 10_000; turns++) {
      const { turns: before } = scheduler;
      clock.run(1_000, () => scheduler.turns > before);
      most = Math.max(most, apply.mock.calls.length - heard);
      heard = apply.mock.calls.length;
    }
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(8);
  });
  it("leaves nothing that is still to happen, and has its garbage collected", () => {
    const { clock, scheduler, collected, begin } = stage();
    begin();
    expect(collected()).toBe(0);
    clock.run(10);
    expect(collected()).toBe(1);
    expect(scheduler.pending.size).toBe(0);
    expect(clock.run(3_600_000)).toBe(0);
  });
  it.each([0, 1, 5, 20, 60])("ends at once where it is over after %i turns", (turns) => {
    const { clock, scheduler, collected, begin } = stage();
    const apply = vi.spyOn(Ingress.prototype, "apply");
    let heard = 0;
    begin(() => {
      if (scheduler.turns < turns) heard = apply.mock.calls.length;
      return scheduler.turns >= turns;
    });
    clock.run(3_600_000);
    expect(scheduler.pending.size).toBe(0);
    expect(apply.mock.calls.length - heard).toBeLessThanOrEqual(8);
    expect(collected()).toBe(0);
  });
  it("begins with the first session, once, and is over with many routes of others, or with the daemon", async () => {
    const world = new World(file({
      neighbors: [{ range: "192.0.2.0/24", routeReflectorClient: true }], originate: [{ prefix: "10.9.0.0/26" }],
    }));
    const seen: boolean[] = [];
    let begun = 0;
    let isOver = (): boolean => false;
    world.routesMayCome = (asked) => { begun++; isOver = asked; };
    await world.start();
    world.run(10);
    expect(begun).toBe(0);
    const one = world.router("192.0.2.11");
    world.router("192.0.2.12");
    world.run(10);
    seen.push(isOver());
    const prefixes = Array.from({ length: 1_024 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`);
    one.announce(prefixes.slice(1));
    world.run(10);
    seen.push(isOver());
    one.announce(prefixes);
    world.run(10);
    seen.push(isOver());
    one.session.stop();
    world.run(100);
    seen.push(isOver());
    one.session.start();
    world.run(100);
    expect(begun).toBe(1);
    await world.stop();
    seen.push(isOver());
    expect(seen).toEqual([false, false, true, false, true]);
  });
  it("is not met by routes and sessions of the daemon", async () => {
    const world = await World.with({ neighbors: [{ range: "192.0.2.0/24", routeReflectorClient: true }] });
    const lines = world.logLines.length;
    const { clock, host: scheduler } = world;
    const rehearsal = (): void => rehearse({ clock, random: clock.random, scheduler }, () => false);
    rehearsal();
    clock.run(10);
    expect([...world.api.peers()]).toEqual([]);
    expect(world.routes()).toEqual([]);
    expect(world.tables.store.size).toBe(0);
    expect(world.logLines.length).toBe(lines);
    const one = world.router("192.0.2.11");
    const two = world.router("192.0.2.12");
    rehearsal();
    world.run(10);
    one.announce(["198.18.0.0/32", "10.0.0.0/26"]);
    rehearsal();
    world.run(10);
    expect(two.prefixes).toEqual(["10.0.0.0/26", "198.18.0.0/32"]);
    expect(world.routes()).toHaveLength(2);
    expect([...world.api.peers()].map(({ name }) => name).sort()).toEqual(["192.0.2.11", "192.0.2.12"]);
    await world.stop();
  });
});
