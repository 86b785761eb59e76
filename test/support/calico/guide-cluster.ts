/**
 * A cluster as the guides have it, on the lab's network: Calico's resources in a datastore that every reflectd follows,
 * and nodes with BIRD 1.6.8 whose configuration is written anew from the same resources at each change, as confd does.
 */

import type { CalicoResources } from "../../../src/calico/resources/model.ts";
import { secretsIn } from "../../../src/calico/resources/secret.ts";
import { ResourceStore } from "../../../src/calico/store.ts";
import type { CalicoFamily } from "../../../src/calico/translate/speaker.ts";
import { NodeTranslation } from "../../../src/calico/translate/node.ts";
import { Bird } from "../lab/bird.ts";
import { hasEverywhere } from "../lab/cluster.ts";
import { Lab } from "../lab/lab.ts";
import type { LabNode } from "../lab/lab.ts";
import { Reflectd, startReflectd } from "../lab/reflectd.ts";
import { LAB_HOLD_SECONDS } from "../lab/router.ts";
import { waitFor } from "../lab/waiting.ts";
import { birdTemplate } from "./bird-template.ts";
import type { Passwords } from "./bird-template.ts";
import { FilesHome } from "./homes.ts";
import type { Home } from "./homes.ts";
import { manifest, nodeManifest } from "./manifests.ts";
import type { Manifest, Members } from "./manifests.ts";
import { host } from "./world.ts";

/** What marks a reflector's Node in the guides. */
export const REFLECTOR_LABEL: Members = { "route-reflector": "true" };
const POOLS = [manifest("IPPool", "pool", { cidr: "10.244.0.0/16" }),
  manifest("IPPool", "pool6", { cidr: "fd65::/48" })];

/** A row of `calicoctl node status` without its clock. */
export type StatusRow = readonly [address: string, type: string, state: string, info: string];

/** Rows of IPv4 sessions that are up. */
export function up(type: string, ...nodes: readonly LabNode[]): StatusRow[] {
  return nodes.map(({ v4 }) => [v4, type, "up", "Established"]);
}
/** Rows of IPv6 sessions that are up. */
export function up6(type: string, ...nodes: readonly LabNode[]): StatusRow[] {
  return nodes.map(({ v6 }) => [v6, type, "up", "Established"]);
}

/** The block of a node's pods. */
export function podBlock({ v4 }: LabNode, family: CalicoFamily = "ipv4"): string {
  const number = v4.split(".").at(-1);
  return family === "ipv4" ? `10.244.${number}.0/26` : `fd65::${number}:0/122`;
}

/** The Node of a host, as calico-node writes it. */
export function nodeOf({ name, v4 }: LabNode, bgp: Members = {}, labels: Members = {}): Manifest {
  return nodeManifest(name, `${v4}/24`, bgp, labels);
}
/** What a Node's `spec.bgp` says beside where the node has IPv6. */
export function alsoIpv6({ v6 }: LabNode): Members {
  return { ipv6Address: `${v6}/64` };
}

/** Says that the block is the node's. */
export function affinityOf(node: LabNode, family: CalicoFamily = "ipv4"): Manifest {
  return manifest("BlockAffinity", `${node.name}-${family}`,
    { cidr: podBlock(node, family), node: node.name, state: "confirmed" });
}

/** The BIRD of each family, and how its name begins (see `speaks`). */
const BIRDS = { ipv4: { version: "1.6", prefix: "bird1" }, ipv6: { version: "1.6-ipv6", prefix: "bird6" } } as const;

/** A node with calico-node's BIRDs, one for each of its families. */
export class Worker {
  readonly node: LabNode;
  readonly families: readonly CalicoFamily[];
  readonly birds: readonly Bird[];
  readonly #texts: string[];
  readonly #heard: number[];

  constructor(node: LabNode, families: readonly CalicoFamily[], texts: readonly string[]) {
    this.node = node;
    this.families = families;
    this.#texts = [...texts];
    this.#heard = families.map(() => 0);
    this.birds = families.map((family, at) => {
      const { version, prefix } = BIRDS[family];
      return new Bird(node, `${prefix}-${node.name}`, { version, peers: [], text: () => this.#texts[at] ?? "" });
    });
  }

  /** That of IPv4, which every node has. */
  get bird(): Bird { return this.birds[0] as Bird; }

  /** What confd does with new configurations. */
  async configure(texts: readonly string[]): Promise<void> {
    for (const [at, text] of texts.entries()) {
      if (text === this.#texts[at]) continue;
      this.#texts[at] = text;
      await this.birds[at]?.configure();
    }
  }

  /** Forgets what happened so far. */
  hearken(): void {
    for (const [at, lines] of this.#lines().entries()) this.#heard[at] = lines.length;
  }

  /** Networks to which the node had no path left for a moment or longer, since `hearken`. */
  lost(): string[] { return this.#since(/ > removed \[sole\] (\S+)/); }

  /** Sessions that changed their state, since `hearken`. */
  touched(): string[] { return this.#since(/> (\S+): State changed to (?:start|stop|down)$/); }

  #since(pattern: RegExp): string[] {
    const found = this.#lines().flatMap((lines, at) => lines.slice(this.#heard[at]))
      .map((line) => pattern.exec(line)?.[1]);
    return [...new Set(found.filter((text) => text !== undefined))].sort();
  }

  #lines(): string[][] { return this.birds.map((bird) => bird.log().split("\n")); }
}

/** How a cluster is made. */
export interface GuideOptions {
  /** Files unless told. */
  readonly home?: Home;
  /** Of the workers; IPv4 alone unless told. */
  readonly families?: readonly CalicoFamily[];
}

/** The cluster. */
export class GuideCluster {
  readonly lab: Lab;
  readonly home: Home;
  readonly workers: Worker[] = [];
  readonly #families: readonly CalicoFamily[];
  readonly #store = new ResourceStore();

  private constructor(lab: Lab, options: GuideOptions) {
    this.lab = lab;
    this.home = options.home ?? new FilesHome(lab);
    this.#families = options.families ?? ["ipv4"];
  }

  /** One with a pool of each family and nothing else. */
  static async create(options: GuideOptions = {}): Promise<GuideCluster> {
    const cluster = new GuideCluster(await Lab.create(), options);
    await cluster.apply(...POOLS);
    return cluster;
  }

  /** Starts reflectd on a host; `calico` are further keys of its configuration, `program` runs it instead of Node. */
  async reflector(node: LabNode, calico: Members = {}, program?: readonly string[]): Promise<Reflectd> {
    return startReflectd(node, `reflectd-${node.name}`, { calico: { ...await this.home.settingsFor(node),
      nodeName: node.name, holdTimeSeconds: LAB_HOLD_SECONDS, ...calico },
      ...(program === undefined ? {} : { node: program }) });
  }

  /** Adds a node with its block, which runs BIRD. */
  async worker(name: string, labels: Members = {}): Promise<Worker> {
    const node = await this.lab.node(name);
    const families = this.#families;
    const bgp = families.includes("ipv6") ? alsoIpv6(node) : {};
    await this.apply(nodeOf(node, bgp, labels), ...families.map((family) => affinityOf(node, family)));
    const worker = new Worker(node, families, this.#textsFor(name));
    for (const bird of worker.birds) await bird.ready();
    this.workers.push(worker);
    return worker;
  }

  /** Adds or replaces resources. */
  async apply(...resources: readonly Manifest[]): Promise<void> {
    for (const resource of resources) await this.home.put(resource);
    this.#store.put(resources.map((resource) => this.home.formOf(resource)));
    await this.#confd();
  }

  /** Removes resources. */
  async remove(...resources: readonly Manifest[]): Promise<void> {
    for (const resource of resources) {
      await this.home.remove(resource);
      const { namespace, name } = resource.metadata;
      this.#store.remove(resource.kind, namespace === undefined ? name : `${String(namespace)}/${name}`);
    }
    await this.#confd();
  }

  /** Waits until the node status of a host has these rows, in any order. */
  async shows(host: Reflectd | Worker, rows: readonly StatusRow[]): Promise<void> {
    const wanted = JSON.stringify([...rows].sort());
    await waitFor(this.lab, `${host.node.name} to show ${wanted}`, async () => (await rowsOf(host)).sort(),
      (now) => JSON.stringify(now) === wanted, 40_000);
  }

  /** Waits until the workers know the blocks of all these nodes but their own. */
  async reach(nodes: readonly LabNode[]): Promise<void> {
    for (const { node, birds, families } of this.workers) {
      for (const [at, family] of families.entries()) {
        const others = nodes.filter((other) => other !== node);
        await hasEverywhere(this.lab, [birds[at] as Bird], others.map((other) =>
          ({ prefix: podBlock(other, family), nextHop: family === "ipv4" ? other.v4 : other.v6 })));
      }
    }
  }

  async close(): Promise<void> {
    await this.lab.close();
    await this.home.close();
  }

  #textsFor(name: string): string[] {
    const { resources } = this.#store;
    const plan = new NodeTranslation(host(name)).plan(resources, []);
    return this.#families.map((family) => birdTemplate(plan, family, passwordsOf(resources)));
  }

  async #confd(): Promise<void> {
    for (const worker of this.workers) await worker.configure(this.#textsFor(worker.node.name));
  }
}

function passwordsOf({ secrets }: CalicoResources): Passwords {
  return new Map([...secretsIn("kube-system", secrets)].flatMap(([name, { texts }]) =>
    [...texts].map(([key, text]) => [`${name}/${key}`, text] as const)));
}

/** What tells a session of a reflectd that was touched from one that was not, by name. */
export async function marks(reflector: Reflectd): Promise<ReadonlyMap<string, string>> {
  return new Map((await reflector.peers()).map(({ name, state, since }) => [name, `${state} since ${since}`]));
}

/** The names whose marks differ. */
export function differing(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}

async function rowsOf(host: Reflectd | Worker): Promise<StatusRow[]> {
  if (host instanceof Worker) {
    const texts = await Promise.all(host.birds.map((bird) => bird.ask("show protocols")));
    return texts.flatMap((text, at) => birdRows(text, host.families[at] === "ipv4" ? "." : ":"));
  }
  return tableRows((await host.cli("node", "status")).stdout);
}

function tableRows(text: string): StatusRow[] {
  return text.split("\n").filter((line) => /^\| [0-9a-f]/.test(line)).map((line) => {
    const [, address = "", type = "", state = "", , info = ""] = line.split("|").map((cell) => cell.trim());
    return [address, type, state, info];
  });
}

/** What calicoctl makes of the names that calico-node gives to sessions. */
const TYPES: Readonly<Record<string, string>> = {
  Mesh: "node-to-node mesh", Global: "global", Node: "node specific",
};

/** The rows that calicoctl prints of `show protocols`. */
function birdRows(text: string, separator: "." | ":"): StatusRow[] {
  return text.split("\n").flatMap((line) => {
    const [name = "", protocol, , state = "", , ...info] = line.split(/\s+/);
    if (protocol !== "BGP") return [];
    const [prefix = "", ...address] = name.split("_");
    return [[address.join(separator), TYPES[prefix] ?? name, state, info.join(" ").trim()] as const];
  });
}
