/**
 * reflectd's kernel side in a process of its own: the plan and the processes that have the netlink sockets, handed over
 * in pieces as the daemon's owner does. A line of JSON in says what is wanted, a line out that it is done.
 */

import { createInterface } from "node:readline";
import { join } from "node:path";
import { parseIpv4 } from "../../src/base/address.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import { kernelProcesses } from "../../src/kernel/child/driver.ts";
import { childrenOf } from "../../src/kernel/child/process.ts";
import { isEmpty, plan } from "../../src/kernel/plan.ts";
import type { KernelChanges } from "../../src/kernel/port.ts";
import type { KernelRoute } from "../../src/kernel/route.ts";
import { REPOSITORY } from "../daemons/common.ts";
import { GATEWAYS, INTERFACE, prefixText } from "./routes.ts";

/** What it is told; exactly one key. */
export interface EngineRequest {
  /** So many routes by one of GATEWAYS; absent: none. */
  readonly want?: { readonly count: number; readonly gateway: 0 | 1 };
  /** Read the kernel and compare it with what is wanted. */
  readonly compare?: true;
}

/** What it answers. */
export interface EngineAnswer {
  readonly failures?: number;
  readonly same?: boolean;
}

/** The daemon's owner hands over as many at once, and two such calls ahead. */
const CHANGES_AT_ONCE = 2048;
const CALLS_AHEAD = 2;
const TABLE = 254;
const PROTOCOL = 186;

const kernel = kernelProcesses({
  start: childrenOf({
    executable: process.execPath, arguments: (role) => [join(REPOSITORY, "dist/main.js"), "kernel-child", role],
    soon: (run) => void setImmediate(run),
  }),
  now: () => performance.now(),
  later: (seconds, run) => {
    const timer = setTimeout(run, seconds * 1000);
    return () => clearTimeout(timer);
  },
  log: (role, why) => void process.stderr.write(`${role}: ${why}\n`),
});
kernel.follow(() => undefined);
let interfaceIndex = 0;
let wanted: readonly KernelRoute[] = [];

await new Promise<void>((resolve) => kernel.dump({
  link: ({ index, name }) => { if (name === INTERFACE.name) interfaceIndex = index; },
  address: () => undefined, route: () => undefined, end: () => resolve(),
}));
say({});
createInterface({ input: process.stdin })
  .on("line", (line) => void answer(JSON.parse(line) as EngineRequest).then(say))
  .on("close", () => process.exit(0));

function say(answered: EngineAnswer): void {
  process.stdout.write(`${JSON.stringify(answered)}\n`);
}

async function answer(request: EngineRequest): Promise<EngineAnswer> {
  if (request.compare === true) return { same: isEmpty(plan(wanted, await have())) };
  const before = wanted;
  wanted = routesOf(request.want ?? { count: 0, gateway: 0 });
  return { failures: await apply(plan(wanted, before)) };
}

function routesOf({ count, gateway }: NonNullable<EngineRequest["want"]>): readonly KernelRoute[] {
  const way = { gateway: octets(parseIpv4(GATEWAYS[gateway])!), interfaceIndex, onlink: false, weight: 1 };
  return Array.from({ length: count }, (_, index): KernelRoute => ({
    family: "ipv4-unicast", prefix: parsePrefix(prefixText(index))!, table: TABLE, protocol: PROTOCOL, metric: 0,
    type: "unicast", nextHops: [way], preferredSource: undefined,
  }));
}

function octets(address: number): Uint8Array {
  return Uint8Array.of(address >>> 24, (address >>> 16) & 255, (address >>> 8) & 255, address & 255);
}

/** In pieces, each in a turn of the event loop of its own. */
function apply(changes: KernelChanges): Promise<number> {
  const pieces = (["add", "replace", "remove"] as const).flatMap((change) => {
    const all = changes[change];
    const starts = Array.from({ length: Math.ceil(all.length / CHANGES_AT_ONCE) }, (_, at) => at * CHANGES_AT_ONCE);
    return starts.map((at): KernelChanges =>
      ({ add: [], replace: [], remove: [], [change]: all.slice(at, at + CHANGES_AT_ONCE) }));
  });
  return new Promise((resolve) => {
    let failed = 0;
    let open = 0;
    const goOn = (): void => {
      const piece = open < CALLS_AHEAD ? pieces.shift() : undefined;
      if (piece === undefined) return open === 0 ? resolve(failed) : undefined;
      open++;
      kernel.apply(piece, (failures) => {
        open--;
        failed += failures.length;
        setImmediate(goOn);
      });
      setImmediate(goOn);
    };
    goOn();
  });
}

function have(): Promise<readonly KernelRoute[]> {
  const found: KernelRoute[] = [];
  return new Promise((resolve, reject) => kernel.dump({
    link: () => undefined, address: () => undefined,
    route: (route) => { if (route.table === TABLE && route.protocol === PROTOCOL) found.push(route); },
    end: (fault) => { if (fault === undefined) resolve(found); else reject(new Error(fault)); },
  }));
}
