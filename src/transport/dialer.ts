/** Opens connections with a socket provider. Rule: one outcome per dial, never before `connect` has returned. */

import type { Socket } from "node:net";
import type { Clock } from "../base/ports.ts";
import type { Connector, DialOutcome, DialTarget, Scheduler } from "./ports.ts";
import { nodeNetProvider } from "./provider.ts";
import type { SocketProvider } from "./provider.ts";
import { connectionOf } from "./socket.ts";

/** A Connector over real sockets. */
export function dialer(clock: Clock, scheduler: Scheduler, provider: SocketProvider = nodeNetProvider): Connector {
  return { connect: (target, outcome) => dial({ clock, scheduler, provider }, target, outcome) };
}

interface Means {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly provider: SocketProvider;
}

function dial({ clock, scheduler, provider }: Means, target: DialTarget, outcome: DialOutcome): () => void {
  let over = false;
  let socket: Socket;
  try {
    socket = provider.dial(target);
  } catch (error) { // node:net throws for an address it cannot use; that is one neighbour's trouble
    const why = error instanceof Error ? error.message : String(error);
    return scheduler.afterPoll(() => outcome.failed(why));
  }
  const fail = (why: string): void => {
    if (over) return;
    over = true;
    socket.destroy();
    outcome.failed(why);
  };
  socket.on("error", (error: NodeJS.ErrnoException) => fail(reasonOf(error, target)));
  socket.once("close", () => fail("closed while connecting"));
  socket.once("connect", () => {
    if (over) return;
    const connection = connectionOf(socket, scheduler, () => clock.now());
    if (connection === undefined) return fail("closed while connecting");
    over = true;
    outcome.connected(connection);
  });
  return () => {
    if (over) return;
    over = true;
    socket.destroy();
  };
}

/** The system's name of the error; an interface that is not there is an invalid argument to it. */
function reasonOf({ code, message }: NodeJS.ErrnoException, { address }: DialTarget): string {
  const zone = address.indexOf("%") + 1;
  return code === "EINVAL" && zone > 0 ? `no interface ${address.slice(zone)}` : code ?? message;
}
