/** A daemon with a kernel in memory: links va (10.9.0.1/24, 2001:db8:9::1/64) and vb (10.8.0.1/24), both up. */

import type { KernelHost } from "../../src/daemon/kernel/means.ts";
import { formatRoute } from "../../src/kernel/route.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { linkAddress } from "../support/kernel/build.ts";
import { MemoryKernel } from "../support/kernel/memory-kernel.ts";
import { file, World } from "./world.ts";
import type { File } from "./world.ts";

/** Indexes of the links. */
export const LINKS = { lo: 1, va: 2, vb: 3 } as const;

/** The world, with its host's kernel. */
export class KernelWorld extends World {
  readonly memory: MemoryKernel = new MemoryKernel();
  /** Who else is there. */
  occupant: string | undefined = undefined;
  opened = 0;

  /** A world whose daemon runs, with the keys of its file, those of `kernel` apart. */
  static of(keys: File, kernel: File = {}, prepare: (world: KernelWorld) => void = () => undefined):
    Promise<KernelWorld> {
    return KernelWorld.ofFile(file({ ...keys, kernel: { enabled: true, protocol: 12, ...kernel } }), prepare);
  }

  /** The same of a whole file. */
  static async ofFile(whole: File, prepare: (world: KernelWorld) => void): Promise<KernelWorld> {
    const world = new KernelWorld(whole);
    for (const name of ["lo", "va", "vb"] as const) world.setLink(name, true);
    world.address("va", "10.9.0.1/24");
    world.address("va", "2001:db8:9::1/64");
    world.address("vb", "10.8.0.1/24");
    prepare(world);
    world.kernel = world.#host();
    await world.start();
    await world.pass(1);
    return world;
  }

  #host(): KernelHost {
    return {
      open: () => {
        this.opened++;
        return this.memory;
      },
      occupied: () => Promise.resolve(this.occupant),
    };
  }

  setLink(name: keyof typeof LINKS, up: boolean): void {
    this.memory.tables.setLink({ index: LINKS[name], name, up, running: up, loopback: name === "lo" });
  }

  address(name: keyof typeof LINKS, text: string): void {
    this.memory.tables.addAddress(linkAddress(LINKS[name], text));
  }

  /** Another hand writes a route, or removes it. */
  foreign(change: "add" | "replace" | "remove", route: KernelRoute): void {
    const errno = this.memory.tables.change(change, route);
    if (errno !== 0) throw new Error(`errno ${errno}`);
  }

  /** Lets time pass, with what waits for promises in between. */
  async pass(seconds: number): Promise<void> {
    for (let left = seconds * 20; left > 0; left--) {
      this.run(0.05);
      for (let i = 0; i < 10; i++) await Promise.resolve();
    }
  }

  /** Routes of ours in the kernel, sorted. */
  get programmed(): string[] {
    return this.routesOf(12);
  }

  routesOf(protocol: number): string[] {
    return this.memory.tables.routes.filter((route) => route.protocol === protocol)
      .map((route) => formatRoute(route, nameOf)).sort();
  }
}

function nameOf(index: number): string {
  return Object.entries(LINKS).find(([, value]) => value === index)?.[0] ?? String(index);
}
