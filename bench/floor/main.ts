/**
 * The floor: what the kernel's sockets and Node's `net` cost by themselves. It brings sessions up and copies the octets
 * of every UPDATE to every other session. Rules: nothing of an UPDATE is read but its header; what one turn of the
 * event loop brought goes out as one write per session; nothing waits on purpose.
 *
 *     node main.js '{"host":"10.255.255.1","port":179,"family":"ipv4","addPath":false}'
 */

import { createServer } from "node:net";
import { Copier } from "./copier.ts";
import type { NlriForm } from "./withdrawals.ts";

const options = JSON.parse(process.argv[2] ?? "{}") as NlriForm & { readonly host: string; readonly port: number };
const copier = new Copier(options);
const server = createServer({ noDelay: true }, (socket) => copier.accept(socket));
server.listen({ host: options.host, port: options.port, backlog: 4096 });
process.once("SIGTERM", () => process.exit(0));
