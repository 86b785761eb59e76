/**
 * A reflectd that programs the kernel of its host, told by BIRD: through the death of its processes and its own, and
 * through hands that remove and forge its routes.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import type { KernelView } from "../../src/daemon/api.ts";
import { startBird } from "../support/lab/bird.ts";
import { allEstablished } from "../support/lab/cluster.ts";
import { childOf } from "../support/forwarding/faults.ts";
import { batch, Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { childProcessesOf, must } from "../support/lab/processes.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import type { Router } from "../support/lab/router.ts";
import { interopSuite, SOAK } from "../support/lab/suite.ts";
import { pause, staysFor, waitFor } from "../support/lab/waiting.ts";

const PROTOCOL = 186;
const BLOCKS = ["10.50.1.0/26", "10.50.2.0/26", "10.50.3.0/26"] as const;
const LATE = "10.50.4.0/26";
const KILLS = SOAK ? 50 : 5;
/** Of somebody else: their notices fill the follower's socket several times over. */
const FLOOD = Array.from({ length: 20_000 }, (_, i) => `10.61.${i >> 8}.${i & 255}/32`);

interopSuite("kernel routes", ["bird-1.6.8"], () => {
  let lab: Lab;
  let host: LabNode;
  let reflectd: Reflectd;
  let bird: Router;
  /** What is put right here is heard of: nothing waits for a scan. */
  const kernel = { enabled: true, protocol: PROTOCOL, scanSeconds: 3600 };
  const start = (name: string): Promise<Reflectd> =>
    startReflectd(host, name, { neighbors: [client(bird.node.v4)], kernel });
  const table = async (): Promise<string[]> => (await must(
    ["ip", "-netns", host.namespace, "route", "show", "proto", String(PROTOCOL)]))
    .trim().split("\n").map((line) => line.trim()).filter((line) => line !== "").sort();
  const wanted = (): string[] => BLOCKS.map((block) => `${block} via ${bird.node.v4} dev eth0`);
  const isWanted = (lines: string[]): boolean => JSON.stringify(lines) === JSON.stringify(wanted());

  beforeAll(async () => {
    lab = await Lab.create();
    host = await lab.node("host");
    const node = await lab.node("bird");
    bird = await startBird(node, "bird1", { version: "1.6", peers: [{ address: host.v4 }] });
    reflectd = await start("reflectd");
    await allEstablished(lab, [bird, reflectd]);
  }, 60_000);
  afterAll(async () => { await lab?.close(); });

  it("are those that BIRD announces, by its address", async () => {
    await bird.announce(...BLOCKS.map((prefix) => ({ prefix })));
    await waitFor(lab, "the routes", table, isWanted);
    const view = await reflectd.ask<KernelView>("show", "kernel");
    expect(view).toMatchObject({ enabled: true, why: null, protocol: PROTOCOL,
      routes: { wanted: BLOCKS.length, installed: BLOCKS.length, failed: 0 } });
    expect((await reflectd.cli("show", "kernel")).stdout).toMatch(/^Table 254, protocol 186, read .*\n[^]*INSTALLED/);
  });

  it("are put back where somebody removed or changed them, and nobody else's are touched", async () => {
    const ip = (...words: string[]): Promise<string> => must(["ip", "-netns", host.namespace, "route", ...words]);
    await ip("add", "10.60.0.0/24", "via", bird.node.v4, "proto", "80");
    await ip("delete", BLOCKS[0]);
    await ip("replace", "blackhole", BLOCKS[1], "proto", String(PROTOCOL));
    await ip("add", "10.70.0.0/24", "via", bird.node.v4, "proto", String(PROTOCOL));
    await waitFor(lab, "the routes", table, (lines) => isWanted(lines.filter((line) => !line.startsWith("10.70."))));
    expect(await must(["ip", "-netns", host.namespace, "route", "show", "proto", "80"])).toContain("10.60.0.0/24");
  });

  it("are alone again where somebody put others beside them, before or behind", async () => {
    const ip = (...words: string[]): Promise<string> => must(["ip", "-netns", host.namespace, "route", ...words]);
    const before = (await reflectd.ask<KernelView>("show", "kernel")).repaired;
    for (const [how, ...way] of [["append", "via", host.v4.replace(/[0-9]+$/, "77")], ["prepend", "dev", "lo"],
      ["append", "dev", "lo"]] as const) {
      await ip(how, BLOCKS[0], ...way, "proto", String(PROTOCOL));
      await ip(how, "blackhole", BLOCKS[1], "proto", String(PROTOCOL));
      await waitFor(lab, "the routes", table, (lines) => isWanted(lines.filter((line) => !line.startsWith("10.70."))));
    }
    await ip("append", BLOCKS[0], "dev", "lo", "proto", "80");
    const { failures, repaired } = await reflectd.ask<KernelView>("show", "kernel");
    expect(repaired - before).toBe(6);
    expect([failures, await table()]).toEqual([[], expect.arrayContaining(wanted())]);
    await ip("delete", BLOCKS[0], "proto", "80");
  });

  it("are right again after more happened than the process that follows could hear", async () => {
    const follower = childOf(reflectd.pid, "follow")!;
    const before = (await reflectd.ask<KernelView>("show", "kernel")).restarts.follow;
    process.kill(follower, "SIGSTOP");
    await batch(host.namespace, [`route delete ${BLOCKS[0]}`,
      ...FLOOD.map((prefix) => `route add ${prefix} via ${bird.node.v4} proto 80`),
      ...FLOOD.map((prefix) => `route delete ${prefix} proto 80`),
      `route replace blackhole ${BLOCKS[1]} proto ${PROTOCOL}`]);
    process.kill(follower, "SIGCONT");
    await waitFor(lab, "the routes", table, (lines) => isWanted(lines.filter((line) => !line.startsWith("10.70."))));
    const { restarts } = await reflectd.ask<KernelView>("show", "kernel");
    expect(restarts.follow).toBe(before + 1);
    expect(reflectd.log()).toMatch(/"role":"follow","why":"it was ended by SIGABRT/);
  }, 30_000);

  it("are right again after the processes that write and follow were stopped, within 20 s", async () => {
    const stoppedAt = performance.now();
    for (const pid of childProcessesOf(reflectd.pid)) process.kill(pid, "SIGSTOP");
    await must(["ip", "-netns", host.namespace, "route", "delete", BLOCKS[0]]);
    await bird.announce({ prefix: LATE });
    await waitFor(lab, "the routes", table, (lines) =>
      [...wanted(), `${LATE} via ${bird.node.v4} dev eth0`].every((line) => lines.includes(line)), 30_000);
    expect(performance.now() - stoppedAt).toBeLessThan(20_000);
    await bird.withdraw(LATE);
    await waitFor(lab, "the routes", table, (lines) => isWanted(lines.filter((line) => !line.startsWith("10.70."))));
  }, 60_000);

  it("stay while the processes that write and follow are killed, and follow what changes meanwhile", async () => {
    for (let i = 0; i < KILLS; i++) {
      for (const pid of childProcessesOf(reflectd.pid)) kill(pid);
      await bird.announce({ prefix: `10.51.${i}.0/26` });
      await pause(50);
    }
    const more = Array.from({ length: KILLS }, (_, i) => `10.51.${i}.0/26 via ${bird.node.v4} dev eth0`);
    const all = [...wanted(), ...more];
    await waitFor(lab, "the routes", table, (lines) =>
      JSON.stringify(lines.filter((line) => !line.startsWith("10.70."))) === JSON.stringify(all.sort()), 30_000);
    const { restarts } = await waitFor(lab, "both processes", () => reflectd.ask<KernelView>("show", "kernel"),
      ({ why }) => why === null, 30_000);
    expect(restarts.write + restarts.follow).toBeGreaterThan(1);
  }, 90_000);

  it("survive the daemon, killed and started again, and the processes do not", async () => {
    const before = await table();
    const children = childProcessesOf(reflectd.pid);
    expect(children.length).toBe(2);
    process.kill(reflectd.pid, "SIGKILL");
    await reflectd.ended;
    await waitFor(lab, "its processes to end", () => children.filter(isAlive), (alive) => alive.length === 0);
    expect(await table()).toEqual(before);
    reflectd = await start("reflectd-again");
    await staysFor(lab, "the routes", table, (lines) =>
      before.every((line) => line.startsWith("10.70.") || lines.includes(line)), 8000);
    await waitFor(lab, "what nobody wants to go", table, (lines) => !lines.some((line) => line.startsWith("10.70.")),
      60_000);
  }, 120_000);

  it("stay when it stops", async () => {
    const before = await table();
    await reflectd.stop();
    expect(await table()).toEqual(before);
    expect(before.length).toBeGreaterThanOrEqual(BLOCKS.length);
  });
});

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error; // else it ended by itself
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // no such process
  }
}
