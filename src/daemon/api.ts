/**
 * What can be asked of a running daemon and told to it: the vocabulary of the HTTP API, the CLI and the metrics.
 * Views are plain JSON, named as in the public interface; absent things are absent keys.
 */

import type { Family } from "../messages/families.ts";
import type { RouteAttributes } from "../messages/describe.ts";
import type { CalicoStatus } from "../calico/translate/view.ts";
import type { PeerType } from "../config/intent.ts";

export { IDLE_HOLD } from "../fsm/parameters.ts";

/** RFC 4271 §8.2.2 state names. */
export type StateName = "Idle" | "Connect" | "Active" | "OpenSent" | "OpenConfirm" | "Established";

/** The last thing that ended or refused a session. */
export interface LastError {
  readonly direction: "sent" | "received" | "local";
  readonly code: number;
  readonly subcode: number;
  /** For example "Cease/Administrative Shutdown". */
  readonly name: string;
  /** Free text: RFC 9003 communication or the local reason. */
  readonly text: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Messages of one direction. */
export interface MessageCounts {
  readonly open: number;
  readonly update: number;
  readonly keepalive: number;
  readonly notification: number;
  readonly routeRefresh: number;
}

/** One session (a member of a range has its own). */
export interface PeerView {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly localAddress: string | null;
  readonly asNumber: number;
  readonly localAsNumber: number;
  /** The remote BGP Identifier once known. */
  readonly routerId: string | null;
  readonly type: PeerType;
  readonly state: StateName;
  readonly enabled: boolean;
  readonly passive: boolean;
  /** ISO 8601: when `state` was entered. */
  readonly since: string;
  /** ISO 8601: when it came up or went down, whatever it tried since: SINCE of `node status`, as in BIRD. */
  readonly upOrDownSince: string;
  readonly description: string;
  readonly routeReflectorClient: boolean;
  readonly clusterId: string;
  readonly families: readonly Family[];
  readonly holdTimeSeconds: number;
  readonly keepaliveTimeSeconds: number;
  readonly capabilities: { readonly local: readonly unknown[]; readonly remote: readonly unknown[];
    readonly negotiated: Readonly<Record<string, unknown>> | null };
  readonly prefixes: { readonly [F in Family]?: PrefixCounts };
  readonly messages: { readonly in: MessageCounts; readonly out: MessageCounts };
  readonly bytes: { readonly in: number; readonly out: number };
  readonly flaps: number;
  readonly waiting: string | null;
  /** "no policy (RFC 8212)" for the directions that lack one. */
  readonly policy: { readonly import: string; readonly export: string };
  readonly lastError: LastError | null;
}

/** Prefixes of one peer and family. */
export interface PrefixCounts {
  readonly received: number;
  readonly accepted: number;
  readonly advertised: number;
}

/** What `show routes` may ask. */
export interface RouteQuery {
  /** Exact prefix, or its more specifics with `longer`. */
  readonly prefix?: string;
  readonly longer?: boolean;
  /** Longest match of an address. */
  readonly for?: string;
  readonly peer?: string;
  /** One peer's Adj-RIB-In or Adj-RIB-Out; with `peer` only. */
  readonly direction?: "in" | "out";
  readonly family?: Family;
  readonly community?: string;
}

/** How many routes a query finds. */
export interface RouteCount {
  readonly prefixes: number;
  readonly paths: number;
}

/** One path. */
export interface RouteView extends RouteAttributes {
  readonly prefix: string;
  readonly family: Family;
  readonly pathId: number;
  readonly best: boolean;
  readonly from: { readonly name: string; readonly address: string };
  readonly stale: boolean;
  /** Present in Adj-RIB-In where the path cannot be used: why. */
  readonly rejected?: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Why a prefix is as it is. */
export interface ExplainView {
  readonly prefix: string;
  readonly family: Family;
  readonly candidates: readonly ExplainCandidate[];
  /** The stage that left one candidate, with its clause; null without candidates. */
  readonly decidedBy: { readonly reason: string; readonly source: string } | null;
  readonly peers: readonly ExplainPeer[];
}
/** One candidate of `explain`. */
export interface ExplainCandidate {
  readonly route: RouteView;
  /** The stage that removed it, or null for the best. */
  readonly lostBy: { readonly reason: string; readonly source: string } | null;
}
/** What one peer was told, or why not. */
export interface ExplainPeer {
  readonly peer: string;
  readonly sent: boolean;
  readonly reason: string;
  readonly source: string;
}

/** One update group. */
export interface GroupView {
  readonly id: number;
  readonly family: Family;
  /** The fields of the group's key. */
  readonly key: Readonly<Record<string, unknown>>;
  readonly advertised: number;
  readonly members: readonly GroupMemberView[];
}
/** One member of a group. */
export interface GroupMemberView {
  readonly peer: string;
  readonly state: "live" | "joining" | "detached";
  readonly lagOctets: number;
  readonly lagPrefixes: number;
}

/** Kernel routes. */
export interface KernelView {
  /** Whether routes are to be programmed at all. */
  readonly enabled: boolean;
  /** Why nothing is programmed or followed now; null where all is well. */
  readonly why: string | null;
  readonly table: number | null;
  readonly protocol: number | null;
  /** Prefixes: wanted is the sum of the next three; stale ones are there and nobody wants them. */
  readonly routes: { readonly wanted: number; readonly installed: number; readonly pending: number;
    readonly failed: number; readonly stale: number };
  /** Routes and addresses of the kernel that are announced. */
  readonly learned: number;
  /** Routes of ours that somebody had changed or removed, ever. */
  readonly repaired: number;
  /** Best paths that are not wanted in the kernel, by reason. */
  readonly leftOut: readonly { readonly reason: string; readonly count: number }[];
  /** Routes of ours that are there and not used, as somebody else's to the same prefix has a lower metric: by whom. */
  readonly overruled: readonly { readonly protocol: number; readonly count: number; readonly example: string }[];
  /** What the kernel refuses now, by class. */
  readonly failures: readonly KernelFailureView[];
  /** Refusals ever, by name of the error. */
  readonly errors: Readonly<Record<string, number>>;
  /** ISO 8601: when the kernel was last read; null: not yet. */
  readonly readAt: string | null;
  /** Times that the processes which write and follow were started again. */
  readonly restarts: { readonly write: number; readonly follow: number };
}
/** Changes that fail alike. */
export interface KernelFailureView {
  readonly change: "add" | "replace" | "remove";
  /** Such as ENETUNREACH. */
  readonly errno: string;
  readonly text: string;
  readonly count: number;
  /** One of them, as `ip route` writes routes. */
  readonly example: string;
}

/** What a reload did; names of neighbours. */
export interface ReloadResult {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly reset: readonly string[];
  readonly refreshed: readonly string[];
  readonly untouched: readonly string[];
  /** Keys of the file that changed and are read at the start only; absent where there is none. */
  readonly needsRestart?: readonly string[];
}

/** A request that could not be done: one line for the user. */
export interface Refusal { readonly refused: string; readonly what: "not-found" | "invalid" | "failed" }

/** One metric sample; the exporter writes HELP and TYPE from its own table. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The running daemon as its control surfaces see it. PEER arguments: name, address, or address:port. */
export interface DaemonApi {
  /** All sessions, each as it is when the caller comes to it: thousands take longer than a turn should. */
  peers(): Iterable<PeerView>;
  /** The same with these fields only, as far as there are such: thousands in full take long. */
  partsOfPeers(fields: readonly string[]): Iterable<Partial<PeerView>>;
  /** One session in full, or why not. */
  peer(selector: string): PeerView | Refusal;
  /**
   * Lazily, in slices the caller paces: a million routes in constant memory. Undefined stands for a stretch of the
   * table that held none: the caller lets others have their turn.
   */
  routes(query: RouteQuery): Iterable<RouteView | undefined> | Refusal;
  /** Counts without building views, in slices of its own. */
  countRoutes(query: RouteQuery): Promise<RouteCount | Refusal>;
  /** Of how many prefixes each neighbour, by its name, has the best path; who has none is absent. In slices as well. */
  countBestPaths(family: Family): Promise<ReadonlyMap<string, number>>;
  explain(prefix: string, to?: string): ExplainView | Refusal;
  groups(): GroupView[];
  /** Octets by owner, for example {"ipv4-unicast paths": 1048576}. */
  memory(): Readonly<Record<string, number>>;
  /** The configuration in force, secrets masked. */
  config(): unknown;
  reload(): Promise<ReloadResult | Refusal>;
  shutdown(options: { readonly drainSeconds: number }): Promise<void>;
  /** Stops, and asks whoever started the daemon to start it again. */
  restart(): Promise<void>;
  reset(selector: string, soft?: "in" | "out"): { readonly reset: readonly string[] } | Refusal;
  disable(selector: string, reason?: string): { readonly disabled: readonly string[] } | Refusal;
  enable(selector: string): { readonly enabled: readonly string[] } | Refusal;
  /** Calico mode: its datastore, and what is wrong with resources. */
  calico(): CalicoStatus | Refusal;
  /** Kernel routes: how many are wanted and installed, and what is wrong. */
  kernel(): KernelView;
  /** Counters only: O(peers), never a walk over routes; without those of each peer where `perPeer` is false. */
  metrics(perPeer?: boolean): Iterable<MetricSample>;
  ready(): { readonly ready: boolean; readonly waitingFor: readonly string[] };
  /** Who runs, since when, and when the configuration in force was taken over (ISO 8601). */
  status(): { readonly version: string; readonly node: string; readonly routerId: string; readonly asNumber: number;
    readonly startedAt: string; readonly configuredAt: string; readonly pid: number };
}
