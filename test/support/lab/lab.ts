/**
 * A small network for real daemons: one namespace with a bridge, one per node with a veth to it, IPv4 and IPv6.
 * Rule: names carry our pid, so runs never collide and what a dead run left behind is found and removed.
 */

import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { must, run } from "./processes.ts";
import type { Background } from "./processes.ts";

/** Where a node lives. */
export interface NodeAddresses {
  readonly v4: string;
  readonly v6: string;
}

/** One host of the lab. */
export interface LabNode extends NodeAddresses {
  readonly name: string;
  readonly lab: Lab;
  readonly namespace: string;
  /** The end of its cable in the hub's namespace: where to capture. */
  readonly hubInterface: string;
}

const PREFIX = "reflectd-";
let labsOpened = 0;
const open = new Set<Lab>();
process.on("exit", () => { for (const lab of open) lab.closeAtExit(); });

/** The network and everything started in it. */
export class Lab {
  /** For configurations, sockets, logs and captures; removed at the end, unless REFLECTD_LAB_KEEP=1. */
  readonly folder: string;
  readonly nodes: LabNode[] = [];
  /** Namespaces without a cable to the hub. */
  readonly #others: string[] = [];
  readonly #hub: string;
  readonly #label: string;
  readonly #processes: [name: string, process: Background][] = [];

  private constructor(label: string) {
    this.#label = label;
    this.#hub = `${label}-hub`;
    this.folder = mkdtempSync(join(tmpdir(), `${label}-`));
    // Daemons that drop root must reach their own folders in here.
    chmodSync(this.folder, 0o755);
    open.add(this);
  }

  /** An empty lab: a bridge without nodes. */
  static async create(): Promise<Lab> {
    await sweepDeadRuns();
    labsOpened += 1;
    const lab = new Lab(`${PREFIX}${process.pid}-${labsOpened}`);
    await must(["ip", "netns", "add", lab.#hub]);
    await batch(lab.#hub, ["link set lo up", "link add br0 type bridge", "link set br0 up"]);
    return lab;
  }

  /** Adds a host. Without addresses: 10.99.0.N and fd99::N, N counting from 1. */
  async node(name: string, addresses?: NodeAddresses): Promise<LabNode> {
    const number = this.nodes.length + 1;
    const { v4, v6 } = addresses ?? { v4: `10.99.0.${number}`, v6: `fd99::${number}` };
    const node = { name, lab: this, namespace: `${this.#label}-${name}`, hubInterface: `v${number}`, v4, v6 };
    await must(["ip", "netns", "add", node.namespace]);
    this.nodes.push(node);
    await batch(this.#hub, [`link add v${number} type veth peer name eth0 netns ${node.namespace}`,
      `link set v${number} master br0 up`]);
    await batch(node.namespace, ["link set lo up", "link set eth0 up", `addr add ${v4}/24 dev eth0`,
      `addr add ${v6}/64 dev eth0 nodad`]);
    return node;
  }

  /** Adds a namespace that has no cable yet: of a pod behind a host. Answers its name. */
  async namespace(name: string): Promise<string> {
    const namespace = `${this.#label}-${name}`;
    await must(["ip", "netns", "add", namespace]);
    this.#others.push(namespace);
    await batch(namespace, ["link set lo up"]);
    return namespace;
  }

  get hubNamespace(): string { return this.#hub; }

  /** Remembers a process, to stop it at the end and to quote its log. */
  adopt(name: string, process: Background): Background {
    this.#processes.push([name, process]);
    return process;
  }

  /** The last log lines of everything, for failure messages. */
  logTails(): string {
    return this.#processes.map(([name, one]) => `--- ${name}${one.running ? "" : " (ended)"}\n${one.tail()}`)
      .join("\n");
  }

  /** Stops everything and removes every trace. Safe to call after a failed start. */
  async close(): Promise<void> {
    await Promise.all(this.#processes.map(([, one]) => one.stop()));
    for (const name of this.#namespaces()) await run(["ip", "netns", "delete", name]);
    if (process.env.REFLECTD_LAB_KEEP !== "1") rmSync(this.folder, { recursive: true, force: true });
    open.delete(this);
  }

  /** The same, in the one synchronous moment an exiting process has. */
  closeAtExit(): void {
    for (const [, one] of this.#processes) one.signal("SIGKILL");
    for (const name of this.#namespaces()) {
      try {
        execFileSync("ip", ["netns", "delete", name], { stdio: "ignore" });
      } catch {
        // Already gone, which is what we want; the next run sweeps anything else.
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  #namespaces(): string[] { return [...this.#others, ...this.nodes.map((node) => node.namespace), this.#hub]; }
}

/** The command prefix that runs a program on a node. */
export function inside(namespace: string, words: readonly string[]): string[] {
  return ["ip", "netns", "exec", namespace, ...words];
}

/** Several `ip` commands in one process, in a namespace. */
export async function batch(namespace: string, commands: readonly string[]): Promise<void> {
  await must(["ip", "-netns", namespace, "-batch", "-"], `${commands.join("\n")}\n`);
}

/** Ends what runs in namespaces of test runs that are no more, and removes them. */
async function sweepDeadRuns(): Promise<void> {
  const listed = (await must(["ip", "netns", "list"])).split("\n").map((line) => line.split(" ")[0] ?? "");
  for (const name of listed) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    for (const left of (await run(["ip", "netns", "pids", name])).stdout.split("\n")) {
      if (left !== "") await run(["kill", "-9", left]);
    }
    await run(["ip", "netns", "delete", name]);
    // Its folders, but not those that somebody kept of a run that ended well: they have no namespaces any more.
    for (const folder of readdirSync(tmpdir()).filter((one) => one.startsWith(`${PREFIX}${pid}-`))) {
      rmSync(join(tmpdir(), folder), { recursive: true, force: true });
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
