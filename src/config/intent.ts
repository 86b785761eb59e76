/**
 * What the operator wants, whoever said it: the configuration file, Calico's resources or a test. Everything is
 * resolved here: defaults are filled in, names are unique, texts are parsed. Foreign shapes stop before this type.
 */

import type { Prefix } from "../base/prefix.ts";
import type { Family } from "../messages/families.ts";

/** All that the speaker is asked to be. */
export interface Intent {
  readonly speaker: SpeakerIntent;
  /** By unique name. */
  readonly peers: readonly PeerIntent[];
  readonly originated: readonly OriginatedRoute[];
}

/** The speaker itself. */
export interface SpeakerIntent {
  /** BGP Identifier (RFC 6286), unsigned 32 bits, never 0. */
  readonly routerId: number;
  /** 1..4294967295. */
  readonly asNumber: number;
  /** CLUSTER_ID (RFC 4456 §7), unsigned 32 bits. */
  readonly clusterId: number;
  readonly listen: readonly ListenAddress[];
  /** What a polite stop says to peers. */
  readonly onStop: "restart" | "shutdown";
}

/** Where connections are accepted. */
export interface ListenAddress {
  /** Canonical text, with a zone where link-local. */
  readonly address: string;
  /** 0 asks the system for a free port (labs and tests). */
  readonly port: number;
}

/** The port of BGP (RFC 4271 §3). */
export const BGP_PORT = 179;
/** The AS where nobody names one: the first private one, as in Calico. */
export const DEFAULT_AS_NUMBER = 64512;

/** Whom a neighbour is: one address, or every address of a range (always passive). */
export type PeerWhere =
  | { readonly kind: "address"; readonly address: string; readonly port: number }
  | { readonly kind: "range"; readonly range: Prefix; readonly limit: number };

/** PEER TYPE of `node status`. */
export type PeerType = "mesh" | "global" | "node" | "local";
/** BGP Role (RFC 9234 §4.1) of our side. */
export type RoleName = "provider" | "rs" | "rs-client" | "customer" | "peer";

/** One neighbour, or one range of neighbours. */
export interface PeerIntent {
  readonly name: string;
  readonly where: PeerWhere;
  readonly description: string;
  readonly enabled: boolean;
  readonly type: PeerType;
  /** Remote AS. iBGP means: equal to `localAsNumber`. */
  readonly asNumber: number;
  readonly localAsNumber: number;
  readonly localAddress: string | undefined;
  readonly passive: boolean;
  readonly role: RoleName | undefined;
  readonly roleStrict: boolean;
  readonly enforceFirstAs: boolean;
  readonly rejectAsSets: boolean;
  readonly routeReflectorClient: boolean;
  readonly clusterId: number;
  readonly families: readonly Family[];
  readonly addPath: "off" | "receive" | "send" | "both";
  /** Paths of a prefix sent with ADD-PATH; Infinity for all. */
  readonly addPathSendMax: number;
  readonly holdTimeSeconds: number;
  /** Undefined: a third of the negotiated hold time. */
  readonly keepaliveTimeSeconds: number | undefined;
  readonly connectRetrySeconds: number;
  /** First and largest wait in Idle after an error. */
  readonly idleHoldSeconds: readonly [first: number, max: number];
  readonly nextHop: "auto" | "self" | "keep";
  readonly prefixLimit: { readonly [F in Family]?: PrefixLimit };
  readonly allowOwnAs: number;
  readonly import: Policy;
  readonly export: Policy;
  readonly passwordFile: string | undefined;
  /** Key of a Kubernetes Secret that holds the password; never together with passwordFile. */
  readonly passwordSecret: PasswordSecret | undefined;
  /** What that file or Secret holds now; undefined where there is neither, or nobody has read it. */
  readonly password: Password | undefined;
  readonly ttlSecurityHops: number | undefined;
  readonly gracefulRestart: GracefulRestartIntent | undefined;
  /** Without long-lived graceful restart it is told long-lived stale routes all the same (RFC 9494 §4.6); iBGP only. */
  readonly advertiseToNonLlgrNeighbor?: boolean;
}

/** A TCP-MD5 password (RFC 2385), never shown; in place of one that cannot be had: why, in one clause for people. */
export type Password = { readonly text: string } | { readonly missing: string };
/** Where a password is: Calico's SecretKeyRef. */
export interface PasswordSecret { readonly name: string; readonly key: string }

/** What happens when a peer announces more than it should (RFC 4271 §6.7, RFC 4486). */
export interface PrefixLimit {
  readonly max: number;
  readonly action: "warn" | "drop" | "restart" | "shutdown";
  readonly restartSeconds: number;
}

/** Graceful restart with a neighbour, in both roles. */
export interface GracefulRestartIntent {
  /** Restart Time that we ask for (RFC 4724 §3). */
  readonly restartTimeSeconds: number;
  /** Long-Lived Stale Time that we ask for (RFC 9494 §3.1); undefined: the capability is not sent. */
  readonly longLivedSeconds?: number | undefined;
}

/** Rules in order, the first match decides, then the default. */
export interface Policy {
  readonly default: "accept" | "reject";
  readonly rules: readonly FilterRule[];
  /** True where eBGP has no policy at all and RFC 8212 rejects everything; shown to the operator. */
  readonly missing: boolean;
}

/** LOCAL_PREF of a route of Calico's priority P is this minus P (Calico's route priorities, since v3.32). */
export const PRIORITY_BASE = 2_147_483_647;
/** Of which of Calico's pools BIRD, and so we, write the routes, by encapsulation; of others Felix (calico.md 2.2). */
export const PROGRAM_CLUSTER_ROUTES = ["Enabled", "Disabled", "EnabledIPIPOnly", "EnabledNoEncapOnly"] as const;
/** One of them. */
export type ProgramClusterRoutes = typeof PROGRAM_CLUSTER_ROUTES[number];

/** The greatest priority that a resource or a rule may name. */
export const PRIORITY_MAX: number = PRIORITY_BASE - 1;

/**
 * One rule of Calico's BGPFilter. Every criterion given must hold; without any the rule matches. `continue`, which no
 * BGPFilter has, decides nothing: its operations are done where a later rule or the default accepts.
 */
export interface FilterRule {
  readonly action: "accept" | "reject" | "continue";
  /** Limits the rule to one family; undefined: both. */
  readonly family?: Family;
  readonly cidr?: Prefix;
  readonly matchOperator?: "In" | "NotIn" | "Equal" | "NotEqual";
  readonly prefixLength?: { readonly min?: number; readonly max?: number };
  /** RemotePeers: the route was learned from BGP. */
  readonly source?: "RemotePeers";
  /** Shell pattern (* and ?) of the outgoing interface; matches nothing while interfaces are unknown. */
  readonly interface?: string;
  readonly peerType?: "iBGP" | "eBGP";
  /** One community, `aa:nn` or `aa:nn:mm`, as its numbers. */
  readonly community?: readonly number[];
  readonly asPathPrefix?: readonly number[];
  /** Matches LOCAL_PREF = PRIORITY_BASE - priority. */
  readonly priority?: number;
  /** Matches LOCAL_PREF above PRIORITY_BASE - priorityBelow: Calico's elevated routes. */
  readonly priorityBelow?: number;
  readonly operations?: readonly FilterOperation[];
}

/** What an accepting rule changes, in order. */
export type FilterOperation =
  | { readonly do: "addCommunity"; readonly community: readonly number[] }
  | { readonly do: "prependAsPath"; readonly asns: readonly number[] }
  | { readonly do: "setPriority"; readonly priority: number };

/** A route of our own. */
export interface OriginatedRoute {
  readonly prefix: Prefix;
  /** 4 or 16 octets; undefined: our own address towards each peer. */
  readonly nextHop: Uint8Array | undefined;
  /** Each one community as an unsigned 32-bit number. */
  readonly communities: readonly number[];
  readonly largeCommunities: readonly (readonly [number, number, number])[];
  readonly localPref: number | undefined;
  readonly med: number | undefined;
}
