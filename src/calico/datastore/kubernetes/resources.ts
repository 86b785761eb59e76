/** What is read from the API server: calico.md 1.2 as a table. */

import type { JsonValue } from "../../../config/json.ts";
import { memberOf, objectOf } from "../../resources/raw.ts";
import { V1 } from "./api-group.ts";

/** One list and one watch. */
export interface ResourceRow {
  readonly kind: string;
  /** The name in paths, in lower case; also how a fault names it. */
  readonly plural: string;
  /** "calico" is whichever group holds Calico's resources. */
  readonly group: "v1" | "discovery.k8s.io/v1" | "calico";
  /** Answers to a first list that mean that there are none, as far as we may know; any other is waited out. */
  readonly emptyOn: readonly number[];
  /** Only the object of this name and namespace. */
  readonly only?: { readonly namespace: string; readonly name: string };
}

const row = (
  kind: string, plural: string, group: ResourceRow["group"], emptyOn: readonly number[] = [],
): ResourceRow => ({ kind, plural, group, emptyOn });

/** core/v1's Node: Calico has none of its own here. */
export const NODES: ResourceRow = row("Node", "nodes", "v1");
/** Read where the daemon reports its state. */
export const NODE_STATUSES: ResourceRow = row("CalicoNodeStatus", "caliconodestatuses", "calico", [403, 404]);

/** What only `get` shows; the settings of IPAM have another name among custom resources. */
export function shownRows(group: string): readonly ResourceRow[] {
  const ipam = group === V1 ? "ipamconfigs" : "ipamconfigurations";
  return [...ALWAYS, NODE_STATUSES, row("IPAMConfiguration", ipam, "calico"), row("IPAMBlock", "ipamblocks", "calico"),
    row("FelixConfiguration", "felixconfigurations", "calico")];
}

/** Always read. */
export const ALWAYS: readonly ResourceRow[] = [
  NODES,
  row("BGPPeer", "bgppeers", "calico"),
  row("BGPConfiguration", "bgpconfigurations", "calico"),
  row("BGPFilter", "bgpfilters", "calico", [404]), // Calico has them since 3.26
  row("IPPool", "ippools", "calico"),
  row("BlockAffinity", "blockaffinities", "calico"),
];

/** Read where a range of service addresses is configured. Without the permission the ranges alone are announced. */
export const SERVICES: readonly ResourceRow[] = [
  row("Service", "services", "v1", [403]),
  row("EndpointSlice", "endpointslices", "discovery.k8s.io/v1", [403]),
];

/** One Secret. Calico's own roles do not allow it: without the permission its sessions wait and the others go on. */
export function secretRow(namespace: string, name: string): ResourceRow {
  return { ...row("Secret", "secrets", "v1", [403, 404]), only: { namespace, name } };
}

/** Names a row among others. */
export function rowName({ plural, only }: ResourceRow): string {
  return only === undefined ? plural : `${plural}/${only.name}`;
}

/** The path of the row's list; `group` is the version of the API that it is in. */
export function listPath({ plural, only }: ResourceRow, group: string): string {
  const root = group === "v1" ? "/api/v1" : `/apis/${group}`;
  if (only === undefined) return `${root}/${plural}`;
  const field = encodeURIComponent(`metadata.name=${only.name}`);
  return `${root}/namespaces/${encodeURIComponent(only.namespace)}/${plural}?fieldSelector=${field}`;
}

/**
 * The object as a resource: with the kind and version that items of a list may leave out, and without what is large
 * and means nothing here (who wrote which field; a node's images and conditions).
 */
export function resourceOf({ kind }: ResourceRow, group: string, object: JsonValue): JsonValue {
  const whole = { apiVersion: group, kind, ...objectOf(object) };
  const { managedFields: _, ...metadata } = objectOf(object, "metadata");
  const lean = { ...whole, metadata };
  if (kind === "CalicoNodeStatus") return { ...lean, status: {} }; // its routes may be thousands
  return kind === "Node" ? { ...lean, status: { addresses: memberOf(object, "status", "addresses") ?? [] } } : lean;
}
