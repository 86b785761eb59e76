/** No fault of a daemon goes unnoticed, whether it does it to all or to one client that only counts. */

import { Duplex } from "node:stream";
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { TimedOut, WrongTable } from "../../../bench/generator/ends.ts";
import { Fleet } from "../../../bench/generator/fleet.ts";
import { uniformLoad } from "../../../bench/generator/uniform.ts";
import { FAULTS, planted, reflection } from "./faults.ts";
import type { Fault } from "./faults.ts";
import { openFloor } from "./floor.ts";

const FIRST_CLIENT = 0x7f0b_0001; // 127.11.0.1
const CLUSTER = 0xc000_0201;
const SESSIONS = 8;
const ALL = Array.from({ length: SESSIONS }, (_, client) => client);
const EACH = 300;
/** What all waits together may take: most faults are found when it is over. Long enough for a busy machine. */
const WAIT_SECONDS = 2.5;
/** Only counts: 0, 4 and 7 keep tables. */
const COUNTING = 5;
/** Seen by who keeps a table only: the others neither read attributes nor all prefixes of a message. */
const ONLY_EXACT = /MED|next hop|LOCAL_PREF|communit|ORIGINATOR_ID|CLUSTER_LIST|instead of another/;

/** Announces, changes and withdraws through a daemon that does something wrong to `victims`. */
async function run(fault: Fault, victims: readonly number[]): Promise<void> {
  const load = uniformLoad({ family: "ipv4", addPath: false, sources: 4, each: EACH, perSet: 50 });
  const { place, close } = await openFloor(FIRST_CLIENT, load, (socket) => reflecting(socket, fault, victims));
  const fleet = new Fleet(place, load, { sessions: SESSIONS, exactReceivers: 3, timeoutSeconds: 15,
    reflectsAs: CLUSTER });
  try { // no hook: among tests that run at once it might close what is another's
    await fleet.join();
    fleet.endWithin(WAIT_SECONDS);
    await fleet.announce(1);
    await fleet.announce(2);
    await fleet.withdraw([1]);
    await fleet.converge("the end");
  } finally {
    fleet.close();
    await close();
  }
}

async function found(fault: Fault, victims: readonly number[]): Promise<void> {
  const error = await run(fault, victims).catch((reason: unknown) => reason);
  expect(error instanceof WrongTable || error instanceof TimedOut, String(error)).toBe(true);
  expect(String(error)).toMatch(/: (client|\d+ of \d+ clients are short)/);
}

/** A connection as the copier sees it: what it writes gets what a reflector adds, and the fault. */
function reflecting(socket: Socket, fault: Fault, victims: readonly number[]): Duplex {
  const client = Number(socket.remoteAddress!.split(".")[3]) - 1;
  const connection = { client, each: EACH, announcements: 0, withdrawals: 0, kept: undefined,
    later: (bytes: Buffer) => { setTimeout(() => socket.write(bytes), 5); } };
  const add = planted(reflection, { ...connection });
  const spoil = victims.includes(client) ? planted(fault, connection) : (bytes: Buffer) => bytes;
  const end = new Duplex({
    read: () => undefined, write: (bytes: Buffer, _, done) => { socket.write(spoil(add(bytes)), () => done()); },
    destroy: (_, done) => { socket.destroy(); done(null); },
  });
  socket.on("data", (bytes) => end.push(bytes));
  socket.on("error", () => undefined); // "close" follows
  socket.on("close", () => end.destroy());
  return end;
}

describe("a daemon that", () => {
  it("does nothing wrong is right", () => run((update) => [update], ALL));
  describe.concurrent("is told off when it", () => {
    it.each(Object.entries(FAULTS))("%s, to all", async (_, fault) => {
      await found(fault, ALL);
    });
    it.each(Object.entries(FAULTS).filter(([name]) => !ONLY_EXACT.test(name)))("%s, to one that counts",
      async (_, fault) => {
        await found(fault, [COUNTING]);
      });
  });
});
