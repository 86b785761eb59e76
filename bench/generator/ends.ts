/** How a wait ends badly. Rule: the words say what was short, and of whom. */

import type { Client } from "./client.ts";

/** A receiver holds what it must not, or does not hold what it must although nothing more comes. */
export class WrongTable extends Error {}
/** A wait took too long. */
export class TimedOut extends Error {}
/** The daemon ended a session. */
export class SessionLost extends Error {}

/** Who was told something and then nothing for so long, and for half the time there was, will not be told more. */
const SILENCE_MILLISECONDS = 5_000;

/** What counts of a client here. */
export type Awaited = Pick<Client, "index" | "complete" | "updatedAt"> & {
  readonly receiver: Pick<Client["receiver"], "exact" | "short">;
};

/** What a receiver counts and must not. */
const STRANGE = [
  ["unknownPrefixes", "prefixes that nobody announced"],
  ["echoedPrefixes", "routes of its own"],
  ["alteredPrefixes", "routes with attributes or a next hop that nobody announced"],
  ["malformedMessages", "messages whose lengths contradict each other"],
  ["repeatedPrefixes", "prefixes more often than the sources said them"],
] as const;

/** What a client was told that no right table comes of; `once`: no prefix may have come twice either. */
export function strangeness(what: string, clients: readonly Client[], once: boolean): WrongTable | undefined {
  for (const [count, words] of STRANGE) {
    const told = clients.find(({ receiver }) => receiver[count] > 0 && (once || count !== "repeatedPrefixes"));
    if (told === undefined) continue;
    return new WrongTable(`${what}: client ${told.index} was told ${told.receiver[count]} ${words}`);
  }
  return undefined;
}

/** Time is up: what was too slow, or what is wrong and stays so. `from` and `now` are performance.now's. */
export function unfinished(what: string, awaited: readonly Awaited[], from: number, now: number):
  TimedOut | WrongTable {
  const heardAt = awaited.reduce((latest, { updatedAt }) => Math.max(latest, updatedAt), from);
  const isSilent = heardAt > from && now - heardAt > Math.max(SILENCE_MILLISECONDS, (now - from) / 2);
  const reason = `${what}: ${shortage(awaited)}`;
  if (!isSilent) return new TimedOut(reason);
  return new WrongTable(`${reason}; nothing has come for ${Math.round((now - heardAt) / 1000)} s`);
}

function shortage(awaited: readonly Awaited[]): string {
  const short = awaited.filter(({ complete }) => !complete);
  const first = short.find(({ receiver }) => receiver.exact) ?? short[0];
  return `${short.length} of ${awaited.length} clients are short; of client ${first?.index} ${first?.receiver.short}`;
}

/** A session that nobody closed is gone. */
export function lostError({ index, reason }: Client): SessionLost {
  return new SessionLost(`the daemon ended the session of client ${index} (${reason || "no reason given"})`);
}
