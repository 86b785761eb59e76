/** Bare TCP connections from a node, for what no honest daemon would send. See raw-speaker.mjs for its other half. */

import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { LabNode } from "./lab.ts";
import { inside } from "./lab.ts";

const PROGRAM = join(dirname(fileURLToPath(import.meta.url)), "raw-speaker.mjs");
const alive = new Set<ChildProcess>();
process.on("exit", () => { for (const child of alive) child.kill("SIGKILL"); });

/** What became of one connection. */
export interface RawConnection {
  connected: boolean;
  closed: boolean;
  /** The system's word for an error, or empty. */
  why: string;
  /** Everything received, in hex. */
  received: string;
}

/** Connections from one node. */
export class RawSpeaker {
  readonly #child: ChildProcess;
  readonly #connections: RawConnection[] = [];

  constructor(node: LabNode) {
    const [command = "", ...words] = inside(node.namespace, [process.execPath, PROGRAM]);
    this.#child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
    alive.add(this.#child);
    if (this.#child.stdout === null) throw new Error("no pipe");
    createInterface({ input: this.#child.stdout }).on("line", (line) => this.#hear(line));
  }

  /** Dials; the answer is filled in as things happen. */
  connect(to: string, port: number = 179, from?: string): { readonly id: number; readonly state: RawConnection } {
    const state: RawConnection = { connected: false, closed: false, why: "", received: "" };
    const id = this.#connections.push(state) - 1;
    this.#tell({ id, do: "connect", to, port, ...(from === undefined ? {} : { from }) });
    return { id, state };
  }

  send(id: number, hex: string): void { this.#tell({ id, do: "send", hex }); }
  every(id: number, ms: number, hex: string): void { this.#tell({ id, do: "every", ms, hex }); }
  /** Stops reading: the peer's socket fills up. */
  pause(id: number): void { this.#tell({ id, do: "pause" }); }
  close(id: number): void { this.#tell({ id, do: "close" }); }

  /** Ends the process and with it every connection. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => { this.#child.once("exit", resolve); });
    this.#child.kill("SIGKILL");
    await gone;
    alive.delete(this.#child);
  }

  #tell(command: object): void { this.#child.stdin?.write(`${JSON.stringify(command)}\n`); }

  #hear(line: string): void {
    const { id, event, hex, why } = JSON.parse(line) as { id: number; event: string; hex?: string; why?: string };
    const state = this.#connections[id];
    if (state === undefined) return;
    if (event === "connected") state.connected = true;
    if (event === "data") state.received += hex ?? "";
    if (event === "closed") {
      state.closed = true;
      state.why = why ?? "";
    }
  }
}

const MARKER = "ff".repeat(16);
const hexOf = (value: number, octets: number): string => value.toString(16).padStart(octets * 2, "0");

/** A message of any type around any body, in hex. */
export function message(type: number, body: string): string {
  return `${MARKER}${hexOf(19 + body.length / 2, 2)}${hexOf(type, 1)}${body}`;
}

/** KEEPALIVE. */
export const KEEPALIVE: string = message(4, "");

/** OPEN of an IPv4-only speaker with 4-octet AS numbers. */
export function open(asNumber: number, routerId: string, holdSeconds: number): string {
  const id = routerId.split(".").map((part) => hexOf(Number(part), 1)).join("");
  const capabilities = `010400010001${`4104${hexOf(asNumber, 4)}`}`;
  const parameters = `02${hexOf(capabilities.length / 2, 1)}${capabilities}`;
  return message(1, `04${hexOf(Math.min(asNumber, 0xffff), 2)}${hexOf(holdSeconds, 2)}${id}`
    + `${hexOf(parameters.length / 2, 1)}${parameters}`);
}
