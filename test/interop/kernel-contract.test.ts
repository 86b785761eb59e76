/** The kernel of this machine, in a namespace, keeps the contract that the kernel in memory keeps. */

import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { isEmpty, plan } from "../../src/kernel/plan.ts";
import { apply, dumped, kernelContract } from "../kernel/contract.ts";
import type { KernelEvent } from "../../src/kernel/port.ts";
import type { KernelWorld } from "../kernel/contract.ts";
import { changes, route } from "../support/kernel/build.ts";
import { RealKernel } from "../support/kernel/real-kernel.ts";
import { interopSuite } from "../support/lab/suite.ts";

/** Milliseconds within which the kernel has told everything. */
const SETTLED = 150;

interopSuite("kernel contract", [], () => {
  kernelContract("the kernel of this machine", openNamespace);

  it("ends twins that a hand made, one round after the other", async () => {
    const world = await openNamespace();
    try {
      const events: KernelEvent[] = [];
      world.port.follow((event) => events.push(event));
      const [ipv4, ipv6] = [route("10.1.0.0/24", "10.9.0.2"), route("2001:db8:a::/48", "2001:db8:9::2")];
      await apply(world.port, changes({ add: [ipv4, ipv6] }));
      world.ip("route", "append", "10.1.0.0/24", "via", "10.9.0.3", "proto", "12");
      world.ip("-6", "route", "append", "blackhole", "2001:db8:a::/48", "proto", "12");
      for (let waits = 0; events.length < 4 && waits < 50; waits++) await world.settled();
      expect(events.map((event) => ("beside" in event ? event.beside : undefined)))
        .toEqual([undefined, undefined, true, true]);
      for (let round = 0; round < 3; round++) {
        const have = [...(await dumped(world.port)).routes()].filter(({ protocol }) => protocol === 12);
        if (round === 0) expect(have.length).toBe(4);
        if (round === 2) expect(isEmpty(plan([ipv4, ipv6], have))).toBe(true);
        expect(await apply(world.port, plan([ipv4, ipv6], have))).toEqual([]);
      }
    } finally {
      await world.close();
    }
  });
});

let namespaces = 0;

/** A namespace with two links that do not hang on each other, and no addresses that the kernel makes by itself. */
async function openNamespace(): Promise<KernelWorld & { readonly ip: (...words: readonly string[]) => string }> {
  const namespace = `reflectd-${process.pid}-kernel${++namespaces}`;
  const ip = (...words: readonly string[]): string =>
    execFileSync("ip", ["-n", namespace, ...words], { encoding: "utf8" });
  execFileSync("ip", ["netns", "add", namespace]);
  ip("link", "set", "lo", "up");
  for (const link of ["va", "vb"]) {
    ip("link", "add", link, "type", "veth", "peer", "name", `${link}-peer`);
    for (const end of [link, `${link}-peer`]) {
      ip("link", "set", end, "addrgenmode", "none");
      ip("link", "set", end, "up");
    }
  }
  ip("address", "add", "10.9.0.1/24", "dev", "va");
  ip("address", "add", "2001:db8:9::1/64", "dev", "va", "nodad");
  ip("address", "add", "10.8.0.1/24", "dev", "vb");
  const port = new RealKernel(namespace);
  await port.ready;
  await sleep(SETTLED);
  return {
    port,
    ip,
    indexOf: (link) => Number(/^\d+/.exec(ip("-o", "link", "show", link))![0]),
    setLink: (link, up) => void ip("link", "set", link, up ? "up" : "down"),
    addAddress: (link, address) => void ip("address", "add", address, "dev", link),
    removeAddress: (link, address) => void ip("address", "delete", address, "dev", link),
    settled: () => sleep(SETTLED),
    close: async () => {
      await new Promise<void>((resolve) => port.stop(resolve));
      execFileSync("ip", ["netns", "delete", namespace]);
    },
  };
}
