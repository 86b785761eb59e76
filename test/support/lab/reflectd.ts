/** reflectd itself, as a user runs it: `node dist/main.js run --config FILE`, asked by its own command line. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LabNode } from "./lab.ts";
import { inside } from "./lab.ts";
import { Background, run } from "./processes.ts";
import type { Ran } from "./processes.ts";
import { LAB_AS, LAB_HOLD_SECONDS } from "./router.ts";
import type { Announcement, InteropRoute, InteropSession, Router } from "./router.ts";
import { pause, waitFor } from "./waiting.ts";

/** The build that the lab runs. */
export const MAIN: string = join(dirname(fileURLToPath(import.meta.url)), "../../../dist/main.js");

/** Any keys of the configuration file's neighbour. */
export type NeighborConfiguration = Readonly<Record<string, unknown>>;

/** How it is set up: keys of the configuration file. */
export interface ReflectdOptions {
  readonly routerId?: string;
  readonly asNumber?: number;
  readonly clusterId?: string;
  readonly neighbors?: readonly NeighborConfiguration[];
  /** The section of Calico mode, in place of the neighbours. */
  readonly calico?: Readonly<Record<string, unknown>>;
  /** What runs it, in place of this Node: a program and its flags. */
  readonly node?: readonly string[];
  /** The section of kernel routes; none unless told. */
  readonly kernel?: Readonly<Record<string, unknown>>;
  /** Where BIRD's control protocol is spoken, for IPv4 and IPv6; nowhere unless told. */
  readonly birdSockets?: readonly [ipv4: string, ipv6: string];
  /** The words before the program: who it runs as. */
  readonly through?: readonly string[];
}

/** One iBGP client with the lab's short timers; more keys may be given. */
export function client(address: string, more: NeighborConfiguration = {}): NeighborConfiguration {
  return { address, asNumber: LAB_AS, routeReflectorClient: true, holdTimeSeconds: LAB_HOLD_SECONDS,
    connectRetrySeconds: 1, idleHoldSeconds: [1, 2], ...more };
}

/** Starts one and waits until its command line is answered. */
export async function startReflectd(node: LabNode, name: string, options: ReflectdOptions): Promise<Reflectd> {
  const reflectd = new Reflectd(node, name, options);
  await reflectd.ready();
  return reflectd;
}

/** A running reflectd. */
export class Reflectd implements Router {
  readonly name: string;
  readonly node: LabNode;
  readonly routerId: string;
  #options: ReflectdOptions;
  readonly #own = new Map<string, Announcement>();
  readonly #file: string;
  readonly #socket: string;
  #process: Background;

  constructor(node: LabNode, name: string, options: ReflectdOptions) {
    this.name = name;
    this.node = node;
    this.routerId = options.routerId ?? node.v4;
    this.#options = options;
    const folder = join(node.lab.folder, name);
    mkdirSync(folder);
    this.#file = join(folder, "reflectd.json");
    this.#socket = join(folder, "reflectd.sock");
    this.#write();
    this.#process = this.#start(MAIN);
  }

  /** Starts it once more after it ended, by the same files and sockets; `main`: another build of it. */
  async again(main: string = MAIN): Promise<void> {
    this.#process = this.#start(main);
    await this.ready();
  }

  #start(main: string): Background {
    const { lab, namespace } = this.node;
    const { through = [], node = [process.execPath] } = this.#options;
    const words = [...through, ...node, main, "run", "--config", this.#file];
    return lab.adopt(this.name, new Background(inside(namespace, words), join(dirname(this.#file), "log")));
  }

  /** Until the first answer; a daemon that ends instead is reported at once, with its last words. */
  async ready(): Promise<void> {
    while (!existsSync(this.#socket)) {
      if (!this.#process.running) throw new Error(`${this.name} ended: ${this.#process.tail()}`);
      await pause(50);
    }
    await waitFor(this.node.lab, `${this.name} to answer`, () => this.sessions(), () => true);
  }

  get pid(): number { return this.#process.pid; }
  get running(): boolean { return this.#process.running; }
  get ended(): Promise<void> { return this.#process.ended; }
  get exitCode(): number | null { return this.#process.exitCode; }
  log(lines: number = 1_000_000): string { return this.#process.tail(lines); }

  /** Any client command, sent to this daemon. */
  cli(...words: string[]): Promise<Ran> {
    return run([process.execPath, MAIN, ...words, "--socket", this.#socket]);
  }

  /** A client command's JSON document. */
  async ask<T>(...words: string[]): Promise<T> {
    const ran = await this.cli(...words, "-o", "json");
    if (ran.status !== 0) throw new Error(`reflectd ${words.join(" ")} ended with ${ran.status}: ${ran.stderr}`);
    return JSON.parse(ran.stdout) as T;
  }

  peers(): Promise<readonly ShownPeer[]> { return this.ask<readonly ShownPeer[]>("show", "peers"); }

  async routes(...selection: string[]): Promise<InteropRoute[]> {
    const shown = await this.ask<readonly ShownRoute[]>("show", "routes", ...selection);
    const neighbors = new Set((await this.peers()).map(({ address }) => address));
    return shown.filter((route) => neighbors.has(route.from.address)).map(parseReflectdRoute);
  }

  async sessions(): Promise<InteropSession[]> {
    return (await this.peers()).map(({ address, state }) => ({ address, established: state === "Established" }));
  }

  async announce(...routes: Announcement[]): Promise<void> {
    for (const route of routes) this.#own.set(route.prefix, route);
    await this.#reload();
  }

  async withdraw(...prefixes: string[]): Promise<void> {
    for (const prefix of prefixes) this.#own.delete(prefix);
    await this.#reload();
  }

  /** Other neighbours, and `reload`; answers what it said it did. */
  async reconfigure(neighbors: readonly NeighborConfiguration[]): Promise<Reloaded> {
    this.#options = { ...this.#options, neighbors };
    this.#write();
    return this.ask<Reloaded>("reload");
  }

  stop(): Promise<void> { return this.#process.stop(10_000); }
  kill9(): Promise<void> { return this.#process.kill9(); }
  freeze(): void { this.#process.signal("SIGSTOP"); }
  thaw(): void { this.#process.signal("SIGCONT"); }

  async #reload(): Promise<void> {
    this.#write();
    const ran = await this.cli("reload");
    if (ran.status !== 0) throw new Error(`${this.name}: reload: ${ran.stderr}`);
  }

  #write(): void {
    const { clusterId, neighbors = [], asNumber, calico, kernel, birdSockets = false } = this.#options;
    writeFileSync(this.#file, JSON.stringify({
      ...(calico === undefined ? { routerId: this.routerId, asNumber: asNumber ?? LAB_AS, neighbors,
        originate: [...this.#own.values()] } : { calico }),
      ...(clusterId === undefined ? {} : { clusterId }),
      ...(kernel === undefined ? {} : { kernel }),
      control: { socket: this.#socket, birdSockets },
      http: false,
      log: { level: "debug", format: "json" },
    }, undefined, 1), { mode: 0o600 });
  }
}

/** What `reload` says: names of neighbours. */
export interface Reloaded {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly reset: readonly string[];
  readonly refreshed: readonly string[];
  readonly untouched: readonly string[];
}

/** The keys of `show peers` that the tests look at. */
export interface ShownPeer {
  readonly name: string;
  readonly address: string;
  readonly type: string;
  readonly routeReflectorClient: boolean;
  readonly state: string;
  readonly since: string;
  readonly waiting: string | null;
  readonly lastError: { readonly direction: string; readonly code: number; readonly subcode: number } | null;
  readonly messages: { readonly in: { readonly update: number; readonly routeRefresh: number };
    readonly out: { readonly update: number; readonly routeRefresh: number } };
}

interface ShownRoute {
  readonly prefix: string;
  readonly nextHop?: string;
  readonly localPref?: number;
  readonly med?: number;
  readonly communities?: readonly string[];
  readonly largeCommunities?: readonly string[];
  readonly originatorId?: string;
  readonly clusterList?: readonly string[];
  readonly asPath?: readonly { readonly asns: readonly number[] }[];
  readonly best: boolean;
  readonly from: { readonly name: string; readonly address: string };
}

function parseReflectdRoute(shown: ShownRoute): InteropRoute {
  return {
    prefix: shown.prefix,
    nextHop: shown.nextHop ?? "",
    localPref: shown.localPref,
    med: shown.med,
    communities: shown.communities ?? [],
    largeCommunities: shown.largeCommunities ?? [],
    originatorId: shown.originatorId,
    clusterList: shown.clusterList ?? [],
    asPath: (shown.asPath ?? []).flatMap((segment) => segment.asns),
    best: shown.best,
    from: shown.from.address,
  };
}
