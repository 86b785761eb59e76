/** The arguments of `show route`, in BIRD's grammar; its filter language is not spoken here. */

import { parseAddress } from "../../base/address.ts";
import { clearHostBits, parsePrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { Family } from "../../messages/families.ts";
import { printable } from "../terminal.ts";
import type { Word } from "./command-words.ts";
import type { BirdContext } from "./context.ts";
import { findPeer, STATIC_PROTOCOL } from "./names.ts";
import type { PeerIdentity } from "./names.ts";

/** What is asked for. */
export interface RouteRequest {
  /** One network; with `isFor` the longest that covers it. Undefined: all. */
  readonly prefix: Prefix | undefined;
  readonly isFor: boolean;
  /** With attributes. */
  readonly all: boolean;
  /** The best route of each network only. */
  readonly primary: boolean;
  /** No routes, only how many. */
  readonly count: boolean;
  /** Only routes that came from it; "own": from us. */
  readonly source: PeerIdentity | "own" | undefined;
  /** What this peer is told instead of what the table holds. */
  readonly target: PeerIdentity | undefined;
}

/** One that is being read. */
type Draft = { -readonly [K in keyof RouteRequest]: RouteRequest[K] };

type Flag = "all" | "primary" | "count";
const FLAGS: readonly string[] = ["all", "primary", "count"] satisfies readonly Flag[];

/** BIRD's only table, and what BIRD 2 calls it. */
const TABLES: readonly string[] = ["master", "master4", "master6"];

/** Reads the argument of a key word into the request; what is wrong with it, or undefined. */
type Reader = (request: Draft, argument: string, context: BirdContext) => string | undefined;

const WITH_ARGUMENT: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["for", (request, text, context) => {
    request.isFor = true;
    return readPrefix(request, text, context);
  }],
  ["protocol", (request, text, { api }) => {
    if (request.source !== undefined) return "Protocol specified twice";
    request.source = text === STATIC_PROTOCOL ? "own" : findPeer(api, text);
    return request.source === undefined ? noProtocol(text) : undefined;
  }],
  ["export", (request, text, { api }) => {
    if (request.target !== undefined) return "Protocol specified twice";
    request.target = findPeer(api, text);
    return request.target === undefined ? noProtocol(text) : undefined;
  }],
  ["table", (_, text) => (TABLES.includes(text) ? undefined : `${printable(text, 100)} is not a table`)],
]);

const SYNTAX_ERROR = "syntax error";

/** The request, or what is wrong with it. */
export function readRouteRequest(words: readonly Word[], context: BirdContext): RouteRequest | string {
  const request: Draft = {
    prefix: undefined, isFor: false, all: false, primary: false, count: false, source: undefined, target: undefined,
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const reader = word.isQuoted ? undefined : WITH_ARGUMENT.get(word.text);
    const wrong = reader === undefined ? readWord(request, word, context)
      : readArgument(reader, request, words[++i], context);
    if (wrong !== undefined) return wrong;
  }
  return request;
}

function readArgument(reader: Reader, request: Draft, argument: Word | undefined, context: BirdContext):
  string | undefined {
  return argument === undefined ? SYNTAX_ERROR : reader(request, argument.text, context);
}

function readWord(request: Draft, { text, isQuoted }: Word, context: BirdContext): string | undefined {
  if (isQuoted) return SYNTAX_ERROR;
  if (FLAGS.includes(text)) {
    request[text as Flag] = true;
    return undefined;
  }
  return text.includes("/") ? readPrefix(request, text, context) : SYNTAX_ERROR;
}

/** A network of the socket's family without bits past its length; an address alone has its full length. */
function readPrefix(request: Draft, text: string, { family }: BirdContext): string | undefined {
  if (request.prefix !== undefined) return "Only one prefix expected";
  const prefix = parsePrefix(text);
  if (prefix === undefined || !isOf(family, prefix.address)) return whyNoPrefix(text, family);
  request.prefix = prefix;
  return undefined;
}

function isOf(family: Family, address: Uint8Array): boolean {
  return (address.length === 16) === (family === "ipv6-unicast");
}

/** What bird and bird6 say. */
function whyNoPrefix(text: string, family: Family): string {
  const [addressText = "", length = ""] = text.split("/");
  const address = parseAddress(addressText);
  if (address === undefined) return "IP address expected";
  if (isOf(family, address)) {
    return Number(length) > address.length * 8 ? `Invalid prefix length ${length}` : "Invalid prefix";
  }
  return family === "ipv6-unicast" ? SYNTAX_ERROR
    : "This is an IPv4 router, therefore IPv6 addresses are not supported";
}

function noProtocol(name: string): string {
  return `${printable(name, 100)} is not a protocol`;
}

/** The network of that length that covers another. */
export function shortened({ address }: Prefix, length: number): Prefix {
  const shorter = address.slice();
  clearHostBits(shorter, length);
  return { address: shorter, length };
}
