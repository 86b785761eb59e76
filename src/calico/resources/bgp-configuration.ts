/** BGPConfiguration: calico.md 2.2. */

import { PRIORITY_MAX, PROGRAM_CLUSTER_ROUTES } from "../../config/intent.ts";
import { parseCommunity } from "../../config/scalars.ts";
import type { BgpConfiguration, PrefixAdvertisement } from "./model.ts";
import type { Envelope } from "./envelope.ts";
import { Fields, keepsBefore } from "./fields.ts";
import { readSecretKey } from "./secret-key.ts";

const ENTRIES_MAX = 500;
const COMMUNITIES_MAX = 50;
const LEVELS = ["trace", "debug", "info", "warning", "error", "fatal"] as const;
/** What is said for the whole cluster, and of no node by itself. */
const OF_DEFAULT = ["nodeToNodeMeshEnabled", "asNumber", "serviceClusterIPs", "serviceExternalIPs",
  "serviceLoadBalancerIPs", "nodeMeshPassword", "nodeMeshMaxRestartTime"] as const;
/** Of an ordinary route. */
const NORMAL_ROUTE_PRIORITY = 1024;

/** Fields of one value. A list counts without what is wrong in it. */
const SINGLE = ["logSeverityScreen", "nodeToNodeMeshEnabled", "asNumber", "listenPort", "bindMode",
  "serviceLoadBalancerAggregation", "ipv4NormalRoutePriority", "ipv6NormalRoutePriority"] as const;

/**
 * A BGPConfiguration; undefined for names that nobody reads, which is a fault. A field that is wrong counts as it was
 * `before`: its default would reset sessions, or bring the mesh back. Undefined also where all of it is wrong that was
 * right.
 */
export function readBgpConfiguration(
  { name, root }: Envelope, before: BgpConfiguration | undefined,
): BgpConfiguration | undefined {
  if (name !== "default" && !/^node\..+/.test(name)) {
    return root.fault("metadata.name", "is neither default nor node.NAME: nobody reads it");
  }
  const spec = root.object("spec");
  if (name !== "default") {
    for (const key of OF_DEFAULT) if (spec.has(key)) spec.fault(key, "counts in default only; it was ignored");
  }
  const from = root.faults.length;
  const read = configurationOf(name, spec);
  if (before === undefined) return read;
  if (root.faults.some(({ field }) => field === "spec")) return undefined; // the last good version counts
  const kept = SINGLE.filter((key) => keepsBefore(root.faults, from, (field) => field === `spec.${key}`));
  return { ...read, ...Object.fromEntries(kept.map((key) => [key, before[key]])) };
}

/** What holds where there is none of that name: each field's default. */
export const NO_CONFIGURATION: BgpConfiguration = configurationOf("default", new Fields(undefined, "spec", []));

function configurationOf(name: string, spec: Fields): BgpConfiguration {
  const level = spec.text("logSeverityScreen");
  return {
    name,
    logSeverityScreen: level === undefined ? undefined : LEVELS.find((word) => word === level.toLowerCase())
      ?? spec.fault("logSeverityScreen", `expected ${LEVELS.join(", ")}, found "${level}"`),
    nodeToNodeMeshEnabled: spec.flag("nodeToNodeMeshEnabled", true),
    // Not its default: peers would see another AS, and end their sessions.
    asNumber: spec.asNumber("asNumber") ?? (spec.hasAsNumber("asNumber") ? 0 : undefined),
    listenPort: spec.whole("listenPort", 1, 65535),
    bindMode: spec.oneOf("bindMode", ["None", "NodeIP"], "None"),
    nodeMeshPassword: meshOnly(spec, "nodeMeshPassword",
      readSecretKey(spec.object("nodeMeshPassword"), "secretKeyRef")),
    nodeMeshMaxRestartTimeSeconds: meshOnly(spec, "nodeMeshMaxRestartTime", spec.seconds("nodeMeshMaxRestartTime")),
    prefixAdvertisements: prefixAdvertisements(spec),
    serviceClusterIPs: ranges(spec, "serviceClusterIPs"),
    serviceExternalIPs: ranges(spec, "serviceExternalIPs"),
    serviceLoadBalancerIPs: ranges(spec, "serviceLoadBalancerIPs"),
    serviceLoadBalancerAggregation:
      spec.oneOf("serviceLoadBalancerAggregation", ["Enabled", "Disabled"], "Enabled") === "Enabled",
    ignoredInterfaces: spec.texts("ignoredInterfaces").filter((text, at) => /^[A-Za-z0-9_.*-]{1,15}$/.test(text)
      && text !== "*" ? true : spec.fault(`ignoredInterfaces[${at}]`, `"${text}" is no pattern of interfaces`)),
    programClusterRoutes: PROGRAM_CLUSTER_ROUTES.find((word) => word === spec.text("programClusterRoutes"))
      ?? "EnabledNoEncapOnly",
    ipv4NormalRoutePriority: spec.whole("ipv4NormalRoutePriority", 1, PRIORITY_MAX) ?? NORMAL_ROUTE_PRIORITY,
    ipv6NormalRoutePriority: spec.whole("ipv6NormalRoutePriority", 1, PRIORITY_MAX) ?? NORMAL_ROUTE_PRIORITY,
  };
}

function meshOnly<T>(spec: Fields, key: string, value: T | undefined): T | undefined {
  if (value === undefined || spec.flag("nodeToNodeMeshEnabled", true)) return value;
  return spec.fault(key, "has no meaning while the mesh is disabled");
}

/** Empty entries are skipped, as in Calico. */
function ranges(spec: Fields, key: string): BgpConfiguration["serviceClusterIPs"] {
  return spec.objects(key).map((entry) => entry.cidr("cidr")).filter((cidr) => cidr !== undefined);
}

/** Each entry with its communities' values; names are those of the same object. */
function prefixAdvertisements(spec: Fields): readonly PrefixAdvertisement[] | undefined {
  const named = new Map<string, string>();
  for (const entry of spec.objects("communities").slice(0, ENTRIES_MAX)) {
    const value = entry.text("value") ?? "";
    if (parseCommunity(value) === undefined) entry.fault("value", `"${value}" is no community such as 64512:100`);
    else named.set(entry.text("name") ?? "", value);
  }
  if (!spec.has("prefixAdvertisements")) {
    return named.size === 0 ? undefined : spec.fault("communities", "without prefixAdvertisements nobody uses them");
  }
  if (spec.list("prefixAdvertisements").length > ENTRIES_MAX) {
    spec.fault("prefixAdvertisements", `has more than ${ENTRIES_MAX} entries; the others are left out`);
  }
  return spec.objects("prefixAdvertisements").slice(0, ENTRIES_MAX).flatMap((entry) => {
    const cidr = entry.has("cidr") ? entry.cidr("cidr") : entry.fault("cidr", "missing");
    return cidr === undefined ? [] : [{ cidr, communities: communities(entry, named) }];
  });
}

function communities(entry: Fields, named: ReadonlyMap<string, string>): readonly string[] {
  return entry.texts("communities").slice(0, COMMUNITIES_MAX).map((text, at) => {
    const value = named.get(text) ?? text;
    return parseCommunity(value) === undefined
      ? entry.fault(`communities[${at}]`, `"${text}" is neither a community nor a name in spec.communities`) : value;
  }).filter((value) => value !== undefined);
}
