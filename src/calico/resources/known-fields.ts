/**
 * Fields that Calico does not have, in the kinds that are read whole: most often a misspelt one, which would count for
 * nothing in silence. As calicoctl's strict decoding, but a datastore may be of a newer Calico: there it is a note.
 */

import { nearest } from "../../config/suggest.ts";
import type { FieldFault } from "./fields.ts";

/** The fields of an object, or of each in a list, and what theirs are; undefined: whatever they hold. */
type Shape = ReadonlyMap<string, Shape | undefined>;

/** Words are apart by blanks. */
function shape(words: string, objects: Readonly<Record<string, Shape>> = {}): Shape {
  return new Map<string, Shape | undefined>([
    ...(words.match(/\S+/g) ?? []).map((word) => [word, undefined] as const), ...Object.entries(objects)]);
}

const METADATA = shape("name generateName namespace labels annotations uid resourceVersion generation "
  + "creationTimestamp deletionTimestamp deletionGracePeriodSeconds ownerReferences finalizers managedFields selfLink "
  + "clusterName");
const SECRET = shape("", { secretKeyRef: shape("name key optional") });

const PEER = shape("node nodeSelector peerIP asNumber peerSelector localWorkloadSelector localASNumber "
  + "keepOriginalNextHop nextHopMode sourceAddress maxRestartTime keepaliveTime numAllowedLocalASNumbers ttlSecurity "
  + "reachableBy filters reversePeering", { password: SECRET });

const CONFIGURATION = shape("logSeverityScreen nodeToNodeMeshEnabled asNumber listenPort bindMode "
  + "nodeMeshMaxRestartTime serviceLoadBalancerAggregation ignoredInterfaces localWorkloadPeeringIPV4 "
  + "localWorkloadPeeringIPV6 programClusterRoutes ipv4NormalRoutePriority ipv6NormalRoutePriority", {
  nodeMeshPassword: SECRET, communities: shape("name value"), prefixAdvertisements: shape("cidr communities"),
  serviceClusterIPs: shape("cidr"), serviceExternalIPs: shape("cidr"), serviceLoadBalancerIPs: shape("cidr"),
});

const RULE = shape("cidr matchOperator source interface peerType asPathPrefix priority action", {
  prefixLength: shape("min max"), communities: shape("values"),
  operations: shape("", { addCommunity: shape("value"), prependASPath: shape("prefix"), setPriority: shape("value") }),
});
const FILTER = shape("", { importV4: RULE, exportV4: RULE, importV6: RULE, exportV6: RULE });

// `ipip` and `nat-outgoing` are of Calico's first API, and still in the type.
const POOL = shape("cidr ipipMode vxlanMode natOutgoing disabled disableBGPExport blockSize nodeSelector "
  + "namespaceSelector allowedUses assignmentMode nat-outgoing", { ipip: shape("enabled mode") });

const NODE_BGP = shape("asNumber ipv4Address ipv6Address ipv4IPIPTunnelAddr routeReflectorClusterID");

/** A part of a resource that is known whole, and what it has. */
interface Known { readonly at: readonly string[]; readonly fields: Shape }

const whole = (spec: Shape): Known =>
  ({ at: [], fields: shape("apiVersion kind status", { metadata: METADATA, spec }) });

/** The kinds that are known whole; of a Node its BGP part is. */
const KNOWN: Readonly<Record<string, Known>> = {
  BGPPeer: whole(PEER), BGPConfiguration: whole(CONFIGURATION), BGPFilter: whole(FILTER), IPPool: whole(POOL),
  Node: { at: ["spec", "bgp"], fields: NODE_BGP },
};

const FAULTS_MAX = 10;
const NAME_MAX = 60;

/** The fields of a resource that Calico does not have, with the nearest that it has; the first ten. */
export function unknownFields(kind: string, resource: unknown): readonly FieldFault[] {
  const known = Object.hasOwn(KNOWN, kind) ? KNOWN[kind] : undefined;
  if (known === undefined) return [];
  let part: unknown = resource;
  for (const key of known.at) part = isObject(part) && Object.hasOwn(part, key) ? part[key] : undefined;
  const faults: FieldFault[] = [];
  collect(part, known.fields, known.at.join("."), faults);
  return faults.slice(0, FAULTS_MAX);
}

function collect(value: unknown, fields: Shape, path: string, faults: FieldFault[]): void {
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) collect(item, fields, `${path}[${at}]`, faults);
    return;
  }
  if (!isObject(value)) return;
  for (const [key, member] of Object.entries(value)) {
    if (faults.length >= FAULTS_MAX) return;
    const field = `${path}${path === "" ? "" : "."}${key.slice(0, NAME_MAX)}`;
    const within = fields.get(key);
    if (!fields.has(key)) faults.push({ field, why: unknownWhy(key, fields) });
    else if (within !== undefined) collect(member, within, field, faults);
  }
}

function unknownWhy(key: string, fields: Shape): string {
  const near = nearest(key, fields.keys());
  return `unknown field${near === undefined ? "" : `; did you mean ${near}?`}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
