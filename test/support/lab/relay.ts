/**
 * The way from a node of the lab to a server on this host's loopback, which namespaces keep apart. Rule: the server
 * never notices what becomes of the way; it can be torn down, and it can fall silent with its connections open.
 */

import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { join } from "node:path";
import { inside } from "./lab.ts";
import type { LabNode } from "./lab.ts";
import { Background } from "./processes.ts";
import { waitFor } from "./waiting.ts";

const PROGRAM = join(import.meta.dirname, "relay.mjs");

/** A way to one server. */
export class Relay {
  readonly #node: LabNode;
  readonly #port: number;
  readonly #file: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #process: Background | undefined;

  private constructor(node: LabNode, port: number) {
    this.#node = node;
    this.#port = port;
    this.#file = join(node.lab.folder, `relay-${node.name}-${port}.sock`);
    this.#server = createServer((near) => this.#pass(near));
  }

  /** Opens a way from the same port of the node's loopback. */
  static async open(node: LabNode, port: number): Promise<Relay> {
    const relay = new Relay(node, port);
    await new Promise<void>((resolve) => { relay.#server.listen(relay.#file, resolve); });
    await relay.mend();
    return relay;
  }

  /** Ends all connections and refuses new ones. */
  async tear(): Promise<void> {
    await this.#process?.kill9();
  }

  /** After `tear`. */
  async mend(): Promise<void> {
    const log = join(this.#node.lab.folder, `relay-${this.#node.name}-${this.#port}-${Date.now()}.log`);
    const words = inside(this.#node.namespace, [process.execPath, PROGRAM, String(this.#port), this.#file]);
    const started = new Background(words, log);
    this.#process = this.#node.lab.adopt("relay", started);
    await waitFor(this.#node.lab, "the relay to listen", () => started.tail(), (text) => text.includes("listening"));
  }

  /** Nothing passes any more, and nobody is told. */
  freeze(): void {
    this.#process?.signal("SIGSTOP");
  }
  thaw(): void {
    this.#process?.signal("SIGCONT");
  }

  /** The node's side ends with the lab. */
  async close(): Promise<void> {
    await this.#process?.stop();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => { this.#server.close(resolve); });
  }

  #pass(near: Socket): void {
    const far = connect(this.#port, "127.0.0.1");
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.#sockets.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
    }
  }
}
