/**
 * What `show protocols all` says below a protocol's row. What BIRD counts and we do not is left out, and a timer's rest
 * is a dash: nothing is made up.
 */

import type { PeerView } from "../../daemon/api.ts";
import type { Family } from "../../messages/families.ts";
import { printable } from "../terminal.ts";
import { IDENTITY_FIELDS, protocolName } from "./names.ts";
import type { PeerIdentity } from "./names.ts";
import { CODE, line } from "./reply.ts";
import type { ReplyLine } from "./reply.ts";
import { CONDITION_FIELDS, problemText, stateText } from "./words.ts";
import type { PeerCondition } from "./words.ts";

/** What the lines are made of. */
export type PeerDetails = PeerIdentity & PeerCondition & Pick<PeerView, "asNumber" | "localAsNumber" | "routerId" |
  "localAddress" | "description" | "routeReflectorClient" | "holdTimeSeconds" | "keepaliveTimeSeconds" |
  "capabilities" | "prefixes" | "policy">;
/** The fields of it. */
export const DETAIL_FIELDS: readonly (keyof PeerDetails)[] = [
  ...IDENTITY_FIELDS, ...CONDITION_FIELDS, "asNumber", "localAsNumber", "routerId", "localAddress", "description",
  "routeReflectorClient", "holdTimeSeconds", "keepaliveTimeSeconds", "capabilities", "prefixes", "policy",
];

/** BIRD's preferences of routes by BGP and of static ones (calico.md 4.1). */
export const PREFERENCE = { bgp: 100, static: 200 } as const;

type Fact = readonly [name: string, value: string];

/** A session's lines, with how many of its paths are best; an empty one ends them. */
export function detailLines(peer: PeerDetails, family: Family, preferred: number): ReplyLine[] {
  const problem = problemText(peer);
  return [
    ...facts(["Description", aboutText(peer)], ["Preference", String(PREFERENCE.bgp)],
      ["Input filter", filterName(peer.policy.import)], ["Output filter", filterName(peer.policy.export)],
      ["Routes", peer.enabled ? routesText(peer, family, preferred) : ""]),
    detail(`  BGP state:          ${stateText(peer)}`),
    ...sessionFacts(["Neighbor address", peer.address], ["Neighbor AS", String(peer.asNumber)]),
    ...(peer.state === "Established" ? establishedLines(peer, family) : []),
    ...sessionFacts(["Last error", problem]),
    detail(""),
  ];
}

/** The lines of the protocol of our own routes. */
export function staticDetailLines(): ReplyLine[] {
  return [
    ...facts(["Preference", String(PREFERENCE.static)], ["Input filter", "ACCEPT"], ["Output filter", "REJECT"]),
    detail(""),
  ];
}

function detail(text: string): ReplyLine {
  return line(CODE.protocolDetail, text);
}

/** Below the row: what is said of any protocol. */
function facts(...list: readonly Fact[]): ReplyLine[] {
  return aligned("  ", 15, list);
}

/** Below the state: what is said of a BGP session. */
function sessionFacts(...list: readonly Fact[]): ReplyLine[] {
  return aligned("    ", 17, list);
}

/** What has no value has no line. */
function aligned(indent: string, columns: number, list: readonly Fact[]): ReplyLine[] {
  return list.filter(([, value]) => value !== "")
    .map(([name, value]) => detail(`${indent}${`${name}:`.padEnd(columns)} ${value}`));
}

/** The neighbour's own name, where its protocol has another and it has no description. */
function aboutText(peer: PeerDetails): string {
  if (peer.description !== "") return printable(peer.description, 255);
  return protocolName(peer) === peer.name ? "" : printable(peer.name, 255);
}

/** BIRD's words for a filter without a name, and for one that lets nothing pass. */
function filterName(policy: string): string {
  return policy.startsWith("no policy") ? "REJECT" : "(unnamed)";
}

function routesText({ prefixes }: PeerDetails, family: Family, preferred: number): string {
  const { received, accepted, advertised } = prefixes[family] ?? { received: 0, accepted: 0, advertised: 0 };
  return `${accepted} imported, ${received - accepted} filtered, ${advertised} exported, ${preferred} preferred`;
}

function establishedLines(peer: PeerDetails, family: Family): ReplyLine[] {
  return sessionFacts(
    ["Neighbor ID", peer.routerId ?? ""],
    ["Neighbor caps", capabilityWords(peer.capabilities.remote, family).join(" ")],
    ["Session", sessionWords(peer, family).join(" ")],
    ["Source address", peer.localAddress ?? ""],
    ["Hold timer", `-/${peer.holdTimeSeconds}`],
    ["Keepalive timer", `-/${peer.keepaliveTimeSeconds}`],
  );
}

/** The parts of a capability's JSON that have a word here. */
interface Capability {
  readonly name: string;
  readonly families?: readonly { readonly family?: string; readonly receive?: boolean; readonly send?: boolean }[];
}

type Holds = (capability: Capability, family: Family) => boolean;
const CAPABILITY_WORDS: readonly (readonly [word: string, holds: Holds])[] = [
  ["refresh", ({ name }) => name === "routeRefresh"],
  ["enhanced-refresh", ({ name }) => name === "enhancedRouteRefresh"],
  ["restart-able", (of, family) => of.name === "gracefulRestart" && names(of, family)],
  ["restart-aware", (of, family) => of.name === "gracefulRestart" && !names(of, family)],
  ["llgr-able", (of, family) => of.name === "longLivedGracefulRestart" && names(of, family)],
  ["llgr-aware", (of, family) => of.name === "longLivedGracefulRestart" && !names(of, family)],
  ["AS4", ({ name }) => name === "fourOctetAs"],
  ["add-path-rx", (of, family) => of.name === "addPath" && names(of, family, "receive")],
  ["add-path-tx", (of, family) => of.name === "addPath" && names(of, family, "send")],
];

/** Whether a capability names the family, with this direction where one is asked for. */
function names({ families = [] }: Capability, family: Family, direction?: "receive" | "send"): boolean {
  return families.some((entry) => entry.family === family && (direction === undefined || entry[direction] === true));
}

function capabilityWords(capabilities: readonly unknown[], family: Family): string[] {
  return CAPABILITY_WORDS.filter(([, holds]) => (capabilities as readonly Capability[]).some((of) => holds(of, family)))
    .map(([word]) => word);
}

/** `multihop` as all of Calico's sessions are: nothing of ours asks that a peer be on the link. */
function sessionWords({ asNumber, localAsNumber, routeReflectorClient, capabilities }: PeerDetails, family: Family):
  string[] {
  const negotiated: Readonly<Record<string, unknown>> = capabilities.negotiated ?? {};
  const named = (key: string): boolean => (negotiated[key] as readonly Family[] | undefined)?.includes(family) === true;
  const words: readonly (readonly [word: string, holds: boolean])[] = [
    [asNumber === localAsNumber ? "internal" : "external", true], ["multihop", true],
    ["route-reflector", routeReflectorClient], ["AS4", negotiated["fourOctetAs"] === true],
    ["add-path-rx", named("addPathReceive")], ["add-path-tx", named("addPathSend")],
    ["ext-messages", negotiated["extendedMessagesSend"] === true],
  ];
  return words.filter(([, holds]) => holds).map(([word]) => word);
}
