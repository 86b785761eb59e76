/** A neighbour of the configuration file: one row per key, and the rules that concern several keys of it. */

import type { Prefix } from "../base/prefix.ts";
import { FAMILIES } from "../messages/families.ts";
import type { Family } from "../messages/families.ts";
import type { GracefulRestartIntent, PeerType, PrefixLimit, RoleName } from "./intent.ts";
import { defaulted, fault, list, located, mapped, needed, object, optional, withSchema } from "./kind.ts";
import type { Check, Keys, Kind, Located } from "./kind.ts";
import { policy } from "./policy.ts";
import type { PolicyFile } from "./policy.ts";
import * as scalar from "./scalars.ts";

/** A neighbour as the file says it, before the speaker's values fill its gaps. */
export interface NeighborFile {
  readonly name: string | undefined;
  readonly address: string | undefined;
  readonly range: Prefix | undefined;
  readonly limit: number | undefined;
  readonly port: number | undefined;
  readonly asNumber: number | undefined;
  readonly localAddress: string | undefined;
  readonly localAsNumber: number | undefined;
  readonly passive: boolean | undefined;
  readonly type: PeerType;
  readonly role: RoleName | undefined;
  readonly roleStrict: boolean;
  readonly enforceFirstAs: boolean | undefined;
  readonly rejectAsSets: boolean | undefined;
  readonly routeReflectorClient: boolean;
  readonly clusterId: number | undefined;
  readonly families: readonly Family[];
  readonly addPath: "off" | "receive" | "send" | "both" | undefined;
  readonly addPathSendMax: number | undefined;
  readonly holdTimeSeconds: number;
  readonly keepaliveTimeSeconds: number | undefined;
  readonly connectRetrySeconds: number;
  readonly idleHoldSeconds: readonly [first: number, max: number];
  readonly nextHop: "auto" | "self" | "keep";
  readonly prefixLimit: PrefixLimitFile | undefined;
  readonly allowOwnAs: number;
  readonly description: string;
  readonly enabled: boolean;
  readonly import: PolicyFile | undefined;
  readonly export: PolicyFile | undefined;
  readonly passwordFile: string | undefined;
  readonly ttlSecurityHops: number | undefined;
  readonly gracefulRestart: GracefulRestartIntent | undefined;
  readonly advertiseToNonLlgrNeighbor: boolean;
}

type PrefixLimitFile = { readonly [F in Family]: PrefixLimit | undefined };
interface LimitFile {
  readonly max: number | undefined;
  readonly action: PrefixLimit["action"];
  readonly restartSeconds: number | undefined;
}

/** Sessions of a range where `limit` does not say. */
export const RANGE_LIMIT = 5000;
/** Seconds before a session ended by its prefix limit starts again. */
const LIMIT_RESTART_SECONDS = 300;

const families: Kind<readonly Family[]> = mapped(
  withSchema(list(scalar.oneOf(FAMILIES.map((row) => row.name)), "families", 1), { uniqueItems: true }),
  (given, at) => {
    if (new Set(given).size < given.length) return fault(at, "a family is given twice", "keep one of the two");
    return FAMILIES.map((row) => row.name).filter((name) => given.includes(name));
  },
);

const idleHold: Kind<readonly [number, number]> = mapped(
  list(scalar.whole(1, 3600, "seconds"), "waits", 2, 2),
  ([first = 1, max = first], at) => {
    if (first <= max) return [first, max];
    return fault(at, `the first wait (${first} s) is above the largest (${max} s)`, "exchange them");
  },
);

const LIMIT: Keys<LimitFile> = {
  max: needed(scalar.whole(1, 0xffffffff), "Prefixes that may be received"),
  action: defaulted(
    scalar.oneOf(["warn", "drop", "restart", "shutdown"]), "restart",
    "warn: say so; drop: ignore what is above; restart: end the session for a while; shutdown: until it is enabled"),
  restartSeconds: optional(
    scalar.whole(1, 86400, "seconds"), `${LIMIT_RESTART_SECONDS}, with action restart`, "Wait before a restart"),
};
const LIMIT_CHECKS: readonly Check<LimitFile>[] = [
  {
    keys: ["restartSeconds", "action"],
    broken: (limit) => limit.restartSeconds !== undefined && limit.action !== "restart",
    what: "restartSeconds has no effect with this action", todo: 'remove it, or use "action": "restart"',
  },
];
const limitOfFamily: Kind<PrefixLimit> = mapped(object(LIMIT, LIMIT_CHECKS), (file) => ({
  max: file.max ?? 0,
  action: file.action,
  restartSeconds: file.restartSeconds ?? LIMIT_RESTART_SECONDS,
}));
const PREFIX_LIMIT: Keys<PrefixLimitFile> = {
  "ipv4-unicast": optional(limitOfFamily, "no limit", "Limit of IPv4 prefixes"),
  "ipv6-unicast": optional(limitOfFamily, "no limit", "Limit of IPv6 prefixes"),
};

const GRACEFUL_RESTART: Keys<GracefulRestartIntent> = {
  restartTimeSeconds: defaulted(scalar.whole(1, 4095, "seconds"), 120, "Restart Time (RFC 4724 §3)"),
  longLivedSeconds: optional(
    scalar.whole(1, 0xffffff, "seconds"), "no long-lived graceful restart", "Long-Lived Stale Time (RFC 9494 §3.1)"),
};

const NEIGHBOR: Keys<NeighborFile> = {
  name: optional(scalar.neighborName, "the address, with _port_N where the port is not 179; the range", "Unique name"),
  address: optional(scalar.hostAddress, "none; either address or range", "Address of one neighbour, which is dialled"),
  range: optional(scalar.prefix, "none; either address or range", "Every address of this network may connect"),
  limit: optional(scalar.whole(1, 1_000_000), `${RANGE_LIMIT}`, "Sessions of a range"),
  port: optional(scalar.port, "179", "Port to dial"),
  asNumber: optional(scalar.asNumber, "our own", "AS of the neighbour; equal to ours on this session means iBGP"),
  localAddress: optional(scalar.hostAddress, "the system chooses", "Our address of the session"),
  localAsNumber: optional(scalar.asNumber, "asNumber of the file", "Our AS on this session"),
  passive: optional(scalar.flag, "false; always true with range", "Waits to be dialled"),
  type: defaulted(scalar.oneOf(["mesh", "global", "node", "local"]), "node", "PEER TYPE in `reflectd node status`"),
  role: optional(
    scalar.oneOf(["provider", "rs", "rs-client", "customer", "peer"]), "none", "Our BGP Role (RFC 9234), eBGP only"),
  roleStrict: defaulted(scalar.flag, false, "Refuses a neighbour that sends no role"),
  enforceFirstAs: optional(
    scalar.flag, "true on eBGP", "AS_PATH must begin with the neighbour's AS (RFC 4271 §6.3)"),
  rejectAsSets: optional(scalar.flag, "true on eBGP", "Routes with AS_SET are treated as withdrawn (RFC 9774)"),
  routeReflectorClient: defaulted(scalar.flag, false, "The neighbour is our client (RFC 4456), iBGP only"),
  clusterId: optional(scalar.identifier, "clusterId of the file", "Cluster id for this neighbour, iBGP only"),
  families: defaulted(families, FAMILIES.map((row) => row.name), "Families that are offered"),
  addPath: optional(
    scalar.oneOf(["off", "receive", "send", "both"]), "both on iBGP, off on eBGP",
    "ADD-PATH that is offered (RFC 7911)"),
  addPathSendMax: optional(scalar.countOrAll, "all", "Paths of one prefix that are sent with ADD-PATH"),
  holdTimeSeconds: defaulted(scalar.holdTime, 90, "Hold time that is offered: 0 (off) or 3 to 65535"),
  keepaliveTimeSeconds: optional(
    scalar.whole(1, 65534, "seconds"), "a third of the negotiated hold time", "Time between two KEEPALIVE messages"),
  connectRetrySeconds: defaulted(scalar.whole(1, 65535, "seconds"), 5, "Time between two attempts to connect"),
  idleHoldSeconds: defaulted(idleHold, [5, 30], "First and largest wait after an error; doubled in between"),
  nextHop: defaulted(
    scalar.oneOf(["auto", "self", "keep"]), "auto",
    "auto: unchanged on iBGP, ours on eBGP where the RFC wants it; self: always ours; keep: never changed"),
  prefixLimit: optional(object(PREFIX_LIMIT), "none", "What happens when the neighbour announces too much"),
  allowOwnAs: defaulted(scalar.whole(0, 255), 0, "How often our own AS may be in a received AS_PATH"),
  description: defaulted(scalar.text(1024, "a description", 0), "", "Free text that is shown"),
  enabled: defaulted(scalar.flag, true, "False: configured and shown, but no session"),
  import: optional(policy, "see `default` in it", "What is taken from the neighbour"),
  export: optional(policy, "see `default` in it", "What the neighbour is told"),
  passwordFile: optional(scalar.path, "no password", "File with the TCP MD5 password (RFC 2385)"),
  ttlSecurityHops: optional(
    scalar.whole(1, 254), "off", "Packets from further away than this many hops are refused (RFC 5082)"),
  gracefulRestart: optional(object(GRACEFUL_RESTART), "none", "Graceful restart (RFC 4724) with this neighbour"),
  advertiseToNonLlgrNeighbor: defaulted(
    scalar.flag, false, "Without long-lived graceful restart it is told long-lived stale routes, too, iBGP only"),
};

const CHECKS: readonly Check<NeighborFile>[] = [
  {
    keys: ["address", "range"],
    broken: (n) => n.address === undefined && n.range === undefined,
    what: "neither address nor range", todo: 'add "address" (one neighbour) or "range" (a network of them)',
  },
  {
    keys: ["range", "address"],
    broken: (n) => n.address !== undefined && n.range !== undefined,
    what: "both address and range", todo: "keep one of the two",
  },
  {
    keys: ["range"],
    broken: (n) => n.range !== undefined && isMulticast(n.range),
    what: "a range of multicast addresses", todo: "give a network of hosts",
  },
  {
    keys: ["limit", "range", "address"],
    broken: (n) => n.range === undefined && n.limit !== undefined,
    what: "limit without range has no effect", todo: "remove it",
  },
  {
    keys: ["port", "range"],
    broken: (n) => n.range !== undefined && n.port !== undefined,
    what: "port has no effect on a range, which is never dialled", todo: "remove it",
  },
  {
    keys: ["passive", "range"],
    broken: (n) => n.range !== undefined && n.passive === false,
    what: "a range is always passive", todo: "remove it",
  },
  {
    keys: ["localAddress", "address", "range"],
    broken: (n) => n.localAddress !== undefined && isIpv6(n) !== n.localAddress.includes(":"),
    what: "localAddress and neighbour are of different families", todo: "give both as IPv4 or both as IPv6",
  },
  {
    keys: ["roleStrict", "role"],
    broken: (n) => n.roleStrict && n.role === undefined,
    what: "roleStrict without role", todo: 'add "role"',
  },
  {
    keys: ["keepaliveTimeSeconds", "holdTimeSeconds"],
    broken: (n) => (n.keepaliveTimeSeconds ?? -1) >= n.holdTimeSeconds,
    what: "the keepalive time is not below the hold time", todo: "use a third of it, or leave this out",
  },
  {
    keys: ["addPathSendMax", "addPath"],
    broken: (n) => (n.addPathSendMax ?? Infinity) < Infinity && (n.addPath === "off" || n.addPath === "receive"),
    what: "addPathSendMax has no effect while addPath does not send", todo: 'remove it, or use "addPath": "both"',
  },
  ...FAMILIES.map((row): Check<NeighborFile> => ({
    keys: ["prefixLimit", "families"],
    broken: (n) => n.prefixLimit?.[row.name] !== undefined && !n.families.includes(row.name),
    what: `a limit of ${row.name}, which is not among the families`, todo: "remove it, or add the family",
  })),
];

/** The kind of one entry of `neighbors`, with its place. */
export const neighbor: Kind<Located<NeighborFile>> = withSchema(located(object(NEIGHBOR, CHECKS)), {
  oneOf: [{ required: ["address"] }, { required: ["range"] }],
});

function isIpv6(file: NeighborFile): boolean {
  return file.address?.includes(":") ?? file.range?.address.length === 16;
}

function isMulticast(range: Prefix): boolean {
  const [first = 0] = range.address;
  return range.address.length === 4 ? first >= 224 && first < 240 : first === 0xff;
}
