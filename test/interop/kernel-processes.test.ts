/** The kernel of this machine behind its two processes, as the daemon has it: the contract, and many changes. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { formatPrefix } from "../../src/base/prefix.ts";
import { kernelProcesses } from "../../src/kernel/child/driver.ts";
import { childrenOf } from "../../src/kernel/child/process.ts";
import { isEmpty, plan } from "../../src/kernel/plan.ts";
import type { KernelEvent, KernelProcesses } from "../../src/kernel/port.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { apply, dumped, kernelContract } from "../kernel/contract.ts";
import type { KernelWorld } from "../kernel/contract.ts";
import { changes, route } from "../support/kernel/build.ts";
import { inside, Lab } from "../support/lab/lab.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { pause, waitFor } from "../support/lab/waiting.ts";

const MAIN = join(dirname(fileURLToPath(import.meta.url)), "../../dist/main.js");
/** Until routes are followed again after many changes, and a little more. */
const SETTLED_MS = 700;
/** Each waits twice as long as the one before until its processes are started again. */
const KILLS = 6;

/** A namespace with the links that the contract wants, and its kernel. */
async function openWorld(lab: Lab, name: string): Promise<KernelWorld & { readonly port: KernelProcesses }> {
  const { namespace } = await lab.node(name);
  const ip = (...words: string[]): string => execFileSync("ip", ["-netns", namespace, ...words], { encoding: "utf8" });
  for (const link of ["va", "vb"]) {
    ip("link", "add", link, "type", "veth", "peer", "name", `${link}p`);
    for (const end of [link, `${link}p`]) {
      ip("link", "set", end, "addrgenmode", "none");
      ip("link", "set", end, "up");
    }
  }
  ip("addr", "add", "10.9.0.1/24", "dev", "va");
  ip("addr", "add", "2001:db8:9::1/64", "dev", "va", "nodad");
  ip("addr", "add", "10.8.0.1/24", "dev", "vb");
  const port = kernelProcesses({
    start: childrenOf({
      executable: "ip", soon: (run) => void setImmediate(run),
      arguments: (role) => inside(namespace, [process.execPath, MAIN, "kernel-child", role]).slice(1),
    }),
    now: () => performance.now(),
    later: (seconds, run) => {
      const timer = setTimeout(run, seconds * 1000);
      return () => clearTimeout(timer);
    },
    log: () => undefined,
  });
  await pause(1500); // until the link-local address of the node's own link is usable
  return {
    port,
    indexOf: (link) => Number(JSON.parse(ip("-json", "link", "show", link))[0].ifindex),
    setLink: (link, up) => void ip("link", "set", link, up ? "up" : "down"),
    addAddress: (link, address) => void ip("addr", "add", address, "dev", link),
    removeAddress: (link, address) => void ip("addr", "delete", address, "dev", link),
    settled: () => pause(SETTLED_MS),
    close: () => new Promise((resolve) => port.stop(resolve)),
  };
}

interopSuite("the kernel behind its processes", [], () => {
  let lab: Lab;
  beforeAll(async () => { lab = await Lab.create(); });
  afterAll(async () => { await lab?.close(); });

  kernelContract("the kernel of this machine", () => openWorld(lab, "contract"));

  it("is changed while it is read, and tells each route that stays once", async () => {
    const { port, close } = await openWorld(lab, "changed");
    /** Every other /28 of 11.0.0.0/8. */
    const some = (count: number, from: number): KernelRoute[] => Array.from({ length: count }, (_, i) => {
      const at = (2 * i + from) << 4;
      return route(`11.${at >> 16}.${(at >> 8) & 255}.${at & 255}/28`, "10.9.0.2");
    });
    const staying = some(100_000, 0).map(({ prefix }) => formatPrefix(prefix));
    const changing = some(100_000, 1).filter((_, i) => i % 50 === 0);
    await apply(port, changes({ add: some(100_000, 0) }));
    const told = new Map<string, number>();
    let isRead = false;
    const reading = new Promise<string | undefined>((resolve) => port.dump({
      link: () => undefined, address: () => undefined,
      route: ({ prefix }) => void told.set(formatPrefix(prefix), (told.get(formatPrefix(prefix)) ?? 0) + 1),
      end: (fault) => {
        isRead = true;
        resolve(fault);
      },
    }));
    let changed = 0;
    for (; !isRead; changed++) {
      const change = changed % 2 === 0 ? { add: changing } : { remove: changing };
      expect(await apply(port, changes(change))).toEqual([]);
    }
    expect([await reading, changed > 1]).toEqual([undefined, true]);
    expect(staying.filter((prefix) => told.get(prefix) !== 1)).toEqual([]);
    await close();
  }, 60_000);

  it("takes 20,000 routes while its processes are killed, and has them all in the end", async () => {
    const { port, close } = await openWorld(lab, "killed");
    const events: KernelEvent[] = [];
    port.follow((event) => events.push(event));
    const want = Array.from({ length: 20_000 }, (_, i) => route(`11.${i >> 8}.${i & 255}.0/24`, "10.9.0.2"));
    const ours = async (): Promise<readonly KernelRoute[]> =>
      [...(await dumped(port)).routes()].filter(({ protocol }) => protocol === 12);
    const running = (): Promise<unknown> =>
      waitFor(lab, "the processes to run", () => port.trouble(), (trouble) => trouble === undefined, 30_000);
    for (let i = 0; i < KILLS; i++) {
      await running();
      const applied = apply(port, plan(i % 2 === 0 ? want : [], await ours()));
      await pause(10 * i);
      expect(killChildren()).toBe(2);
      await applied; // whatever became of it
      await waitFor(lab, "both deaths to be noticed", () => port.restarts(),
        ({ write, follow }) => write === i + 1 && follow === i + 1, 30_000);
    }
    await running();
    await apply(port, plan(want, await ours()));
    expect(isEmpty(plan(want, await ours()))).toBe(true);
    expect(events.some(({ event }) => event === "lost")).toBe(true);
    await apply(port, changes({ remove: await ours() }));
    await close();
  }, 120_000);
});

/** Kills what runs as a kernel process of ours; answers how many. */
function killChildren(): number {
  const pids = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, "utf8").trim().split(" ");
  const ours = pids.filter((pid) => pid !== "" && commandOf(pid).includes("kernel-child"));
  for (const pid of ours) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
  return ours.length;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it ended meanwhile
  }
}
