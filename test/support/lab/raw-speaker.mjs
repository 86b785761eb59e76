/**
 * Sockets on a node of the lab, moved by a test from outside: one JSON command per line in, one event per line out.
 * It knows nothing of BGP; it sends what it is told and counts what comes back.
 *   {"id", "do": "connect", "to", "port", "from"?}   {"id", "do": "send", "hex"}   {"id", "do": "every", "ms", "hex"}
 *   {"id", "do": "pause"}   {"id", "do": "close"}
 * Events: {"id", "event": "connected" | "data" | "closed", "hex"?, "why"?}
 */

import { connect } from "node:net";
import { createInterface } from "node:readline";

const sockets = new Map();
const timers = new Map();
const say = (event) => { process.stdout.write(`${JSON.stringify(event)}\n`); };

const COMMANDS = {
  connect({ id, to, port, from }) {
    const socket = connect({ host: to, port, ...(from === undefined ? {} : { localAddress: from }) });
    let why = "";
    sockets.set(id, socket);
    socket.setNoDelay(true);
    socket.on("connect", () => say({ id, event: "connected" }));
    socket.on("data", (bytes) => say({ id, event: "data", hex: bytes.toString("hex") }));
    socket.on("error", (error) => { why = error.code ?? error.message; });
    socket.on("close", () => {
      clearInterval(timers.get(id));
      say({ id, event: "closed", why });
    });
  },
  send({ id, hex }) { sockets.get(id)?.write(Buffer.from(hex, "hex")); },
  every({ id, ms, hex }) {
    clearInterval(timers.get(id));
    timers.set(id, setInterval(() => { sockets.get(id)?.write(Buffer.from(hex, "hex")); }, ms));
  },
  pause({ id }) { sockets.get(id)?.pause(); },
  close({ id }) { sockets.get(id)?.destroy(); },
};

createInterface({ input: process.stdin }).on("line", (line) => {
  const command = JSON.parse(line);
  COMMANDS[command.do](command);
}).on("close", () => process.exit(0));
