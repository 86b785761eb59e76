/** The kernel in memory keeps the contract. */

import type { Link } from "../../src/kernel/route.ts";
import { linkAddress } from "../support/kernel/build.ts";
import { MemoryKernel } from "../support/kernel/memory-kernel.ts";
import { kernelContract } from "./contract.ts";
import type { KernelWorld } from "./contract.ts";

const INDEX: Readonly<Record<string, number>> = { lo: 1, va: 2, vb: 3 };

/** A kernel in memory with the links that the contract wants. */
function memoryWorld(): KernelWorld & { readonly port: MemoryKernel } {
  const port = new MemoryKernel();
  const { tables } = port;
  const link = (name: string, up: boolean): Link =>
    ({ index: INDEX[name]!, name, up, running: up, loopback: name === "lo" });
  for (const name of Object.keys(INDEX)) tables.setLink(link(name, true));
  const world = {
    port,
    indexOf: (name: string) => INDEX[name]!,
    setLink: (name: string, up: boolean) => tables.setLink(link(name, up)),
    addAddress: (name: string, address: string) => tables.addAddress(linkAddress(INDEX[name]!, address)),
    removeAddress: (name: string, address: string) => tables.removeAddress(linkAddress(INDEX[name]!, address)),
    settled: () => new Promise<void>((resolve) => setImmediate(resolve)),
    close: () => new Promise<void>((resolve) => port.stop(resolve)),
  };
  world.addAddress("va", "10.9.0.1/24");
  world.addAddress("va", "2001:db8:9::1/64");
  world.addAddress("vb", "10.8.0.1/24");
  return world;
}

kernelContract("the kernel in memory", () => Promise.resolve(memoryWorld()));
