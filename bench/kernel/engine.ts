/**
 * reflectd's kernel side in a process of its own: the ledger and the processes that have the netlink sockets, a bounded
 * piece in each turn of the event loop as the daemon's owner does it. A line of JSON in says what is wanted, a line out
 * that it is done.
 */

import { createInterface } from "node:readline";
import { join } from "node:path";
import { parseAddress } from "../../src/base/address.ts";
import { Ledger, PACE } from "../../src/daemon/kernel/ledger.ts";
import { kernelProcesses } from "../../src/kernel/child/driver.ts";
import { childrenOf } from "../../src/kernel/child/process.ts";
import type { RouteForm } from "../../src/kernel/route.ts";
import { REPOSITORY } from "../daemons/common.ts";
import { addressOf, BLOCK_LENGTH, GATEWAYS, INTERFACE } from "./routes.ts";

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

const TABLE = 254;
const PROTOCOL = 186;
const FAMILY = "ipv4-unicast";
/** What the daemon decides in a turn: twice as much as before (daemon/work.ts) while that takes little time. */
const DECIDED_PER_TURN = { first: 1024, most: 4096 } as const;
const LITTLE_MILLISECONDS = 10;

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
/** Prefixes ever wanted, and how many of them are. */
let known = 0;
let wanted = 0;
const ledger = new Ledger();
ledger.dropStale();

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
  if (request.compare === true) return { same: await isAsWanted() };
  const { count, gateway } = request.want ?? { count: 0, gateway: 0 };
  const form: RouteForm = { table: TABLE, protocol: PROTOCOL, metric: 0, type: "unicast", preferredSource: undefined,
    nextHops: [{ gateway: parseAddress(GATEWAYS[gateway])!, interfaceIndex, onlink: false, weight: 1 }] };
  wanted = count;
  known = Math.max(known, count);
  return { failures: await settle((at) => void ledger.want(
    { family: FAMILY, w0: addressOf(at), w1: 0, w2: 0, w3: 0, length: BLOCK_LENGTH }, // as a table's columns have it
    at < count ? form : undefined, undefined)) };
}

/** Has all that is known decided, slice by slice, and meanwhile the ledger's steps taken; answers how many failed. */
function settle(decide: (at: number) => void): Promise<number> {
  return new Promise((resolve) => {
    let [failed, calls, at] = [0, 0, 0];
    let isScheduled = false;
    let decided: number = DECIDED_PER_TURN.first;
    const goOn = (): void => {
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(turn);
    };
    const turn = (): void => {
      isScheduled = false;
      const from = performance.now();
      for (const end = Math.min(at + decided, known); at < end; at++) decide(at);
      if (performance.now() - from < LITTLE_MILLISECONDS) decided = Math.min(decided * 2, DECIDED_PER_TURN.most);
      const isMade = ledger.makeRound(PACE.prefixesPerTurn);
      const changes = calls < PACE.callsAhead ? ledger.next(PACE.changesAtOnce) : undefined;
      if (changes !== undefined) {
        calls++;
        kernel.apply(changes, (failures) => {
          calls--;
          failed += failures.length;
          ledger.taken(changes, failures);
          goOn();
        });
      }
      if (at < known || !isMade || (calls < PACE.callsAhead && ledger.isBusy)) goOn();
      else if (calls === 0 && !ledger.isBusy) resolve(failed);
    };
    turn();
  });
}

function isAsWanted(): Promise<boolean> {
  ledger.beginReading();
  return new Promise((resolve, reject) => kernel.dump({
    link: () => undefined, address: () => undefined,
    route: (route) => { if (route.table === TABLE && route.protocol === PROTOCOL) ledger.found(route); },
    end: (fault) => {
      if (fault !== undefined) return reject(new Error(fault));
      ledger.endReading();
      resolve(!ledger.isBusy && ledger.counts.installed === wanted);
    },
  }));
}
