/** The kinds that the verbs know, as calicoctl has them: their names and the columns of `get`. A new one is a row. */

import { DEFAULT_AS_NUMBER } from "../../config/intent.ts";
import type { JsonObject, JsonValue } from "../../config/json.ts";
import { kindOf, memberOf, nameOf, textOf } from "../resources/raw.ts";
import { asNumberOf } from "../resources/scalars.ts";

/** What a cell of one resource takes from others. */
export interface Cluster {
  /** AS number of the nodes that have none, in decimal. */
  readonly asNumber: string;
}

/** What a column shows of a resource. */
export type Cell = (resource: JsonObject, cluster: Cluster) => string;

/** One kind. */
export interface KindRow {
  readonly kind: string;
  /** What may be typed for it, in lower case. */
  readonly names: readonly string[];
  /** Headings of `-o ps`. */
  readonly narrow: readonly string[];
  /** Headings of `-o wide`. */
  readonly wide: readonly string[];
  readonly cells: ReadonlyMap<string, Cell>;
}

const name: Cell = (resource) => nameOf(resource);

/** Words apart by blanks; `wide` where it shows more. */
function row(
  kind: string, names: string, narrow: string, cells: Readonly<Record<string, Cell>>, wide: string = narrow,
): KindRow {
  return {
    kind, names: names.split(" "), narrow: narrow.split(" "), wide: wide.split(" "),
    cells: new Map<string, Cell>([["NAME", name], ...Object.entries(cells)]),
  };
}

/** All of them, in the order of the help. */
export const KINDS: readonly KindRow[] = [
  row("Node", "node nodes no nos", "NAME",
    { ASN: nodeAsNumber, IPV4: nodeField("ipv4Address", "IPv4Address"), IPV6: nodeField("ipv6Address", "IPv6Address") },
    "NAME ASN IPV4 IPV6"),
  row("BGPPeer", "bgppeer bgppeers bgpp bgpps bp bps", "NAME PEERIP NODE ASN",
    { PEERIP: spec("peerIP"), NODE: peerNode, ASN: asNumber("0") }),
  row("BGPConfiguration", "bgpconfiguration bgpconfigurations bgpconfig bgpconfigs",
    "NAME LOGSEVERITY MESHENABLED ASNUMBER",
    { LOGSEVERITY: spec("logSeverityScreen", "-"), MESHENABLED: spec("nodeToNodeMeshEnabled", "-"),
      ASNUMBER: asNumber("-") }),
  row("BGPFilter", "bgpfilter bgpfilters bgpf bgpfs bf bfs", "NAME NUMEXPORTV4 NUMIMPORTV4 NUMEXPORTV6 NUMIMPORTV6",
    { NUMEXPORTV4: count("exportV4"), NUMIMPORTV4: count("importV4"),
      NUMEXPORTV6: count("exportV6"), NUMIMPORTV6: count("importV6") }),
  row("IPPool", "ippool ippools ipp ipps pool pools", "NAME CIDR SELECTOR",
    { CIDR: spec("cidr"), NAT: spec("natOutgoing", "false"), IPIPMODE: spec("ipipMode", "Never"),
      VXLANMODE: spec("vxlanMode", "Never"), DISABLED: spec("disabled", "false"),
      DISABLEBGPEXPORT: spec("disableBGPExport", "false"), SELECTOR: spec("nodeSelector", "all()"),
      ASSIGNMENTMODE: spec("assignmentMode", "Automatic") },
    "NAME CIDR NAT IPIPMODE VXLANMODE DISABLED DISABLEBGPEXPORT SELECTOR ASSIGNMENTMODE"),
  row("BlockAffinity", "blockaffinity blockaffinities", "NAME CIDR NODE STATE",
    { CIDR: spec("cidr"), NODE: spec("node"), STATE: spec("state", "confirmed") }),
  row("IPAMBlock", "ipamblock ipamblocks", "NAME CIDR AFFINITY", { CIDR: spec("cidr"), AFFINITY: spec("affinity") }),
  row("CalicoNodeStatus", "caliconodestatus caliconodestatuses nodestatus nodestatuses", "NAME NODE",
    { NODE: spec("node"), CLASSES: spec("classes") }, "NAME NODE CLASSES"),
  row("IPAMConfiguration", "ipamconfiguration ipamconfigurations ipamconfig ipamconfigs",
    "NAME STRICTAFFINITY AUTOALLOCATEBLOCKS",
    { STRICTAFFINITY: spec("strictAffinity", "false"), AUTOALLOCATEBLOCKS: spec("autoAllocateBlocks", "false"),
      MAXBLOCKSPERHOST: spec("maxBlocksPerHost", "0") },
    "NAME STRICTAFFINITY AUTOALLOCATEBLOCKS MAXBLOCKSPERHOST"),
  row("FelixConfiguration", "felixconfiguration felixconfigurations felixconfig felixconfigs", "NAME", {}),
];

/** The kind that a user means: its name, plural or short name, in any case. */
export function kindTyped(typed: string): KindRow | undefined {
  const lower = typed.toLowerCase();
  return KINDS.find(({ names }) => names.includes(lower));
}

const API_VERSIONS: readonly string[] = ["projectcalico.org/v3", "crd.projectcalico.org/v1"];

/** The kind of a resource; undefined for one that the verbs do not handle. Nodes may be Kubernetes' own. */
export function kindOfResource(resource: JsonObject): KindRow | undefined {
  const apiVersion = textOf(resource, "apiVersion");
  const kind = kindOf(resource);
  const isKnown = API_VERSIONS.includes(apiVersion) || (kind === "Node" && apiVersion === "v1");
  return isKnown ? KINDS.find((candidate) => candidate.kind === kind) : undefined;
}

/** The AS number of the nodes that have none, by the BGPConfiguration `default`. */
export function clusterOf(configuration: JsonObject | undefined): Cluster {
  return { asNumber: asNumberText(memberOf(configuration, "spec", "asNumber"), String(DEFAULT_AS_NUMBER)) };
}

/** A member of the spec, `otherwise` where it says nothing. */
function spec(key: string, otherwise = ""): Cell {
  return (resource) => shown(memberOf(resource, "spec", key), otherwise);
}

function shown(value: JsonValue | undefined, otherwise: string): string {
  if (value === undefined || value === null || value === "") return otherwise;
  if (Array.isArray(value)) return value.map((item: JsonValue) => shown(item, "")).join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function count(key: string): Cell {
  return (resource) => {
    const rules = memberOf(resource, "spec", key);
    return String(Array.isArray(rules) ? rules.length : 0);
  };
}

function asNumber(otherwise: string): Cell {
  return (resource) => asNumberText(memberOf(resource, "spec", "asNumber"), otherwise);
}

/** In decimal, however it is written; what is no AS number is shown as it is. */
function asNumberText(value: JsonValue | undefined, otherwise: string): string {
  if (value === 0 || value === "0") return otherwise;
  const number = typeof value === "number" || typeof value === "string" ? asNumberOf(value) : undefined;
  return number === undefined ? shown(value, otherwise) : String(number);
}

function peerNode(resource: JsonObject): string {
  const node = textOf(resource, "spec", "node");
  const selector = textOf(resource, "spec", "nodeSelector");
  return node !== "" ? node : selector !== "" ? selector : "(global)";
}

const PREFIX = "projectcalico.org/";

/** A field of a node's BGP part: Calico's own form, or Kubernetes' with an annotation. */
function nodeField(key: string, annotation: string): Cell {
  return (resource) => shown(nodeMember(resource, key, annotation), "");
}

function nodeMember(resource: JsonObject, key: string, annotation: string): JsonValue | undefined {
  return isKubernetesNode(resource) ? memberOf(resource, "metadata", "annotations", PREFIX + annotation)
    : memberOf(resource, "spec", "bgp", key);
}

/** Its own; that of the cluster in parentheses; nothing for a node without a BGP part. */
function nodeAsNumber(resource: JsonObject, cluster: Cluster): string {
  const own = asNumberText(nodeMember(resource, "asNumber", "ASNumber"), "");
  if (own !== "") return own;
  const hasBgp = isKubernetesNode(resource)
    ? ["IPv4Address", "IPv6Address", "RouteReflectorClusterID"].some((annotation) =>
      textOf(resource, "metadata", "annotations", PREFIX + annotation) !== "")
    : memberOf(resource, "spec", "bgp") !== undefined;
  return hasBgp ? `(${cluster.asNumber})` : "";
}

/** Whether a Node is Kubernetes' own, whose BGP part is annotations (calico.md 1.3). */
export function isKubernetesNode(resource: JsonObject): boolean {
  return kindOf(resource) === "Node" && textOf(resource, "apiVersion") === "v1";
}
