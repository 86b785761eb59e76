/** Leaving: with a drain, with a text, promptly; and nothing is left running. */

import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { readConfiguration } from "../../src/config/reader.ts";
import { startDaemon } from "../../src/daemon/daemon.ts";
import { SILENT } from "../../src/daemon/log.ts";
import { systemClock, systemRandom, systemScheduler } from "../../src/daemon/system-clock.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { encodeOpen } from "../../src/messages/open.ts";
import { dialer } from "../../src/transport/dialer.ts";
import type { Scheduler } from "../../src/transport/ports.ts";
import { nodeNetProvider } from "../../src/transport/provider.ts";
import { file, World } from "./world.ts";
import type { Router } from "./world.ts";

const NEIGHBORS = [
  { address: "192.0.2.11", name: "c1", routeReflectorClient: true, addPath: "off" },
  { address: "192.0.2.12", name: "c2", routeReflectorClient: true, addPath: "off" },
  { address: "198.51.100.2", name: "outside", asNumber: 65001, import: { default: "accept" },
    export: { default: "accept" } },
  { address: "198.51.100.3", name: "silent", asNumber: 65002 },
];

describe("on virtual time", () => {
  let world: World;
  let one: Router;
  let two: Router;
  let outside: Router;
  let silent: Router;

  async function begin(): Promise<void> {
    world = await World.with({ neighbors: NEIGHBORS, originate: [{ prefix: "10.5.0.0/16" }] });
    one = world.router("192.0.2.11");
    two = world.router("192.0.2.12");
    outside = world.router("198.51.100.2", { asNumber: 65001 });
    silent = world.router("198.51.100.3", { asNumber: 65002 });
    world.run(5);
    one.announce(["10.0.1.0/24"], { communities: ["1:2"] });
    world.run(1);
  }
  afterEach(async () => world.stop());

  it("a drain tells every route once more with GRACEFUL_SHUTDOWN and LOCAL_PREF 0, then says goodbye", async () => {
    await begin();
    let over = false;
    const leaving = world.api.shutdown({ drainSeconds: 60 }).then(() => { over = true; });
    world.run(1);
    expect(two.table.get("10.0.1.0/24")).toMatchObject({ localPref: 0, communities: ["1:2", "65535:0"] });
    expect(outside.table.get("10.0.1.0/24")!.communities).toEqual(["1:2", "65535:0"]);
    expect(outside.table.get("10.0.1.0/24")!.localPref).toBeUndefined();
    expect(outside.table.get("10.5.0.0/16")!.communities).toEqual(["65535:0"]);
    expect(silent.prefixes).toEqual([]);
    world.run(50);
    expect([over, two.isUp]).toEqual([false, true]);
    expect(two.heard.filter((item) => item.startsWith("-"))).toEqual([]);
    expect(world.api.ready()).toEqual({ ready: false, waitingFor: ["the daemon is draining"] });
    expect(await world.reload({ neighbors: NEIGHBORS })).toMatchObject({ what: "failed" });
    await world.until(leaving);
    world.run(1);
    for (const router of [one, two, outside, silent]) {
      expect(router.downs[0]).toMatchObject({ direction: "received", code: 6, subcode: 2, text: "shutdown" });
    }
    expect([...world.listening]).toEqual([]);
  });

  it("a stop during a drain does not wait for its end", async () => {
    await begin();
    const leaving = world.api.shutdown({ drainSeconds: 3600 });
    world.run(1);
    const before = world.clock.now();
    await world.until(world.daemon.stop("now"));
    await world.until(leaving);
    expect(world.clock.now() - before).toBeLessThan(5000);
    world.run(1);
    expect(two.downs[0]).toMatchObject({ text: "now" });
  });

  it("restart asks to be started again, SIGTERM does not: only whoever sent it knows", async () => {
    await begin();
    await world.until(world.api.restart());
    expect(await world.daemon.finished).toEqual({ startAgain: true });
    await begin();
    await world.until(world.daemon.stop(""));
    expect(await world.daemon.finished).toEqual({ startAgain: false });
  });

  it("a restart that comes while it stops is too late to be asked for", async () => {
    await begin();
    const stopping = world.daemon.stop("");
    await world.until(world.api.restart());
    await world.until(stopping);
    expect(await world.daemon.finished).toEqual({ startAgain: false });
  });

  it("leaves no timer and no work behind", async () => {
    await begin();
    one.refresh(1);
    world.run(1);
    await world.until(world.daemon.stop(""));
    for (const router of world.routers) router.session.stop();
    world.run(10);
    expect(world.clock.run(7_200_000)).toBe(0);
  });
});

/** The system's scheduler, and how many of its timers are set. */
function countedScheduler(): { scheduler: Scheduler; waiting: () => number } {
  let waiting = 0;
  const at: Scheduler["at"] = (instant, run) => {
    let set = true;
    waiting++;
    const over = (): void => {
      if (set) waiting--;
      set = false;
    };
    const cancel = systemScheduler.at(instant, (now) => {
      over();
      run(now);
    });
    return () => {
      over();
      cancel();
    };
  };
  return { scheduler: { ...systemScheduler, at }, waiting: () => waiting };
}

it("on real sockets the NOTIFICATION really leaves, the port is free again, and no timer is set", async () => {
  const read = readConfiguration(JSON.stringify(file({
    neighbors: [{ address: "127.0.0.1", name: "here", passive: true, asNumber: 65001 }],
    listen: [{ address: "127.0.0.1", port: 0 }],
  })), "test.json");
  if ("faults" in read) throw new Error(JSON.stringify(read.faults));
  const { scheduler, waiting } = countedScheduler();
  const daemon = await startDaemon({
    environment: {
      clock: systemClock, random: systemRandom, scheduler, connector: dialer(systemClock, scheduler), log: SILENT,
      sockets: nodeNetProvider,
    },
    intent: read.intent, settings: read.settings, version: "0", node: "v0", pid: 1,
  });
  if ("refused" in daemon) throw new Error(daemon.refused);
  const { port } = daemon.listening[0]!;
  const socket = connect({ host: "127.0.0.1", port });
  try {
    const chunks: Uint8Array[] = [];
    let heard = 0;
    const established = new Promise<void>((resolve) => {
      socket.on("data", (chunk: Uint8Array) => {
        chunks.push(chunk);
        heard += chunk.length;
        if (chunks.length === 1) socket.write(KEEPALIVE);
        if ([...daemon.api.peers()][0]!.state === "Established") resolve();
      });
    });
    const closed = new Promise<void>((resolve) => socket.on("close", () => resolve()));
    socket.write(encodeOpen({
      asNumber: 65001, holdTimeSeconds: 90, routerId: 5, capabilities: [{ name: "fourOctetAs", asNumber: 65001 }],
    }));
    await established;
    await Promise.all([daemon.stop("good night"), daemon.finished, closed]);
    const all = Buffer.concat(chunks);
    expect(heard).toBe(all.length);
    expect(all.subarray(-11).toString("latin1")).toBe("\ngood night");
    expect([...all.subarray(-14, -11)]).toEqual([3, 6, 2]);
    expect(await new Promise((resolve) => {
      connect({ host: "127.0.0.1", port }).on("error", () => resolve("refused")).on("connect", () => resolve("open"));
    })).toBe("refused");
    expect(waiting()).toBe(0);
  } finally {
    socket.destroy();
    await daemon.stop("");
  }
});
