/**
 * One end of the test traffic, on a host or in a pod: sends numbered datagrams to every other end, one per
 * millisecond, keeps a TCP connection with each and sends numbered records on it, and knows what came. Started with one
 * word of JSON:
 *   {"ends": [{"name", "address"}], "me": index, "port", "epoch": ms since 1970, "recordMs"}
 * Datagram n of a pair is due at epoch + n ms. End i listens on port + 1 + j for end j: a socket for each, so that its
 * buffer outlasts a pause of this process. A process that was held up longer than CATCH_UP_MAX skips numbers and says
 * so: what was not sent was not lost. TCP: the lower index dials, on `port`.
 * Commands on standard input, answers on standard output, one JSON object per line:
 *   {"from", "to"} → {"missing": {name: [[first, last], …]}, "skipped": [[first, last], …], "overflows",
 *     "resets": [{"peer", "at", "why"}], "pauses": [{"peer", "at", "ms"}], "connected"}
 * It ends with its standard input.
 */

import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setPriority } from "node:os";
import { createInterface } from "node:readline";

const { ends, me, port, epoch, recordMs } = JSON.parse(process.argv[2]);
/** Numbers that are sent late rather than skipped: few enough for the queues of the kernel when all ends are late. */
const CATCH_UP_MAX = 20;
/** Between two records; a shorter one says more of this process than of the network. */
const PAUSE_MS_MIN = 100;
const RECORD_OCTETS = 4;
const RETRY_MS = 200;
/** Asked for; the system's own bound (net.core.rmem_max) may be less. */
const BUFFER_OCTETS = 4 << 20;

setPriority(-15); // an instrument that waits for what it measures would measure itself
const say = (answer) => { process.stdout.write(`${JSON.stringify(answer)}\n`); };
const now = () => Date.now() - epoch;
const others = ends.map((end, index) => ({ ...end, index })).filter(({ index }) => index !== me);

/** Numbers that came, a bit each. */
class Arrivals {
  #bits = new Uint8Array(1 << 16);

  add(number) {
    const at = number >>> 3;
    if (at >= this.#bits.length) {
      const more = new Uint8Array(Math.max(this.#bits.length * 2, at + 1));
      more.set(this.#bits);
      this.#bits = more;
    }
    this.#bits[at] |= 1 << (number & 7);
  }

  missing(from, to) {
    const runs = [];
    for (let number = from; number < to; number++) {
      if (((this.#bits[number >>> 3] ?? 0) & (1 << (number & 7))) !== 0) continue;
      const last = runs.at(-1);
      if (last !== undefined && last[1] === number - 1) last[1] = number;
      else runs.push([number, number]);
    }
    return runs;
  }
}

const arrivals = new Map(others.map(({ name }) => [name, new Arrivals()]));
const skipped = [];
const resets = [];
const pauses = [];
/** Connections that are up, and when each was last heard. */
const heard = new Map();

/** Addresses are numbers: nothing is looked up. */
const lookup = (address, _options, done) => done(null, address, 4);
const out = createSocket({ type: "udp4", lookup });
// What ICMP says of an earlier datagram is no reason not to send the next one.
out.on("error", () => undefined);

let next = Math.max(0, Math.ceil(now()));
function sendDue() {
  const due = Math.floor(now());
  if (due - next >= CATCH_UP_MAX) {
    skipped.push([next, due - CATCH_UP_MAX]);
    next = due - CATCH_UP_MAX + 1;
  }
  for (; next <= due; next++) {
    const datagram = Buffer.alloc(RECORD_OCTETS);
    datagram.writeUInt32BE(next);
    for (const { address } of others) out.send(datagram, port + 1 + me, address, () => undefined);
  }
}

async function listenForDatagrams() {
  await Promise.all(others.map(({ name, index }) => new Promise((resolve) => {
    const socket = createSocket({ type: "udp4", recvBufferSize: BUFFER_OCTETS });
    const seen = arrivals.get(name);
    socket.on("message", (datagram) => seen.add(datagram.readUInt32BE(0)));
    socket.bind(port + 1 + index, ends[me].address, resolve);
  })));
}

/** The pause that a connection has made until now, if it is one. */
function pauseOf({ peer, at }) {
  const ms = now() - at;
  return ms < PAUSE_MS_MIN ? [] : [{ peer, at, ms }];
}

/** Records both ways on one connection, each the number after the one before. */
function exchange(peer, socket) {
  let toSend = 0;
  let expected = 0;
  let rest = Buffer.alloc(0);
  let why = "closed";
  heard.set(socket, { peer, at: now() });
  socket.setNoDelay(true);
  const timer = setInterval(() => {
    const record = Buffer.alloc(RECORD_OCTETS);
    record.writeUInt32BE(toSend++);
    socket.write(record);
  }, recordMs);
  socket.on("data", (octets) => {
    pauses.push(...pauseOf(heard.get(socket)));
    heard.set(socket, { peer, at: now() });
    rest = Buffer.concat([rest, octets]);
    for (; rest.length >= RECORD_OCTETS; rest = rest.subarray(RECORD_OCTETS)) {
      if (rest.readUInt32BE(0) !== expected++) socket.destroy(new Error(`record ${expected - 1} is not next`));
    }
  });
  socket.on("error", (error) => { why = error.code ?? error.message; });
  socket.on("close", () => {
    clearInterval(timer);
    heard.delete(socket);
    resets.push({ peer, at: now(), why });
  });
}

function dial(peer) {
  const socket = connect({ host: peer.address, port, localAddress: ends[me].address });
  const again = () => setTimeout(() => dial(peer), RETRY_MS);
  socket.once("error", again); // nobody is there yet, or no route
  socket.once("connect", () => {
    socket.off("error", again);
    socket.once("close", again);
    exchange(peer.name, socket);
  });
}

function listenForConnections() {
  const server = createServer((socket) => {
    const peer = others.find(({ address }) => address === socket.remoteAddress);
    if (peer === undefined) socket.destroy();
    else exchange(peer.name, socket);
  });
  return new Promise((resolve) => server.listen(port, ends[me].address, resolve));
}

/** Datagrams that came and found their socket's buffer full: this process was too slow, nothing was lost. */
function overflows() {
  const [names, values] = readFileSync("/proc/self/net/snmp", "utf8").split("\n")
    .filter((line) => line.startsWith("Udp:")).map((line) => line.split(" "));
  return Number(values[names.indexOf("RcvbufErrors")]);
}

await Promise.all([listenForDatagrams(), listenForConnections()]);
for (const peer of others) if (me < peer.index) dial(peer);
out.bind(0, ends[me].address, () => {
  setInterval(sendDue, 1);
  say({ ready: true });
});
createInterface({ input: process.stdin }).on("line", (line) => {
  const { from, to } = JSON.parse(line);
  const missing = Object.fromEntries([...arrivals].map(([name, seen]) => [name, seen.missing(from, to)]));
  const underWay = [...heard.values()].flatMap(pauseOf);
  say({ missing, skipped, overflows: overflows(), resets, pauses: [...pauses, ...underWay], connected: heard.size });
}).on("close", () => process.exit(0));
