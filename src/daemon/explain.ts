/** `explain`: every candidate, the stage that decided, and per peer why it was or was not told. */

import { familyOfOctets } from "../messages/families.ts";
import type { FamilyRow } from "../messages/families.ts";
import type { PathIndex, PrefixId } from "../rib/ids.ts";
import { sentPathId } from "../rib/path-id.ts";
import type { ExplainPeer, ExplainView, Refusal } from "./api.ts";
import type { Peer } from "./peer.ts";
import { findPrefix, pathView } from "./route-view.ts";
import type { Speaker } from "./speaker.ts";
import { noPeer, typedPrefix } from "./typed.ts";

/** Explains a prefix, towards one peer or all. */
export function explain(speaker: Speaker, text: string, to: string | undefined): ExplainView | Refusal {
  const wanted = typedPrefix(text);
  if ("refused" in wanted) return wanted;
  const peers = to === undefined ? speaker.neighbours.all() : speaker.neighbours.select(to);
  if (peers.length === 0 && to !== undefined) return noPeer(to);
  const family = familyOfOctets(wanted.address.length);
  const rib = speaker.tables.ribs[family.index]!;
  const prefix = findPrefix(rib, wanted);
  if (prefix === 0) return { prefix: text, family: family.name, candidates: [], decidedBy: null, peers: [] };
  const verdicts = rib.explain(prefix);
  const last = verdicts[1]?.removedBy;
  return {
    prefix: rib.prefixes.format(prefix), family: family.name,
    candidates: [
      ...verdicts.map(({ candidate, removedBy }) => ({
        route: pathView(candidate.path, family, speaker, false),
        lostBy: removedBy === undefined ? null : { reason: removedBy.reason, source: removedBy.source },
      })),
      ...barred(prefix, family, speaker),
    ],
    decidedBy: verdicts.length === 0 ? null
      : last === undefined ? { reason: "only candidate", source: "RFC 4271 §9.1.2" }
        : { reason: last.reason, source: last.source },
    peers: peers.flatMap((peer) => explainPeer(prefix, family, speaker, peer)),
  };
}

/** Paths that are held but take no part in the decision. */
function barred(prefix: PrefixId, family: FamilyRow, speaker: Speaker): ExplainView["candidates"] {
  const rib = speaker.tables.ribs[family.index]!;
  const found: ExplainView["candidates"][number][] = [];
  for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
    if (!rib.isLive(path) || rib.isCandidate(path)) continue;
    const route = pathView(path, family, speaker, true);
    found.push({ route, lostBy: { reason: route.rejected ?? "not usable", source: "RFC 4271 §9.1.2" } });
  }
  return found;
}

/** One line per path that the peer could be told: all paths with ADD-PATH, else the best. */
function explainPeer(prefix: PrefixId, family: FamilyRow, speaker: Speaker, peer: Peer): ExplainPeer[] {
  const member = peer.member(family);
  if (member === undefined) return [{ peer: peer.name, sent: false, ...whyNoMember(peer) }];
  const rib = speaker.tables.ribs[family.index]!;
  if (!member.group.addPath) {
    const best = rib.best(prefix);
    if (best === 0) return [{ peer: peer.name, sent: false, reason: "no usable path", source: "RFC 4271 §9.1.2" }];
    return [{ peer: peer.name, ...explainPath(best, prefix, peer, family) }];
  }
  const lines: ExplainPeer[] = [];
  for (let path = rib.firstOfPrefix(prefix); path !== 0; path = rib.nextOfPrefix(path)) {
    if (!rib.isCandidate(path)) continue;
    const { reason, ...line } = explainPath(path, path, peer, family);
    lines.push({ peer: peer.name, reason: `path ${sentPathId(rib, speaker.tables.peers, path)}: ${reason}`, ...line });
  }
  return lines;
}

function whyNoMember(peer: Peer): Why {
  if (peer.facts !== undefined) return { reason: "the session does not carry this family", source: "RFC 4760 §8" };
  const state = peer.enabled ? peer.session.view().state : "disabled";
  return { reason: `the session is ${state}, not Established`, source: "RFC 4271 §9.2" };
}

function explainPath(path: PathIndex, slot: number, peer: Peer, family: FamilyRow): Omit<ExplainPeer, "peer"> {
  const member = peer.member(family)!;
  const { group } = member;
  const gate = group.whyNot(path);
  if (gate !== undefined) return { sent: false, reason: gate.reason, source: gate.source };
  const told = group.told(slot);
  if (told === 0) return { sent: false, ...(group.addPath ? BEYOND : NOT_YET) };
  if (group.exports.source(told).peer === member.peer) {
    return { sent: false, reason: "it came from this peer", source: "RFC 4271 §9.2" };
  }
  if (group.exports.excludes(told, member.peer, member.routerId)) {
    return { sent: false, reason: "this peer is its originator", source: "RFC 4456 §8" };
  }
  if (member.state !== "live") return { sent: false, reason: `waits: the peer is ${member.state}`, source: "" };
  return { sent: true, ...(group.addPath ? EVERY_PATH : BEST_PATH) };
}

type Why = Pick<ExplainPeer, "reason" | "source">;
const BEST_PATH: Why = { reason: "best path", source: "RFC 4271 §9.2" };
const EVERY_PATH: Why = { reason: "ADD-PATH: usable paths are told, not only the best", source: "RFC 7911 §2" };
const NOT_YET: Why = { reason: "not yet told", source: "RFC 4271 §9.2" };
const BEYOND: Why = { reason: "not yet told, or beyond addPathSendMax", source: "RFC 7911 §5" };
