/** The log: one line per event whatever a peer says, bounded in length and in number. */

import { afterEach, describe, expect, it } from "vitest";
import { newLog } from "../../src/daemon/log.ts";
import type { LogFields } from "../../src/daemon/log.ts";
import { LogLimit, LogLimits } from "../../src/daemon/log-limit.ts";
import type { Instant } from "../../src/base/ports.ts";
import { World } from "./world.ts";

const NASTY = "a\nb\r\u2028c\u0085\u009b2J\u202e\u0007\u{e0001}\"\\{}";

function lines(format: "json" | "text", ...events: LogFields[]): string[] {
  const written: string[] = [];
  const log = newLog({ level: "info", format }, format, () => 0, (line) => void written.push(line));
  for (const fields of events) log.write("info", "event", fields);
  return written;
}

describe("a line", () => {
  it.each(["json", "text"] as const)("is one line of printable characters, whatever a peer says (%s)", (format) => {
    const [line] = lines(format, { text: NASTY });
    expect(line!.endsWith("\n")).toBe(true);
    expect(line!.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it("of JSON reads back as what was said", () => {
    expect(JSON.parse(lines("json", { text: NASTY, n: 5, none: undefined })[0]!))
      .toEqual({ time: "1970-01-01T00:00:00.000Z", level: "info", event: "event", text: NASTY, n: 5 });
  });

  it("of text quotes what is not a plain word", () => {
    expect(lines("text", { peer: "c1", text: "two words", empty: "" })[0])
      .toBe("1970-01-01T00:00:00.000Z info  event peer=c1 text=\"two words\" empty=\"\"\n");
  });

  it.each(["json", "text"] as const)("is bounded (%s)", (format) => {
    const [line] = lines(format, { text: "\u0001".repeat(100_000), stack: "x".repeat(100_000) });
    expect(line!.length).toBeLessThan(30_000);
  });

  it("is written only up to the level", () => {
    const written: string[] = [];
    const log = newLog({ level: "warn", format: "json" }, "json", () => 0, (line) => void written.push(line));
    for (const level of ["error", "warn", "info", "debug"] as const) log.write(level, level);
    expect(written.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(["error", "warn"]);
    log.become("debug");
    log.write("debug", "later");
    log.become("error");
    log.write("warn", "never");
    expect(written.length).toBe(3);
  });
});

describe("repeats", () => {
  it("are kept back after ten a minute for each reason, and counted", () => {
    const limit = new LogLimit();
    const at = (seconds: number): Instant => (seconds * 1000) as Instant;
    const first = Array.from({ length: 15 }, () => limit.admit("a", at(1)));
    expect(first.filter((count) => count === 0)).toHaveLength(10);
    expect(limit.admit("b", at(1))).toBe(0);
    expect(limit.admit("a", at(60))).toBeUndefined();
    expect(limit.admit("a", at(61))).toBe(6);
    expect(limit.admit("a", at(62))).toBe(0);
  });

  it("of ever new reasons share one count in the end", () => {
    const limit = new LogLimit();
    const admitted = Array.from({ length: 10_000 }, (_, i) => limit.admit(`reason ${i}`, 0 as Instant))
      .filter((count) => count !== undefined);
    expect(admitted.length).toBeLessThan(100);
  });
});

describe("members of ranges", () => {
  it("are counted by address, of which a bounded number is remembered", () => {
    const limits = new LogLimits();
    const first = limits.of("192.0.2.1");
    for (let i = 0; i < 1000; i++) limits.of(`10.0.${i >> 8}.${i & 255}`);
    expect(limits.of("192.0.2.1")).toBe(first);
    for (let i = 0; i < 1100; i++) limits.of(`10.1.${i >> 8}.${i & 255}`);
    expect(limits.of("192.0.2.1")).not.toBe(first);
  });
});

describe("a daemon's log", () => {
  let world: World;
  afterEach(async () => world.stop());

  it("tells each session up and down, with the reason and the peer's own words made safe", async () => {
    world = await World.with({ neighbors: [{ address: "192.0.2.11", name: "c1" }] });
    const router = world.router("192.0.2.11");
    world.run(5);
    router.session.stop({ text: `bye ${NASTY}` });
    world.run(1);
    expect(world.events("session-up")).toEqual([expect.objectContaining(
      { level: "info", peer: "c1", address: "192.0.2.11", routerId: "192.0.2.11", families: "ipv4-unicast" })]);
    const [down] = world.events("session-down");
    expect(down).toMatchObject({ direction: "received", reason: "Cease/Administrative Shutdown" });
    expect(down!["text"]).toMatch(/^bye a\\u\{a\}b/);
    for (const line of world.logLines) expect(line.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  });

  it("takes a bounded number of lines about bad UPDATEs, and all of them are counted", async () => {
    world = await World.with({ neighbors: [
      { address: "192.0.2.11", name: "outside", asNumber: 65001, import: { default: "accept" } },
    ] });
    const router = world.router("192.0.2.11", { asNumber: 65001 });
    world.run(5);
    for (let i = 0; i < 500; i++) {
      router.announce([`10.0.${i & 255}.0/24`], { asPath: [{ type: "sequence", asns: [65099] }], med: i });
    }
    world.run(2);
    expect(world.events("update-fault")).toHaveLength(10);
    expect(world.metric("reflectd_update_errors_total", { peer: "outside", disposition: "withdraw" })).toBe(500);
    expect(router.isUp).toBe(true);
    world.run(60);
    router.announce(["10.0.0.0/24"], { asPath: [{ type: "sequence", asns: [65099] }] });
    world.run(1);
    expect(world.events("update-fault").at(-1)).toMatchObject({ keptBack: 490, code: 3, subcode: 11, attribute: 2 });
  });

  it.each([
    ["neighbour", { address: "192.0.2.11", name: "c1", idleHoldSeconds: [1, 1] }],
    ["member of a range", { range: "192.0.2.0/24", name: "nodes", idleHoldSeconds: [1, 1] }],
  ])("does not fill with a %s that flaps", async (_, neighbor) => {
    world = await World.with({ neighbors: [neighbor] });
    const router = world.router("192.0.2.11");
    for (let i = 0; i < 2000; i++) {
      world.clock.run(100);
      if (router.isUp) router.cut();
    }
    expect(router.ups).toBeGreaterThan(50);
    const written = world.events().filter(({ level }) => level !== "debug").length;
    expect(written).toBeLessThan(200);
  });
});
