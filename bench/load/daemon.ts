/** The daemon under load: a process of its own, its resident memory and its HTTP pages. */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Where the compiled daemon is, and what node is told besides. */
export interface DaemonOptions {
  readonly main: string;
  readonly nodeOptions: readonly string[];
  /** Range members, at most. */
  readonly limit: number;
}

const START_SECONDS = 10;

/** A running daemon that takes any speaker of 127.0.0.0/8 as a client. */
export class Daemon {
  readonly port: number;
  readonly #folder: string;
  readonly #http: number;
  readonly #child: ChildProcess;
  readonly #gone: Promise<unknown>;

  private constructor(folder: string, port: number, http: number, options: DaemonOptions) {
    this.#folder = folder;
    this.port = port;
    this.#http = http;
    const config = join(folder, "reflectd.json");
    writeFileSync(config, JSON.stringify(configuration(port, http, this.socket, options.limit)));
    this.#child = spawn(process.execPath, [...options.nodeOptions, options.main, "run", "--config", config],
      { stdio: ["ignore", "inherit", "inherit"] });
    this.#gone = new Promise((resolve) => this.#child.once("exit", resolve));
  }

  /** Starts one and waits until it answers. */
  static async start(options: DaemonOptions): Promise<Daemon> {
    const folder = mkdtempSync(join(tmpdir(), "reflectd-load-"));
    const daemon = new Daemon(folder, await freePort(), await freePort(), options);
    for (let tries = 0; tries < START_SECONDS * 20; tries++) {
      if (await daemon.get("/readyz").then(() => true, () => false)) return daemon;
      await sleep(50);
    }
    await daemon.stop();
    throw new Error("the daemon did not start");
  }

  get socket(): string {
    return join(this.#folder, "control.sock");
  }

  /** Resident memory in MiB: now, and at its highest since the start. */
  memory(): { readonly rss: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.#child.pid}/status`, "utf8");
    const mib = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / 1024;
    return { rss: mib("VmRSS"), peak: mib("VmHWM") };
  }

  /** Seconds of CPU used so far. */
  cpuSeconds(): number {
    const fields = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8").split(") ")[1]!.split(" ");
    return (Number(fields[11]) + Number(fields[12])) / 100;
  }

  /** A page over TCP. */
  get(path: string): Promise<string> {
    return fetchText({ host: "127.0.0.1", port: this.#http, path });
  }

  /** An answer of the control socket, and the milliseconds it took. */
  async ask(path: string): Promise<{ readonly body: string; readonly milliseconds: number }> {
    const from = performance.now();
    const body = await fetchText({ socketPath: this.socket, path });
    return { body, milliseconds: performance.now() - from };
  }

  /** One sample of /metrics by the start of its line. */
  async metric(name: string): Promise<number> {
    const lines = (await this.get("/metrics")).split("\n");
    return Number(lines.find((line) => line.startsWith(name))?.split(" ").at(-1) ?? NaN);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGTERM");
    const killer = setTimeout(() => this.#child.kill("SIGKILL"), 5_000);
    await this.#gone;
    clearTimeout(killer);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function configuration(port: number, http: number, socket: string, limit: number): unknown {
  return {
    routerId: "192.0.2.1", asNumber: 64_512, listen: [{ address: "127.0.0.1", port }],
    neighbors: [{ name: "clients", range: "127.0.0.0/8", limit, routeReflectorClient: true }],
    control: { socket }, http: { address: "127.0.0.1", port: http }, log: { level: "error", format: "text" },
    metrics: { perPeer: false },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

interface Page {
  readonly host?: string;
  readonly port?: number;
  readonly socketPath?: string;
  readonly path: string;
}

function fetchText(target: Page): Promise<string> {
  return new Promise((resolve, reject) => {
    const asked = request({ ...target, timeout: 30_000 }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("end", () => resolve(Buffer.concat(parts).toString()));
      response.on("error", reject);
    });
    asked.on("timeout", () => asked.destroy(new Error(`${target.path}: no answer in 30 s`)));
    asked.on("error", reject);
    asked.end();
  });
}
