/**
 * The least that it takes to write routes into a kernel from here: requests that were encoded before, in the order that
 * is cheapest for Linux, one sent when the one before is answered. No table, no other process, nothing to compare. It
 * is told and answers as engine.ts; how many routes there will be is its argument.
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { parseAddress } from "../../src/base/address.ts";
import type { PrefixWords } from "../../src/daemon/kernel/by-prefix.ts";
import { Steps } from "../../src/daemon/kernel/steps.ts";
import { applyJob } from "../../src/kernel/child/jobs.ts";
import type { Request } from "../../src/kernel/child/jobs.ts";
import type { KernelChanges } from "../../src/kernel/port.ts";
import type { RouteForm } from "../../src/kernel/route.ts";
import { readDatagram } from "../../src/kernel/rtnetlink/read.ts";
import type { EngineAnswer, EngineRequest } from "./engine.ts";
import { addressOf, BLOCK_LENGTH, GATEWAYS, INTERFACE } from "./routes.ts";

const [PROTOCOL_ROUTE, MESSAGES_MAX, TABLE, PROTOCOL] = [0, 400, 254, 186];
const [RECEIVE_OCTETS, DATAGRAM_OCTETS] = [8 << 20, 1 << 16];
const count = Number(process.argv[2]);
const interfaceIndex = Number(readFileSync(`/sys/class/net/${INTERFACE.name}/ifindex`, "utf8"));
const { RawNetlinkSocket } = createRequire(import.meta.url)("netlink") as {
  readonly RawNetlinkSocket: new (protocol: number, options: object) => NodeJS.EventEmitter
    & { send(octets: Uint8Array): void };
};
const socket = new RawNetlinkSocket(PROTOCOL_ROUTE, { recvBufferSize: RECEIVE_OCTETS, sendBufferSize: 1 << 20,
  messagePeeking: false, msgBufferSize: DATAGRAM_OCTETS });

const forms = GATEWAYS.map((gateway): RouteForm => ({ table: TABLE, protocol: PROTOCOL, metric: 0, type: "unicast",
  preferredSource: undefined,
  nextHops: [{ gateway: parseAddress(gateway)!, interfaceIndex, onlink: false, weight: 1 }] }));
const prepared = { add: requestsOf("add", forms[0]!), replace: requestsOf("replace", forms[1]!),
  remove: requestsOf("remove", forms[1]!) };

say({});
createInterface({ input: process.stdin })
  .on("line", (line) => void made(JSON.parse(line) as EngineRequest).then((failures) => say({ failures })))
  .on("close", () => process.exit(0));

function requestsOf(change: keyof KernelChanges, form: RouteForm): readonly Request[] {
  const [inOrder, scattered, none] = [new Steps<PrefixWords>(), new Steps<PrefixWords>(), new Steps<PrefixWords>()];
  for (let at = 0; at < count; at++) {
    inOrder.push({ family: "ipv4-unicast", w0: addressOf(at), w1: 0, w2: 0, w3: 0, length: BLOCK_LENGTH }, form);
  }
  inOrder.moveTo(scattered, count);
  const job = applyJob({ add: none, replace: none, remove: none, [change]: scattered }, () => undefined);
  const requests: Request[] = [];
  for (let next = job.next(1, MESSAGES_MAX); next !== undefined; next = job.next(next.last + 1, MESSAGES_MAX)) {
    requests.push(next);
  }
  return requests;
}

/** Sends what was prepared; answers how many routes were refused. */
function made({ want }: EngineRequest): Promise<number> {
  const requests = want === undefined ? prepared.remove : want.gateway === 0 ? prepared.add : prepared.replace;
  return new Promise((resolve) => {
    let [at, failures] = [0, 0];
    socket.on("message", (datagram: Uint8Array) => {
      for (const { sequence, body } of readDatagram(datagram)) {
        if (body.kind !== "answer") continue;
        if (body.errno !== 0) failures++;
        if (sequence === requests[at]!.last) at++;
      }
      send();
    });
    let sent = -1;
    const send = (): void => {
      if (at === requests.length) {
        socket.removeAllListeners("message");
        resolve(failures);
      } else if (at !== sent) {
        sent = at;
        socket.send(requests[at]!.octets);
      }
    };
    send();
  });
}

function say(answer: EngineAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
