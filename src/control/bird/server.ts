/**
 * BIRD's control protocol on a Unix socket, for whoever asks a BIRD: birdc and birdcl, calicoctl, calico-node's probes,
 * exporters. Rule: a session does one command after the other and is read no faster than it is answered, so a client
 * costs a few slices whatever it sends.
 */

import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { DaemonApi } from "../../daemon/api.ts";
import type { Family } from "../../messages/families.ts";
import type { ControlHost, StartRefusal } from "../host.ts";
import { CONTROL_LIMITS } from "../server.ts";
import { listenOnFile } from "../socket-file.ts";
import { drained, writeAll } from "../stream.ts";
import { answerTo, COMMAND_CHARACTERS_MAX } from "./commands.ts";
import type { Answer } from "./commands.ts";
import { versionText } from "./context.ts";
import type { BirdContext } from "./context.ts";
import { CODE, encodeReply, last } from "./reply.ts";
import type { Reply } from "./reply.ts";

/** Where, of which family, and for whom. */
export interface BirdOptions {
  readonly socketPath: string;
  readonly family: Family;
  /** Name or number of the group that may connect; the process's own group without it. */
  readonly group?: string | number;
  readonly host: ControlHost;
}

/** A running BIRD socket. */
export interface BirdServer {
  readonly socketPath: string;
  /** Ends every session and removes the socket's file. */
  close(): Promise<void>;
}

/** Opens the socket, or says in one line why it cannot be opened. */
export async function startBirdServer(api: DaemonApi, options: BirdOptions): Promise<BirdServer | StartRefusal> {
  const { socketPath, family, host } = options;
  const context: BirdContext = { api, family, wallMilliseconds: () => host.wallMilliseconds() };
  const sessions = new Set<Socket>();
  // A client may end its side with its last command and still wants the answer.
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sessions.add(socket);
    socket.on("close", () => sessions.delete(socket));
    void hold(socket, context, host);
  });
  server.on("error", (error) => {
    if (server.listening) host.onFailure(error, "accepting a BIRD client");
  });
  server.maxConnections = CONTROL_LIMITS.connectionsMax;
  const group = options.group === undefined ? {} : { group: options.group };
  const refused = await listenOnFile(server, { path: socketPath, setting: "control.birdSockets", host, ...group });
  return refused ?? { socketPath, close: () => stop(server, sessions) };
}

function stop(server: Server, sessions: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sessions) socket.destroy();
  });
}

/** One session, from its greeting to its end. */
async function hold(socket: Socket, context: BirdContext, host: ControlHost): Promise<void> {
  // A socket that breaks is the client's business: whoever writes to it sees that it is gone.
  socket.on("error", () => socket.destroy());
  socket.setTimeout(CONTROL_LIMITS.stallSeconds * 1000, () => socket.destroy());
  socket.setEncoding("utf8");
  try {
    await serve(socket, context, host);
    socket.end();
  } catch {
    socket.destroy(); // reading failed as the client broke off; what fails of ours is told in `reply`
  }
}

async function serve(socket: Socket, context: BirdContext, host: ControlHost): Promise<void> {
  const greeting = (): Reply => [last(CODE.ready, `${versionText(context)} ready.`)];
  let rest = "";
  let isOver = !await reply("greeting", socket, host, greeting);
  for await (const chunk of socket as AsyncIterable<string>) {
    if (isOver) continue; // read away, so that the client's end arrives
    const commands = (rest + chunk).split("\n");
    rest = commands.pop() ?? "";
    // Nobody knows where one that is too long already ends: it is the last one.
    const isEndless = rest.length > COMMAND_CHARACTERS_MAX;
    if (isEndless) commands.push(rest);
    for (const command of commands) {
      isOver = !await reply(`command ${command.slice(0, 200)}`, socket, host, () => answerTo(command, context));
      if (isOver) break;
    }
    isOver ||= isEndless;
    if (isOver) socket.end();
  }
}

/**
 * Says all of an answer, and waits until the client has room for more; false where the session is over. It is after a
 * bug of ours, too: nobody must take a part for the whole.
 */
async function reply(what: string, socket: Socket, host: ControlHost, answerOf: () => Answer): Promise<boolean> {
  try {
    const answer = answerOf();
    if (answer === "end" || !await writeAll(encodeReply(await answer), socket, host)) return false;
    if (socket.writableNeedDrain) await drained(socket);
    return true;
  } catch (error) {
    host.onFailure(error, `BIRD ${what}`);
    socket.destroy();
    return false;
  }
}
