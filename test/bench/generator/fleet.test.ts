/** Fleets in front of the floor: it copies what it is told, which is right as long as sources share no prefix. */

import type { Socket } from "node:net";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SessionLost, TimedOut, WrongTable } from "../../../bench/generator/ends.ts";
import { Fleet } from "../../../bench/generator/fleet.ts";
import { uniformLoad } from "../../../bench/generator/uniform.ts";
import type { Load } from "../../../bench/generator/load.ts";
import { MESSAGE, message } from "../../../bench/generator/wire.ts";
import { openFloor } from "./floor.ts";
import type { TestFloor } from "./floor.ts";

const FIRST_CLIENT = 0x7f0a_0001; // 127.10.0.1
const closers: (() => unknown)[] = [];
afterEach(() => Promise.all(closers.splice(0).map((close) => close())));

async function floor(load: Load): Promise<TestFloor> {
  const opened = await openFloor(FIRST_CLIENT, load);
  closers.push(opened.close);
  return opened;
}

async function fleetOf(load: Load, sessions: number, timeoutSeconds: number = 10):
Promise<{ fleet: Fleet; sockets: readonly Socket[] }> {
  const { place, sockets } = await floor(load);
  const fleet = new Fleet(place, load, { sessions, exactReceivers: 3, timeoutSeconds });
  closers.push(() => fleet.close());
  await fleet.join();
  return { fleet, sockets };
}

const small = (): Load => uniformLoad({ family: "ipv4", addPath: false, sources: 4, each: 300, perSet: 50 });

describe("a fleet", () => {
  it.each([["ipv4", false], ["ipv6", true]] as const)("sees announcements and withdrawals through (%s, ADD-PATH %s)",
    async (family, addPath) => {
      const { fleet } = await fleetOf(uniformLoad({ family, addPath, sources: 4, each: 3_000, perSet: 50 }), 8);
      expect(fleet.clients.filter(({ receiver }) => receiver.exact).map(({ index }) => index)).toEqual([0, 4, 7]);
      const told = await fleet.announce(1);
      expect(told.milliseconds).toBeGreaterThan(0);
      await fleet.announce(2);
      const gone = await fleet.withdraw([1, 2]);
      expect(gone.milliseconds).toBeGreaterThan(0);
      await fleet.announce(3, [1]);
      expect(fleet.lateMilliseconds()).toBeUndefined(); // 30 s are not over
    });
  it("waits for a newcomer until it holds everything, and for the others until a leaver is forgotten", async () => {
    const { fleet } = await fleetOf(small(), 6);
    await fleet.announce(1);
    await fleet.leave([1, 5]);
    expect(fleet.clients[4]!.receiver.withdrawnPrefixes).toBe(300);
    const joined = await fleet.join([1, 5]);
    expect(joined.milliseconds).toBeGreaterThan(0);
    await fleet.announce(2, [1]);
  });
  it("measures one change at every other client", async () => {
    const { fleet } = await fleetOf(small(), 6);
    await fleet.announce(1);
    const { milliseconds: latencies, generatorShare } = await fleet.change(2, 7, 5);
    expect(generatorShare).toBeGreaterThan(0);
    expect(latencies).toHaveLength(5);
    expect(latencies.every((milliseconds) => milliseconds > 0 && milliseconds < 5_000)).toBe(true);
    await fleet.converge("after a change");
  });
  it("says everything again to a daemon that asks for it", async () => {
    const { fleet, sockets } = await fleetOf(small(), 6);
    await fleet.announce(1);
    const { receiver } = fleet.clients[5]!;
    const before = receiver.announcedPrefixes;
    for (const socket of sockets) socket.write(message(MESSAGE.ROUTE_REFRESH, [0, 1, 0, 1]));
    await vi.waitFor(() => expect(receiver.announcedPrefixes).toBe(2 * before));
  });
  it("knows who was silent for longer than a short hold time allows", async () => {
    const load = small();
    const { place } = await floor(load);
    const fleet = new Fleet(place, load, { sessions: 2, exactReceivers: 1, timeoutSeconds: 10, holdTimeSeconds: 3 });
    closers.push(() => fleet.close());
    await fleet.join();
    expect(fleet.clients[0]!.keepaliveSeconds).toBe(1);
    expect(fleet.lateMilliseconds()).toBeUndefined();
    await vi.waitFor(() => expect(fleet.lateMilliseconds()).toBeLessThan(1_000), 3_000);
  });
  it("does not wait for clients that do not read until they do", async () => {
    const { fleet } = await fleetOf(small(), 6);
    fleet.clients[5]!.pause();
    await fleet.announce(1);
    expect(fleet.clients[5]!.complete).toBe(false);
    fleet.clients[5]!.resume();
    await fleet.converge("catching up");
    expect(fleet.clients[5]!.complete).toBe(true);
  });
  it("says who is short of what when time is up", async () => {
    const { fleet } = await fleetOf(small(), 6, 0.3);
    fleet.clients[0]!.send = (): void => undefined;
    await expect(fleet.announce(1)).rejects.toThrow(new TimedOut("announcement: 5 of 6 clients are short; " +
      "of client 3 600 of 900 prefixes are right"));
  });
  it("fails on a prefix that nobody announced", async () => {
    const { fleet } = await fleetOf(small(), 6);
    const strange = uniformLoad({ family: "ipv4", addPath: false, sources: 5, each: 300, perSet: 300 });
    fleet.clients[3]!.send(strange.announcements(4, 1));
    await expect(fleet.announce(1)).rejects.toThrow(WrongTable);
  });
  it("fails when the daemon ends a session", async () => {
    const { fleet, sockets } = await fleetOf(small(), 6);
    const told = fleet.announce(1);
    sockets[2]!.destroy();
    await expect(told).rejects.toThrow(SessionLost);
  });
  it("dials again where it is refused, and says so when nobody answers", async () => {
    const load = small();
    const { place, server } = await floor(load);
    await new Promise((resolve) => server.close(resolve));
    const fleet = new Fleet(place, load, { sessions: 2, exactReceivers: 1, timeoutSeconds: 0.4 });
    closers.push(() => fleet.close());
    await expect(fleet.join()).rejects.toThrow(/2 of 2 sessions did not come up, the first is client 0 \(.*REFUSED/);
  });
  it("says so when a daemon takes connections and no session", async () => {
    const load = small();
    const { place, server } = await floor(load);
    server.removeAllListeners("connection").on("connection", (socket) => socket.resume());
    const fleet = new Fleet(place, load, { sessions: 2, exactReceivers: 1, timeoutSeconds: 0.4 });
    closers.push(() => fleet.close());
    await expect(fleet.join()).rejects.toThrow(/the first is client 0 \(no answer\)/);
  });
});
