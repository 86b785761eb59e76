/**
 * FRR's zebra. Debian's FRR has no `sharpd`, so zebra is told by its own protocol what that would tell: ZAPI version 6
 * with the numbers of FRR 8.4, routes as `staticd` sends them. What is told is encoded before the clock starts. Zebra
 * does not compare on demand.
 */

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { parseAddress } from "../../src/base/address.ts";
import { Writer } from "../../src/base/bytes.ts";
import { programsMissing } from "../daemons/common.ts";
import { StartedProcess } from "../started-process.ts";
import type { Entrant, EntrantSetup, RunningEntrant } from "./entrant.ts";
import { addressOf, BLOCK_LENGTH, GATEWAYS, INTERFACE } from "./routes.ts";

const DAEMON = "/usr/lib/frr/zebra";
/** It gives up being root, and needs its folder then. */
const USER = "frr:frr";
const START_MS = 20_000;
const execute = promisify(execFile);

/** zebra_message_types_t. */
const COMMAND = { routeAdd: 8, routeDelete: 9, hello: 18 } as const;
const [MARKER, VERSION] = [254, 6];
const [ROUTE_STATIC, SAFI_UNICAST, AF_INET, MESSAGE_NEXTHOP, NEXTHOP_IPV4_IFINDEX] = [3, 1, 2, 1, 3];

/** The row of FRR. */
export const ZEBRA: Entrant = {
  name: "FRR zebra",
  missing: () => programsMissing(DAEMON),
  start,
};

async function start({ namespace, folder, routes }: EntrantSetup): Promise<RunningEntrant> {
  const file = join(folder, "zebra.conf");
  const path = join(folder, "zserv.api");
  writeFileSync(file, "hostname bench\n");
  await execute("chown", ["-R", USER, folder]);
  const { stdout: said } = await execute(DAEMON, ["--version"]);
  const { stdout: link } = await execute("ip", ["-n", namespace, "-json", "link", "show", INTERFACE.name]);
  const interfaceIndex = (JSON.parse(link) as { ifindex: number }[])[0]!.ifindex;
  const zebra = new StartedProcess(["ip", "netns", "exec", namespace, DAEMON, "-P", "0", "--vty_socket", folder,
    "-z", path, "-i", join(folder, "zebra.pid"), "--log", "stdout", "--log-level", "errors", "-f", file],
  join(folder, "zebra.log"));
  const socket = await connected(path, zebra);
  socket.write(message(COMMAND.hello, (body) => body.u8(ROUTE_STATIC).u16(0).u32(0).u16(0)));
  const told = (gateway: string | undefined): (() => Promise<void>) => {
    const octets = Buffer.concat(Array.from({ length: routes }, (_, at) => routeMessage(at, gateway, interfaceIndex)));
    return () => new Promise((resolve) => void socket.write(octets, () => resolve()));
  };
  return {
    version: /version (\S+)/.exec(said)?.[1] ?? "", pids: () => zebra.pids(),
    steps: { add: told(GATEWAYS[0]), replace: told(GATEWAYS[1]), remove: told(undefined) },
    stop() {
      socket.destroy();
      return zebra.stop("SIGKILL");
    },
  };
}

async function connected(path: string, zebra: StartedProcess): Promise<Socket> {
  for (const until = performance.now() + START_MS;;) {
    try {
      return await new Promise((resolve, reject) => {
        const socket = connect(path, () => resolve(socket.resume())).on("error", reject);
      });
    } catch (error) { // not open yet
      const isOver = !zebra.isRunning || performance.now() > until;
      if (isOver) throw new Error(`zebra: ${zebra.lastWords()}`, { cause: error });
    }
    await sleep(50);
  }
}

/** A route by a gateway; without one, that it goes. */
function routeMessage(at: number, gateway: string | undefined, interfaceIndex: number): Uint8Array {
  const isGone = gateway === undefined;
  return message(isGone ? COMMAND.routeDelete : COMMAND.routeAdd, (body) => {
    body.u8(ROUTE_STATIC).u16(0).u32(0).u32(isGone ? 0 : MESSAGE_NEXTHOP).u8(SAFI_UNICAST);
    body.u8(AF_INET).u8(BLOCK_LENGTH).u32(addressOf(at));
    if (!isGone) body.u16(1).u32(0).u8(NEXTHOP_IPV4_IFINDEX).u8(0).bytes(parseAddress(gateway)!).u32(interfaceIndex);
  });
}

/** A message of the default VRF. */
function message(command: number, put: (body: Writer) => void): Uint8Array {
  const octets = new Writer().u16(0).u8(MARKER).u8(VERSION).u32(0).u16(command);
  put(octets);
  return octets.patchU16(0, octets.length).take();
}
