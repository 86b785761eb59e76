/**
 * What changes from one Intent to the next, and what each change costs a session. Rule: every field has a price in a
 * table typed by the Intent, so a new field does not compile before somebody has thought about it; a session is reset
 * only where its OPEN, its connection or its existence is concerned.
 */

import type { Intent, PeerIntent, PeerWhere, SpeakerIntent } from "./intent.ts";
import type { Settings } from "./settings.ts";
import { sameValue } from "../base/same.ts";

/**
 * What a change costs, least first; each price includes those before it.
 * nothing: the new value is used from now on, the session is not touched.
 * re-evaluate: what the peer sent is judged again from Adj-RIB-In (no question to the peer), differences go out.
 * refresh: the peer may belong to other update groups and is told what it gains and loses there; the session stays.
 * reset: the session ends and starts again.
 */
export const PRICES = ["nothing", "re-evaluate", "refresh", "reset"] as const;
/** One of PRICES. */
export type Price = (typeof PRICES)[number];

/** One neighbour that stays and changes. */
export interface PeerChange {
  readonly name: string;
  readonly have: PeerIntent;
  readonly want: PeerIntent;
  /** The highest of its fields. */
  readonly price: Price;
  readonly fields: readonly (keyof PeerIntent)[];
}

/** What changes at the speaker. */
export interface SpeakerChange {
  /** What it costs every session. */
  readonly price: Price;
  readonly fields: readonly (keyof SpeakerIntent)[];
}

/** Everything that differs between two intents. */
export interface IntentDiff {
  readonly speaker: SpeakerChange;
  readonly added: readonly PeerIntent[];
  readonly removed: readonly PeerIntent[];
  readonly changed: readonly PeerChange[];
  /** Whether the routes of our own differ. */
  readonly originated: boolean;
  /** Whether the listeners differ. */
  readonly listen: boolean;
  /** Whether the set of our cluster ids differs: it decides which routes of all peers are loops (RFC 4456 §8). */
  readonly clusterIds: boolean;
}

/** What a change of each field of a neighbour costs its session. */
export const PEER_PRICES: Readonly<Record<keyof PeerIntent, Price>> = {
  name: "reset", // names are what neighbours are matched by: another name is another neighbour
  where: "reset",
  description: "nothing",
  enabled: "reset",
  type: "nothing",
  asNumber: "reset",
  localAsNumber: "reset",
  localAddress: "reset",
  passive: "nothing", // how the next connection comes about; the one that is there stays
  role: "reset", // in OPEN
  roleStrict: "reset", // judged with the peer's OPEN
  enforceFirstAs: "re-evaluate",
  rejectAsSets: "re-evaluate",
  routeReflectorClient: "refresh",
  clusterId: "refresh",
  families: "reset", // in OPEN
  addPath: "reset", // in OPEN
  addPathSendMax: "refresh",
  holdTimeSeconds: "reset", // in OPEN
  keepaliveTimeSeconds: "nothing", // not in OPEN: counts from the next time the timer is set
  connectRetrySeconds: "nothing", // counts from the next attempt
  idleHoldSeconds: "nothing", // counts from the next error
  nextHop: "refresh",
  prefixLimit: "re-evaluate",
  allowOwnAs: "re-evaluate",
  import: "re-evaluate",
  export: "refresh", // the export rules are part of what makes an update group
  passwordFile: "reset", // of the connection
  passwordSecret: "reset", // of the connection
  password: "reset", // of the connection
  ttlSecurityHops: "reset", // of the connection
  gracefulRestart: "reset", // in OPEN
  advertiseToNonLlgrNeighbor: "refresh",
};

/** What a change of each field of the speaker costs every session, beside what it changes in the neighbours. */
export const SPEAKER_PRICES: Readonly<Record<keyof SpeakerIntent, Price>> = {
  routerId: "reset", // in every OPEN
  asNumber: "nothing", // reaches a session as its localAsNumber and asNumber, which have their own price
  clusterId: "re-evaluate", // routes that carry it are loops; what is sent follows each neighbour's clusterId
  listen: "nothing", // listeners open and close; accepted connections stay
  onStop: "nothing",
};

/** How to get from `have` to `want`. */
export function diffIntent(have: Intent, want: Intent): IntentDiff {
  const peers = differingParts(have.peers, want.peers);
  const before = new Map(peers.have.map((peer) => [peer.name, peer]));
  const after = new Set(peers.want.map(({ name }) => name));
  const speakerFields = differing(SPEAKER_PRICES, have.speaker, want.speaker);
  return {
    speaker: { fields: speakerFields, price: highest(speakerFields.map((field) => SPEAKER_PRICES[field])) },
    added: peers.want.filter(({ name }) => !before.has(name)),
    removed: peers.have.filter(({ name }) => !after.has(name)),
    changed: peers.want.flatMap((peer) => changeOf(before.get(peer.name), peer)),
    originated: !sameValue(have.originated, want.originated),
    listen: !sameValue(have.speaker.listen, want.speaker.listen),
    clusterIds: !sameValue(clusterIdsOf(have), clusterIdsOf(want)),
  };
}

/** Two lists without what they begin and end with alike: a change among thousands of neighbours concerns few. */
function differingParts<T>(have: readonly T[], want: readonly T[]): { have: readonly T[]; want: readonly T[] } {
  const shorter = Math.min(have.length, want.length);
  let start = 0;
  while (start < shorter && have[start] === want[start]) start += 1;
  let end = 0;
  while (end < shorter - start && have.at(-1 - end) === want.at(-1 - end)) end += 1;
  return { have: have.slice(start, have.length - end), want: want.slice(start, want.length - end) };
}

/** The highest of some prices; "nothing" where there is none. */
export function highest(prices: readonly Price[]): Price {
  return prices.reduce((a, b) => (PRICES.indexOf(b) > PRICES.indexOf(a) ? b : a), "nothing");
}

function changeOf(have: PeerIntent | undefined, want: PeerIntent): PeerChange[] {
  if (have === undefined || have === want) return [];
  const fields = differing(PEER_PRICES, have, want);
  if (fields.length === 0) return [];
  const prices = fields.map((field) => (field === "where" ? priceOfWhere(have.where, want.where) : PEER_PRICES[field]));
  return [{ name: want.name, have, want, price: highest(prices), fields }];
}

/** The limit of a range is about sessions to come; those that are there stay. */
function priceOfWhere(have: PeerWhere, want: PeerWhere): Price {
  const isSameRange = have.kind === "range" && want.kind === "range" && sameValue(have.range, want.range);
  return isSameRange ? "nothing" : PEER_PRICES.where;
}

function clusterIdsOf(intent: Intent): ReadonlySet<number> {
  const found = new Set([intent.speaker.clusterId]);
  for (const { clusterId } of intent.peers) found.add(clusterId);
  return found;
}

function differing<T extends object>(table: Readonly<Record<keyof T, Price>>, have: T, want: T): (keyof T)[] {
  return (Object.keys(table) as (keyof T)[]).filter((field) => !sameValue(have[field], want[field]));
}

/** The names of settings that are read at the start only, and that differ. */
export function differentSettings(have: Settings, want: Settings): string[] {
  const { onStop: _have, calico: _source, ...before } = have; // in the intent, too
  const { onStop: _want, calico: _follows, ...now } = want;
  return Object.keys(before).filter((key) =>
    !sameValue(before[key as keyof typeof before], now[key as keyof typeof now]));
}
