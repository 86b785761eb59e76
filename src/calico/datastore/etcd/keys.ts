/**
 * Calico's resources in etcd: which key is which resource, and what is read. A key says kind and name, whatever its
 * value says. Block affinities stand among IPAM's own keys and become the resource that they are elsewhere.
 */

import { isJsonObject, parsedJson } from "../../../config/json.ts";
import type { JsonObject, JsonValue } from "../../../config/json.ts";
import { objectOf } from "../../resources/raw.ts";
import type { DatastoreEvent } from "../datastore.ts";
import type { Entry, KeyEvent } from "./messages.ts";

const RESOURCES = "/calico/resources/v3/projectcalico.org/";
const AFFINITIES = "/calico/ipam/v2/host/";
/** Node, family, and a network whose length is after the last dash. */
const AFFINITY = /^\/calico\/ipam\/v2\/host\/([^/]+)\/ipv[46]\/block\/([^/]+)-([0-9]{1,3})$/;
const BLOCKS = "/calico/ipam/v2/assignment/";
/** Family, and the network as above. */
const BLOCK = /^\/calico\/ipam\/v2\/assignment\/ipv[46]\/block\/([^/]+)-([0-9]{1,3})$/;
const IPAM_CONFIGURATION = "/calico/ipam/v2/config";
const API_VERSION = "projectcalico.org/v3";

/** Kinds as their keys have them. Kubernetes' own and those with namespaces are not for BGP, and not here. */
const PLURALS: Readonly<Record<string, string>> = {
  Node: "nodes",
  BGPPeer: "bgppeers",
  BGPConfiguration: "bgpconfigurations",
  BGPFilter: "bgpfilters",
  IPPool: "ippools",
  CalicoNodeStatus: "caliconodestatuses",
  ClusterInformation: "clusterinformations",
  FelixConfiguration: "felixconfigurations",
  IPAMConfig: "ipamconfigs",
};
const KINDS: ReadonlyMap<string, string> = new Map(Object.entries(PLURALS).map(([kind, plural]) => [plural, kind]));

/** What address management keeps, in its own way, and nobody else writes. */
const OF_IPAM: Readonly<Record<string, string>> = {
  BlockAffinity: AFFINITIES, IPAMBlock: BLOCKS, IPAMConfiguration: IPAM_CONFIGURATION,
};

/** What BGP needs and has a key of its kind. */
const KEYED_KINDS: readonly string[] = ["Node", "BGPPeer", "BGPConfiguration", "BGPFilter", "IPPool"];
/** What BGP needs and etcd has. */
export const READ_KINDS: readonly string[] = [...KEYED_KINDS, "BlockAffinity"];

/**
 * Key prefixes of what is read, and of more kinds; of block affinities only the node's own, or all where it is
 * undefined. Each kind has its own, as in the roles that Calico's documentation gives its users: a wider range would be
 * refused.
 */
export function prefixesOf(nodeName: string | undefined, kinds: readonly string[] = []): readonly string[] {
  const affinities = nodeName === undefined ? AFFINITIES : `${AFFINITIES}${nodeName}/`;
  return [...[...KEYED_KINDS, ...kinds].map((kind) => `${RESOURCES}${PLURALS[kind]}/`), affinities];
}

/** Where all of a kind stand; undefined for kinds that etcd does not have. */
export function prefixOf(kind: string): string | undefined {
  if (Object.hasOwn(OF_IPAM, kind)) return OF_IPAM[kind];
  return Object.hasOwn(PLURALS, kind) ? `${RESOURCES}${PLURALS[kind]}/` : undefined;
}

/** What a key stands for. */
export interface Identity {
  readonly kind: string;
  readonly name: string;
}

/** The key of a resource; undefined for kinds that are not written, and for what is no name. */
export function keyOf({ kind, name }: Identity): string | undefined {
  const plural = Object.hasOwn(PLURALS, kind) ? PLURALS[kind] : undefined;
  return plural === undefined || !/^[^/\s]+$/.test(name) ? undefined : `${RESOURCES}${plural}/${name}`;
}

/** What stands at a key; undefined where it is nothing of ours. */
export function identityOf(key: string): Identity | undefined {
  const affinity = affinityOf(key);
  if (affinity !== undefined) return { kind: "BlockAffinity", name: `${affinity.node}-${dashed(affinity.cidr)}` };
  const [, address, length] = BLOCK.exec(key) ?? [];
  if (address !== undefined) return { kind: "IPAMBlock", name: dashed(`${address}/${length}`) };
  if (key === IPAM_CONFIGURATION) return { kind: "IPAMConfiguration", name: "default" };
  if (!key.startsWith(RESOURCES)) return undefined;
  const [plural = "", name = "", ...more] = key.slice(RESOURCES.length).split("/");
  const kind = KINDS.get(plural);
  return kind === undefined || name === "" || more.length > 0 ? undefined : { kind, name };
}

/** The resource at a key; undefined where there is nothing of ours. */
export function resourceOf(entry: Entry): JsonValue | undefined {
  const identity = identityOf(entry.key);
  return identity === undefined ? undefined : resourceAs(identity, entry);
}

/**
 * A value that cannot be read becomes a resource whose spec is that text, so that it is reported by its name, and left
 * out, like any other mistake.
 */
function resourceAs({ kind, name }: Identity, { key, value, modRevision }: Entry): JsonValue {
  const stored = parsedJson(value);
  const content: JsonObject = isJsonObject(stored) ? contentOf(key, stored) : { spec: value };
  const metadata = { ...objectOf(content, "metadata"), name, resourceVersion: modRevision };
  return { ...content, apiVersion: API_VERSION, kind, metadata };
}

function contentOf(key: string, stored: JsonObject): JsonObject {
  if (key.startsWith(BLOCKS)) return { spec: stored };
  if (key === IPAM_CONFIGURATION) return { spec: ipamConfigurationOf(stored) };
  const affinity = affinityOf(key);
  if (affinity === undefined) return stored;
  const { state = "", deleted = false } = stored;
  return { spec: { ...affinity, type: "host", state, deleted } };
}

function ipamConfigurationOf({ strict_affinity, auto_allocate_blocks, maxBlocksPerHost }: JsonObject): JsonObject {
  return { strictAffinity: strict_affinity ?? false, autoAllocateBlocks: auto_allocate_blocks ?? false,
    maxBlocksPerHost: maxBlocksPerHost ?? 0 };
}

/** A network as names have it. */
function dashed(cidr: string): string {
  return cidr.replace(/[.:/]/g, "-");
}

function affinityOf(key: string): { readonly node: string; readonly cidr: string } | undefined {
  const [, node, address, length] = AFFINITY.exec(key) ?? [];
  return node === undefined ? undefined : { node, cidr: `${address}/${length}` };
}

/** What keys' changes mean, in their order; puts that follow each other are one event. */
export function eventsOf(changes: readonly KeyEvent[]): readonly DatastoreEvent[] {
  const told: DatastoreEvent[] = [];
  let resources: JsonValue[] = [];
  const flush = (): void => {
    if (resources.length > 0) told.push({ kind: "put", resources });
    resources = [];
  };
  for (const { isRemoval, entry } of changes) {
    const identity = identityOf(entry.key);
    if (identity === undefined) continue;
    if (!isRemoval) {
      resources.push(resourceAs(identity, entry));
      continue;
    }
    flush();
    told.push({ kind: "removed", resourceKind: identity.kind, name: identity.name });
  }
  flush();
  return told;
}
