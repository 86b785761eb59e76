/**
 * Run in a network namespace: carries datagrams between a parent (frames on stdin and stdout: four octets of length,
 * little-endian, then the datagram) and the kernel. Arguments: groups to subscribe to.
 */

import { RawNetlinkSocket } from "netlink";

const socket = new RawNetlinkSocket(0, { recvBufferSize: 4 << 20, sendBufferSize: 1 << 20 });
for (const group of process.argv.slice(2)) socket.addMembership(Number(group));
socket.on("message", (octets) => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(octets.length);
  process.stdout.write(Buffer.concat([length, octets]));
});
socket.on("error", (error) => {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
});
let held = Buffer.alloc(0);
process.stdin.on("data", (chunk) => {
  held = Buffer.concat([held, chunk]);
  while (held.length >= 4 && held.length >= 4 + held.readUInt32LE(0)) {
    const end = 4 + held.readUInt32LE(0);
    socket.send(new Uint8Array(held.subarray(4, end)));
    held = held.subarray(end);
  }
});
process.stdin.on("end", () => process.exit(0));
process.stdout.write(Buffer.alloc(4)); // an empty datagram: ready, and subscribed
