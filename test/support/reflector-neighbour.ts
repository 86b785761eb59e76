/**
 * Neighbours of the simulated reflector: their configuration, their session while it is up, and both as the real
 * modules have them.
 */

import { parseAddress } from "../../src/base/address.ts";
import { EMPTY } from "../../src/base/bytes.ts";
import { parsePrefix } from "../../src/base/prefix.ts";
import type { FilterRule, Policy } from "../../src/config/intent.ts";
import { FAMILIES } from "../../src/messages/families.ts";
import type { FamilyRow } from "../../src/messages/families.ts";
import { CompiledPolicy } from "../../src/reflector/filters.ts";
import type { IngressSession } from "../../src/reflector/ingress.ts";
import type { ReflectorLimits } from "../../src/reflector/limits.ts";
import type { GroupMember } from "../../src/reflector/member.ts";
import { ExportTarget } from "../../src/reflector/target.ts";
import type { PeerId } from "../../src/rib/ids.ts";
import type { PeerFacts } from "../../src/rib/peer-table.ts";
import { attribute, join } from "./attributes.ts";
import type { NaiveAttributes, NaivePeer, NaivePolicy } from "./naive-exporter.ts";
import type { Receiver } from "./reflector-receiver.ts";

/** Our BGP Identifier, cluster ids, AS and addresses. */
export const OURS = {
  routerId: 99, clusterIds: [0xf4000001, 0xf4000002], asn: 64512, ipv4: "10.0.0.254", ipv6: "2001:db8::fe",
} as const;

/** Bounds so small that every one of them is reached. */
export const TINY_LIMITS: ReflectorLimits = {
  lagOctetsMax: 150, ringOctetsMax: 150, ringOctetsKept: 100, epochOctetsMax: 100,
  prefixesPerSlice: 3, prefixesPerWake: 4,
  octetsPerWake: 120, prefixesOfStream: 3, membersOfCrowd: 64, octetsPerSlice: 60, octetsPerPull: 1, octetsPerPrefix: 1,
  wakesPerLook: 1, reapedPerSlice: 4, deadRowsMax: Infinity,
  feedSlotsPerStep: 2, deltaSlotsPerStep: 2, routesPerStep: 2, stepsPerCall: 2, stepsPerLagCheck: 1,
};

/** What the far end of a session can. */
export interface Capabilities {
  readonly fourOctetAs: boolean;
  readonly addPathReceive: boolean;
  readonly addPathSend: boolean;
  readonly extendedMessages: boolean;
  readonly extendedNextHop: boolean;
  readonly enhancedRefresh: boolean;
  readonly families: readonly string[];
}

/** A session of a neighbour. */
export interface Session {
  readonly capabilities: Capabilities;
  readonly receiver: Receiver;
  readonly members: (GroupMember | undefined)[];
  /** Octets that were pulled and not yet delivered: views of shared buffers. */
  readonly wire: Uint8Array[];
  ingress: IngressSession;
  woken: boolean;
  /** By family: the member has all, so that every withdrawal must be of something told. */
  readonly strict: boolean[];
}

/** A neighbour: its configuration, and its session while it is up. */
export class Neighbour {
  readonly naive: NaivePeer;
  /** The number of paths that the configuration allows with ADD-PATH. */
  addPathSendMax: number = Infinity;
  id: PeerId = 0 as PeerId;
  session: Session | undefined = undefined;

  constructor(naive: NaivePeer) {
    this.naive = naive;
  }
}

/** Accepts everything. */
export const ACCEPT: NaivePolicy = { rules: [], default: "accept" };

/** The rows of the families that a session speaks. */
export function familiesOf(capabilities: Capabilities): FamilyRow[] {
  return FAMILIES.filter(({ name }) => capabilities.families.includes(name));
}

/** A naive peer as the decision has it. */
export function factsOf(naive: NaivePeer): PeerFacts {
  return {
    name: naive.name, ebgp: naive.kind === "ebgp", own: false, client: naive.kind === "client",
      clusterId: naive.clusterId,
    routerId: naive.routerId, address: parseAddress(naive.address)!, remotePort: 179, localAs: naive.localAs,
      asNumber: naive.asn,
  };
}

/** A naive policy as the configuration has it. */
export function policyOf(naive: NaivePolicy): Policy {
  const rules = naive.rules.map((rule): FilterRule => ({
    action: rule.action,
    ...(rule.prefix === undefined ? {} : { cidr: parsePrefix(rule.prefix)!, matchOperator: "Equal" as const }),
    ...(rule.community === undefined ? {} : { community: [rule.community] }),
    ...(rule.action === "reject" ? {} : {
      operations: [
        ...(rule.addCommunity === undefined ? [] : [{ do: "addCommunity" as const,
          community: [rule.addCommunity >>> 16, rule.addCommunity & 0xffff] }]),
        ...(rule.prepend === undefined ? [] : [{ do: "prependAsPath" as const, asns: rule.prepend }]),
        ...(rule.priority === undefined ? [] : [{ do: "setPriority" as const, priority: rule.priority }]),
      ],
    }),
  }));
  return { rules, default: naive.default, missing: false };
}

/** The attributes as octets, without the next hop. */
export function blockOf(a: NaiveAttributes): Uint8Array {
  const words = (...values: number[]): Uint8Array => Uint8Array.from(values.flatMap((value) => (
    [24, 16, 8, 0].map((shift) => (value >>> shift) & 255)
  )));
  const parts = [attribute(0x40, 1, Uint8Array.of(a.origin))];
  const path = a.asPath.length === 0 ? EMPTY : Uint8Array.from([2, a.asPath.length, ...words(...a.asPath)]);
  parts.push(attribute(0x40, 2, path));
  if (a.med !== undefined) parts.push(attribute(0x80, 4, words(a.med)));
  if (a.localPref !== undefined) parts.push(attribute(0x40, 5, words(a.localPref)));
  if (a.communities !== undefined) parts.push(attribute(0xc0, 8, words(...a.communities)));
  if (a.originatorId !== undefined) parts.push(attribute(0x80, 9, words(a.originatorId)));
  if (a.clusterList !== undefined) parts.push(attribute(0x80, 10, words(...a.clusterList)));
  if (a.aigp !== undefined) parts.push(attribute(0x80, 26, Uint8Array.from([1, 0, 11, ...words(0, a.aigp)])));
  if (a.otc !== undefined) parts.push(attribute(0xc0, 35, words(a.otc)));
  if (a.unknown !== undefined) {
    const octets = Uint8Array.from(a.unknown.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    parts.push(attribute(octets.length > 255 ? 0xf0 : 0xe0, 99, octets));
  }
  return join(...parts);
}

/** Where the member of a neighbour belongs by its configuration and session. */
export function targetOf({ naive, session }: Neighbour, family: FamilyRow): ExportTarget {
  return new ExportTarget({
    family, kind: naive.kind, localAsNumber: naive.localAs, clusterId: naive.kind === "client" ? naive.clusterId : 0,
    nextHop: naive.nextHop, selfAddress: parseAddress(naive.self[family.name]!) ?? EMPTY, role: naive.role,
    policy: new CompiledPolicy(policyOf(naive.exports), naive.kind !== "ebgp"), addPathMax: naive.addPathMax,
    fourOctetAs: session!.capabilities.fourOctetAs, messageOctetsMax: naive.messageOctetsMax,
    extendedNextHop: naive.extendedNextHop && family.addressOctets === 4,
  });
}

/** The rules that a neighbour's routes are judged by. */
export function ingressOf({ id, naive }: Neighbour, capabilities: Capabilities): IngressSession {
  const ebgp = naive.kind === "ebgp";
  const families = familiesOf(capabilities).map(({ name }) => name);
  const addPath = capabilities.addPathSend ? families : [];
  const extendedNextHop = capabilities.extendedNextHop ? (["ipv4-unicast"] as const) : [];
  return {
    peer: id,
    context: { ebgp, fourOctetAs: capabilities.fourOctetAs, addPath, extendedNextHop, loopback: false, families },
    contextKey: (ebgp ? 1 : 0) | (capabilities.fourOctetAs ? 2 : 0) | (capabilities.extendedNextHop ? 8 : 0),
    rules: {
      ebgp, client: naive.kind === "client", asNumber: naive.asn, localAsNumber: naive.localAs,
        routerId: OURS.routerId,
      clusterIds: OURS.clusterIds, role: naive.role, enforceFirstAs: true, rejectAsSets: true, allowOwnAs: 0,
      isOurs: (bytes, at, end) => (
        [OURS.ipv4, OURS.ipv6].some((own) => String(parseAddress(own)) === String(bytes.subarray(at, end)))
      ),
    },
    policy: new CompiledPolicy(policyOf(naive.imports), !ebgp),
    negotiated: FAMILIES.map(({ name }) => families.includes(name)),
      addPath: FAMILIES.map(({ name }) => addPath.includes(name)),
    limits: [],
  };
}
