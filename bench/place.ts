/**
 * Where a cell runs: a network namespace of its own (root), else addresses of 127.0.0.0/8. Rule: no packet leaves the
 * loopback interface in either, so nothing but the daemons and the kernel's loopback is measured.
 */

import { execFile } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import type { Family } from "./daemons/daemon.ts";

/** Addresses of one cell. Plain data: it is handed to the cell's process as JSON. */
export interface Place {
  /** The namespace's name, or undefined on the host's own loopback. */
  readonly namespace: string | undefined;
  /** Where the daemon listens for IPv4 transport; IPv6: see `daemonAddress`. */
  readonly daemonAddress: string;
  readonly port: number;
  /** The first client's address as a number; client `index` has this + index. */
  readonly firstClient: number;
  /** Every client is in here and nobody else: what a daemon takes dynamic clients from. */
  readonly clientRange: string;
  /** Whether sessions of IPv6 scenarios run over IPv6: BIRD 1.6 and OpenBGPD know no other IPv6 sessions. */
  readonly ipv6Transport: boolean;
}

/** A place and the way to be rid of it. */
export interface MadePlace {
  readonly place: Place;
  /** Kills what still runs in the namespace and removes it. On the host's loopback there is nothing to remove. */
  remove(): Promise<void>;
}

const NAME = "reflectd-bench-";
const DAEMON = 0x0affff01; // 10.255.255.1
const FIRST_CLIENT = 0x0a010001; // 10.1.0.1
const HOST_FIRST_CLIENT = 0x7f010001; // 127.1.0.1
const BGP_PORT = 179;
let made = 0;

/** Whether namespaces can be made here: root, and a kernel or container that allows it. */
export async function namespacesAllowed(): Promise<boolean> {
  if (process.getuid?.() !== 0) return false;
  try {
    await (await makePlace(true)).remove();
    return true;
  } catch {
    return false; // no `ip`, or a container without the right to it
  }
}

/** A namespace with 10.0.0.0/8 and fd00::/8 on its loopback, or (not `root`) a free port of the host's loopback. */
export async function makePlace(root: boolean): Promise<MadePlace> {
  if (!root) return { place: await hostPlace(), remove: () => Promise.resolve() };
  await sweepDeadRuns();
  made += 1;
  const namespace = `${NAME}${process.pid}-${made}`;
  await ip("netns", "add", namespace);
  try {
    await furnish(namespace);
  } catch (error) {
    await removeNamespace(namespace);
    throw error;
  }
  const place = { namespace, daemonAddress: dotted(DAEMON), port: BGP_PORT, firstClient: FIRST_CLIENT,
    clientRange: "10.0.0.0/8", ipv6Transport: true };
  return { place, remove: () => removeNamespace(namespace) };
}

async function furnish(namespace: string): Promise<void> {
  // A whole network on the loopback interface is local: any of its addresses may be bound. IPv6 asks for more.
  await ip("-n", namespace, "link", "set", "lo", "up");
  await ip("-n", namespace, "address", "add", `${dotted(DAEMON)}/8`, "dev", "lo");
  await ip("-n", namespace, "-6", "address", "add", `${ipv6(DAEMON)}/128`, "dev", "lo");
  await ip("-n", namespace, "-6", "route", "add", "local", "fd00::/8", "dev", "lo");
  await ip("netns", "exec", namespace, "sysctl", "-qw", "net.ipv6.ip_nonlocal_bind=1");
}

/** The words before a command that put it into the place. */
export function enter(place: Place): string[] {
  return place.namespace === undefined ? [] : ["ip", "netns", "exec", place.namespace];
}

/** Where the daemon listens for sessions that carry `family`. */
export function daemonAddress(place: Place, family: Family): string {
  return overIpv6(place, family) ? ipv6(DAEMON) : place.daemonAddress;
}

/** Source address of client `index` for sessions that carry `family`. */
export function clientAddress(place: Place, family: Family, index: number): string {
  const address = place.firstClient + index;
  return overIpv6(place, family) ? ipv6(address) : dotted(address);
}

/** All client addresses for sessions that carry `family`, as a prefix. */
export function clientRange(place: Place, family: Family): string {
  return overIpv6(place, family) ? "fd00::/8" : place.clientRange;
}

function overIpv6(place: Place, family: Family): boolean { return family === "ipv6" && place.ipv6Transport; }

/** An IPv4 address from its number. */
function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** The IPv6 address that carries an IPv4 address in its low 32 bits, as Linux writes it. */
export function ipv6(address: number): string {
  return `fd00::${(address >>> 16).toString(16)}:${(address & 0xffff).toString(16)}`;
}

async function hostPlace(): Promise<Place> {
  return { namespace: undefined, daemonAddress: "127.0.0.1", port: await freePort(), firstClient: HOST_FIRST_CLIENT,
    clientRange: "127.1.0.0/16", ipv6Transport: false };
}

/** A port of 127.0.0.1 that nobody has right now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const execute = promisify(execFile);
async function ip(...words: string[]): Promise<string> { return (await execute("ip", words)).stdout; }

async function removeNamespace(name: string): Promise<void> {
  for (const pid of (await ip("netns", "pids", name)).split("\n").filter((line) => line !== "")) {
    try {
      process.kill(Number(pid), "SIGKILL");
    } catch (error) {
      // It ended since it was listed.
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }
  await ip("netns", "delete", name);
}

/** Removes the namespaces of runs that are no more: their names carry the process that made them. */
async function sweepDeadRuns(): Promise<void> {
  const names = (await ip("netns", "list")).split("\n").map((line) => line.split(" ")[0] ?? "");
  for (const name of names) {
    const owner = new RegExp(`^${NAME}(\\d+)-`).exec(name)?.[1];
    if (owner === undefined || isAlive(Number(owner))) continue;
    // Another benchmark may be sweeping, too: what it took first is gone, what is left is for the next one.
    await removeNamespace(name).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of somebody else lives, too.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
