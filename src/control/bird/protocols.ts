/** `show protocols`: a row per session, and with `all` what there is to say about it, in BIRD 1.6's layout. */

import type { PeerView, Refusal } from "../../daemon/api.ts";
import { protocolState } from "../node-status.ts";
import { sinceText } from "../since.ts";
import { printable } from "../terminal.ts";
import type { BirdContext } from "./context.ts";
import { findPeer, IDENTITY_FIELDS, isShown, protocolName, STATIC_PROTOCOL } from "./names.ts";
import type { PeerIdentity } from "./names.ts";
import { fits } from "./pattern.ts";
import { CODE, last, line } from "./reply.ts";
import type { Reply, ReplyLine } from "./reply.ts";
import { DETAIL_FIELDS, detailLines, staticDetailLines } from "./session-details.ts";
import type { PeerDetails } from "./session-details.ts";
import { CONDITION_FIELDS, infoText } from "./words.ts";
import type { PeerCondition } from "./words.ts";

/** Which protocols: one by name, those that a pattern fits, or (undefined) all. */
export type ProtocolChoice = { readonly name: string } | { readonly pattern: string } | undefined;

type PeerRow = PeerIdentity & PeerCondition & Pick<PeerView, "upOrDownSince">;
const ROW_FIELDS: readonly (keyof PeerRow)[] = [...IDENTITY_FIELDS, ...CONDITION_FIELDS, "upOrDownSince"];

const HEADING = "name     proto    table    state  since       info";

/** Best paths by the name of the neighbour; undefined where no more than the rows are asked for. */
type BestPaths = ReadonlyMap<string, number> | undefined;

/** The reply to `show protocols [all]`: with `all` after a walk through the table. */
export function protocolsReply(context: BirdContext, choice: ProtocolChoice, all: boolean): Reply | Promise<Reply> {
  if (!all) return reply(context, choice, undefined);
  return context.api.countBestPaths(context.family).then((best) => reply(context, choice, best));
}

function* reply(context: BirdContext, choice: ProtocolChoice, best: BestPaths): Reply {
  let shown = 0;
  for (const lines of protocols(context, choice, best)) {
    if (shown++ === 0) yield line(CODE.protocolHeading, HEADING);
    yield* lines;
  }
  if (shown > 0) yield last(CODE.done);
  else if (choice !== undefined && "name" in choice) {
    yield last(CODE.noSuchProtocol, `${printable(choice.name, 100)} is not a protocol`);
  } else yield last(CODE.noProtocolMatches, "No protocols match");
}

/** The lines of each protocol that is meant. */
function* protocols(context: BirdContext, choice: ProtocolChoice, best: BestPaths): Generator<ReplyLine[]> {
  const { family } = context;
  if (isMeant(STATIC_PROTOCOL, choice)) yield [staticLine(context), ...(best ? staticDetailLines() : [])];
  for (const peer of peersMeant(context, choice, best ? [...ROW_FIELDS, ...DETAIL_FIELDS] : ROW_FIELDS)) {
    yield [peerLine(peer, context),
      ...(best ? detailLines(peer as PeerRow & PeerDetails, family, best.get(peer.name) ?? 0) : [])];
  }
}

/** One that is named is looked up by itself: thousands in full take long. */
function* peersMeant(
  context: BirdContext, choice: ProtocolChoice, fields: readonly string[],
): Generator<PeerRow> {
  if (choice !== undefined && "name" in choice) {
    const named = findPeer(context.api, choice.name);
    const view: PeerView | Refusal | undefined = named && context.api.peer(named.name);
    if (view !== undefined && !("refused" in view) && isShown(view, context)) yield view;
    return;
  }
  for (const part of context.api.partsOfPeers(fields)) {
    const peer = part as PeerRow;
    if (isShown(peer, context) && isMeant(protocolName(peer), choice)) yield peer;
  }
}

function isMeant(name: string, choice: ProtocolChoice): boolean {
  if (choice === undefined) return true;
  return "name" in choice ? choice.name === name : fits(name, choice.pattern);
}

function peerLine(peer: PeerRow, context: BirdContext): ReplyLine {
  const since = sinceText(peer.upOrDownSince, context.wallMilliseconds());
  return protocolLine(protocolName(peer), "BGP", protocolState(peer), since, infoText(peer));
}

function staticLine(context: BirdContext): ReplyLine {
  const since = sinceText(context.api.status().startedAt, context.wallMilliseconds());
  return protocolLine(STATIC_PROTOCOL, "Static", "up", since, "");
}

function protocolLine(name: string, kind: string, state: string, since: string, info: string): ReplyLine {
  const who = `${name.padEnd(8)} ${kind.padEnd(8)} master  `;
  return line(CODE.protocol, `${who} ${state.padEnd(5)}  ${since.padEnd(10)}  ${info}`);
}
