/**
 * Listening sockets that were open before us: systemd, or whoever else starts us, hands over their descriptors
 * (sd_listen_fds(3)). Rules: one that nobody has taken closes whatever connects; one that is given back stays open, as
 * it could not be opened again.
 */

import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { HALF_OPEN } from "./socket.ts";

/** The first descriptor that is handed over (SD_LISTEN_FDS_START). */
const FIRST_DESCRIPTOR = 3;
/** Connections that the kernel keeps while we are busy, as for listeners of our own. */
const BACKLOG = 4096;

/** The descriptors that the environment says are for the process `pid`. */
export function inheritedDescriptors(env: Readonly<Record<string, string | undefined>>, pid: number):
  readonly number[] {
  const { LISTEN_PID: ours, LISTEN_FDS: count = "" } = env;
  if (ours !== String(pid) || !/^[0-9]{1,3}$/.test(count)) return [];
  return Array.from({ length: Number(count) }, (_, at) => FIRST_DESCRIPTOR + at);
}

/** Who gets what happens at a listener. */
export interface Taker {
  accept(socket: Socket): void;
  /** An accept failed; it goes on. */
  failed(error: NodeJS.ErrnoException): void;
}

/** An address of a listener. */
interface Where {
  readonly address: string;
  readonly port: number;
}

interface Held {
  readonly server: Server;
  readonly where: Where;
  taker: Taker | undefined;
}

/** All that were handed over, by address. */
export class InheritedListeners {
  readonly #held: readonly Held[];

  /** Of servers that listen already. */
  constructor(servers: readonly Server[]) {
    this.#held = servers.flatMap((server) => hold(server) ?? []);
  }

  /** Takes descriptors over; a line for each that is no TCP socket that can listen. */
  static async open(descriptors: readonly number[]):
    Promise<{ readonly inherited: InheritedListeners; readonly faults: readonly string[] }> {
    const opened = await Promise.all(descriptors.map(serverOf));
    return {
      inherited: new InheritedListeners(opened.filter((one) => typeof one !== "string")),
      faults: opened.filter((one) => typeof one === "string"),
    };
  }

  /** Where they listen. */
  get addresses(): readonly Where[] {
    return this.#held.map(({ where }) => where);
  }

  /** Whether a server is one of them. */
  has(server: Server): boolean {
    return this.#held.some((held) => held.server === server);
  }

  /** The one at an address, from now on its taker's; undefined where there is none, or somebody has it. */
  take({ address, port }: Where, takerOf: (server: Server) => Taker): Server | undefined {
    const held = this.#held.find((one) =>
      one.where.address === address && one.where.port === port && one.taker === undefined);
    if (held === undefined) return undefined;
    held.taker = takerOf(held.server);
    return held.server;
  }

  /** Nobody's again. */
  giveBack(server: Server): void {
    const held = this.#held.find((one) => one.server === server);
    if (held !== undefined) held.taker = undefined;
  }

  /** Closes all; nobody can have them again. */
  async close(): Promise<void> {
    for (const { server } of this.#held) server.close();
  }
}

function serverOf(fd: number): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer({ noDelay: true, allowHalfOpen: HALF_OPEN });
    const useless = (why: string): void =>
      resolve(`descriptor ${fd} was handed over and is no TCP socket that can listen: ${why}`);
    const failed = ({ code, message }: NodeJS.ErrnoException): void => useless(code ?? message);
    server.once("error", failed);
    server.listen({ fd }, BACKLOG, () => {
      server.off("error", failed);
      if (typeof server.address() === "object") return resolve(server);
      server.close();
      useless("it is of another family");
    });
  });
}

function hold(server: Server): Held | undefined {
  const bound = server.address();
  if (typeof bound !== "object" || bound === null) return undefined;
  const held: Held = { server, where: { address: bound.address, port: bound.port }, taker: undefined };
  server.on("connection", (socket) => {
    if (held.taker === undefined) socket.destroy();
    else held.taker.accept(socket);
  });
  server.on("error", (error: NodeJS.ErrnoException) => held.taker?.failed(error));
  return held;
}
