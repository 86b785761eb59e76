/** Listens on a loopback port of its namespace and hands each connection to a socket file: `relay.mjs PORT FILE`. */

import { connect, createServer } from "node:net";

const [port, file] = process.argv.slice(2);
createServer((near) => {
  const far = connect(file);
  for (const [one, other] of [[near, far], [far, near]]) {
    one.pipe(other);
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}).listen(Number(port), "127.0.0.1", () => { process.stdout.write("listening\n"); });
