/** From the file's neighbours to PeerIntents: the speaker's values fill the gaps, then no two may be the same. */

import { formatAddress } from "../base/address.ts";
import { formatPrefix } from "../base/prefix.ts";
import { quoted } from "./fault.ts";
import { BGP_PORT } from "./intent.ts";
import type { PeerIntent, PeerWhere, PrefixLimit, SpeakerIntent } from "./intent.ts";
import { fault, memberOf } from "./kind.ts";
import type { At, Located } from "./kind.ts";
import { RANGE_LIMIT } from "./neighbor.ts";
import type { NeighborFile } from "./neighbor.ts";
import { resolvePolicy } from "./policy.ts";

/** What a neighbour takes from the speaker; undefined where the file is wrong about it. */
export type SpeakerDefaults = { readonly [K in "asNumber" | "clusterId"]: SpeakerIntent[K] | undefined };

/** The intents of all neighbours that are right by themselves; what contradicts the speaker or another is noted. */
export function toPeerIntents(files: readonly Located<NeighborFile>[], speaker: SpeakerDefaults): PeerIntent[] {
  const peers: PeerIntent[] = [];
  const names = new Map<string, At>();
  const places = new Map<string, At>();
  for (const neighbor of files) {
    const { value: file, at } = neighbor;
    const where = whereOf(file);
    if (where === undefined) continue;
    const name = file.name ?? defaultName(where);
    const samePlace = noteTwice(places, placeOf(where), at, where.kind, "once is enough; one neighbour has one entry");
    if (!samePlace) noteTwice(names, name, at, "name", "names are unique: choose another");
    if (speaker.asNumber !== undefined) checkSession(neighbor, speaker.asNumber);
    peers.push(toPeerIntent(file, name, where, speaker));
  }
  return peers;
}

/** A rule that depends on whether the session is iBGP. */
interface SessionRule {
  /** The keys it looks at; the fault points at the first. */
  readonly keys: readonly [keyof NeighborFile & string, ...(keyof NeighborFile & string)[]];
  readonly on: "iBGP" | "eBGP";
  readonly broken: (file: NeighborFile) => boolean;
  readonly what: string;
  readonly todo: string;
}

const SESSION_RULES: readonly SessionRule[] = [
  {
    keys: ["role"], on: "iBGP", broken: (n) => n.role !== undefined,
    what: "a BGP role on an iBGP session (RFC 9234 §4)", todo: "remove it, or correct asNumber",
  },
  {
    keys: ["enforceFirstAs"], on: "iBGP", broken: (n) => n.enforceFirstAs === true,
    what: "enforceFirstAs on an iBGP session would reject every route", todo: "remove it, or correct asNumber",
  },
  {
    keys: ["routeReflectorClient"], on: "eBGP", broken: (n) => n.routeReflectorClient,
    what: "a route reflector client on an eBGP session (RFC 4456)", todo: "remove it, or correct asNumber",
  },
  {
    keys: ["clusterId"], on: "eBGP", broken: (n) => n.clusterId !== undefined,
    what: "a cluster id on an eBGP session (RFC 4456)", todo: "remove it, or correct asNumber",
  },
  {
    keys: ["advertiseToNonLlgrNeighbor"], on: "eBGP", broken: (n) => n.advertiseToNonLlgrNeighbor,
    what: "advertiseToNonLlgrNeighbor on an eBGP session (RFC 9494 §4.6)", todo: "remove it, or correct asNumber",
  },
  {
    keys: ["addPathSendMax", "addPath"], on: "eBGP",
    broken: (n) => (n.addPathSendMax ?? Infinity) < Infinity && n.addPath === undefined,
    what: "addPathSendMax has no effect: addPath is off on eBGP unless asked for", todo: 'add "addPath": "both"',
  },
];

function checkSession({ value: file, at, wrong }: Located<NeighborFile>, ownAs: number): void {
  const local = file.localAsNumber ?? ownAs;
  const remote = file.asNumber ?? ownAs;
  const on = local === remote ? "iBGP" : "eBGP";
  for (const rule of SESSION_RULES) {
    const isJudged = !["asNumber", "localAsNumber", ...rule.keys].some((key) => wrong.has(key));
    if (rule.on !== on || !isJudged || !rule.broken(file)) continue;
    fault(memberOf(at, rule.keys[0]), `${rule.what}: our AS ${local}, theirs ${remote}`, rule.todo);
  }
}

function toPeerIntent(file: NeighborFile, name: string, where: PeerWhere, speaker: SpeakerDefaults): PeerIntent {
  const { address: _address, range: _range, limit: _limit, port: _port, ...same } = file;
  const ownAs = speaker.asNumber ?? 0;
  const asNumber = file.asNumber ?? ownAs;
  const localAsNumber = file.localAsNumber ?? ownAs;
  const isIbgp = asNumber === localAsNumber;
  return {
    ...same, name, where, asNumber, localAsNumber,
    passwordSecret: undefined, password: undefined,
    passive: file.passive ?? where.kind === "range",
    enforceFirstAs: file.enforceFirstAs ?? !isIbgp,
    rejectAsSets: file.rejectAsSets ?? !isIbgp,
    clusterId: file.clusterId ?? speaker.clusterId ?? 0,
    addPath: file.addPath ?? (isIbgp ? "both" : "off"),
    addPathSendMax: file.addPathSendMax ?? Infinity,
    prefixLimit: limitsOf(file),
    import: resolvePolicy(file.import, isIbgp),
    export: resolvePolicy(file.export, isIbgp),
  };
}

function limitsOf(file: NeighborFile): PeerIntent["prefixLimit"] {
  const limits = Object.entries<PrefixLimit | undefined>(file.prefixLimit ?? {});
  return Object.fromEntries(limits.filter(([, limit]) => limit !== undefined)) as PeerIntent["prefixLimit"];
}

function whereOf(file: NeighborFile): PeerWhere | undefined {
  if (file.address !== undefined) return { kind: "address", address: file.address, port: file.port ?? BGP_PORT };
  return file.range && { kind: "range", range: file.range, limit: file.limit ?? RANGE_LIMIT };
}

/** The name of a neighbour that has none: its address, its port where it is not 179; its range. */
export function defaultName(where: PeerWhere): string {
  if (where.kind === "range") return formatPrefix(where.range);
  return where.port === BGP_PORT ? where.address : `${where.address}_port_${where.port}`;
}

function placeOf(where: PeerWhere): string {
  if (where.kind === "address") return `${where.address} port ${where.port}`;
  return `${formatAddress(where.range.address)}/${where.range.length}`;
}

/** Notes that `key` was there before; the first one counts. Whether it was. */
function noteTwice(seen: Map<string, At>, key: string, at: At, member: string, todo: string): boolean {
  const first = seen.get(key);
  if (first === undefined) seen.set(key, at);
  else fault(memberOf(at, member), `${quoted(key)} is already ${first.path}`, todo);
  return first !== undefined;
}
