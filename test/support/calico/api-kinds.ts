/** The kinds that the API server of the tests has, and how it says so: discovery, plain and aggregated. */

import type { JsonObject } from "../../../src/config/json.ts";

/** One kind in one version of the API. */
export interface ApiKind {
  /** `v1`, `discovery.k8s.io/v1`, … */
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  /** Has a status subresource. */
  readonly hasStatus: boolean;
}

const kind = (group: string, name: string, plural: string, words = ""): ApiKind => ({
  group, kind: name, plural, isNamespaced: words.includes("namespaced"), hasStatus: words.includes("status"),
});

const BUILT_IN: readonly ApiKind[] = [
  kind("v1", "Node", "nodes", "status"),
  kind("v1", "Namespace", "namespaces"),
  kind("v1", "Secret", "secrets", "namespaced"),
  kind("v1", "Service", "services", "namespaced status"),
  kind("v1", "ServiceAccount", "serviceaccounts", "namespaced"),
  kind("v1", "ConfigMap", "configmaps", "namespaced"),
  kind("apps/v1", "DaemonSet", "daemonsets", "namespaced status"),
  kind("rbac.authorization.k8s.io/v1", "Role", "roles", "namespaced"),
  kind("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", "namespaced"),
  kind("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles"),
  kind("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings"),
  kind("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "namespaced"),
];

/** Calico's kinds in one of its groups. */
const ofCalico = (group: string): readonly ApiKind[] => [
  kind(group, "BGPPeer", "bgppeers"),
  kind(group, "BGPConfiguration", "bgpconfigurations"),
  kind(group, "BGPFilter", "bgpfilters"),
  kind(group, "IPPool", "ippools"),
  kind(group, "BlockAffinity", "blockaffinities"),
  kind(group, "CalicoNodeStatus", "caliconodestatuses", "status"),
  kind(group, "FelixConfiguration", "felixconfigurations"),
  kind(group, "IPAMBlock", "ipamblocks"),
  group.startsWith("crd.") ? kind(group, "IPAMConfig", "ipamconfigs")
    : kind(group, "IPAMConfiguration", "ipamconfigurations"),
];

/** Everything that is served with these groups of Calico's. */
export function apiKinds(calicoGroups: readonly string[]): readonly ApiKind[] {
  return [...BUILT_IN, ...calicoGroups.flatMap(ofCalico)];
}

const VERBS = ["create", "delete", "get", "list", "patch", "update", "watch"];
const STATUS_VERBS = ["get", "patch", "update"];
const groupName = (group: string): string => (group.includes("/") ? group.slice(0, group.indexOf("/")) : "");
const versionName = (group: string): string => group.slice(group.indexOf("/") + 1);

/** The document at a path of discovery; undefined where there is none. */
export function discovery(path: string, kinds: readonly ApiKind[]): JsonObject | undefined {
  const groups = [...new Set(kinds.map(({ group }) => group))].filter((group) => group !== "v1");
  if (path === "/version") return { major: "1", minor: "30", gitVersion: "v1.30.0" };
  if (path === "/api") return { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] };
  if (path === "/apis") {
    return { kind: "APIGroupList", apiVersion: "v1", groups: groups.map((group) => {
      const version = { groupVersion: group, version: versionName(group) };
      return { name: groupName(group), versions: [version], preferredVersion: version };
    }) };
  }
  const group = path === "/api/v1" ? "v1" : path.startsWith("/apis/") ? path.slice("/apis/".length) : "";
  const ofGroup = kinds.filter((each) => each.group === group);
  return ofGroup.length === 0 ? undefined
    : { kind: "APIResourceList", apiVersion: "v1", groupVersion: group, resources: ofGroup.flatMap(resources) };
}

function resources({ kind: name, plural, isNamespaced, hasStatus }: ApiKind): readonly JsonObject[] {
  const whole = { name: plural, singularName: name.toLowerCase(), namespaced: isNamespaced, kind: name, verbs: VERBS };
  const status = { name: `${plural}/status`, singularName: "", namespaced: isNamespaced, kind: name,
    verbs: STATUS_VERBS };
  return hasStatus ? [whole, status] : [whole];
}

/** The type of the aggregated form in the version that is accepted; undefined where none is. */
export function aggregatedType(accept: string): { readonly type: string; readonly version: string } | undefined {
  const [, version] = /g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList/.exec(accept) ?? [];
  return version === undefined ? undefined
    : { type: `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`, version };
}

/** Aggregated discovery of /api or /apis. */
export function aggregated(path: "/api" | "/apis", version: string, kinds: readonly ApiKind[]): JsonObject {
  const isAsked = (group: string): boolean => (group === "v1") === (path === "/api");
  const groups = [...new Set(kinds.map(({ group }) => group))].filter(isAsked);
  return {
    kind: "APIGroupDiscoveryList", apiVersion: `apidiscovery.k8s.io/${version}`, metadata: {},
    items: groups.map((group) => ({
      metadata: { name: groupName(group), creationTimestamp: null },
      versions: [{ version: versionName(group), freshness: "Current",
        resources: kinds.filter((each) => each.group === group).map(aggregatedResource) }],
    })),
  };
}

function aggregatedResource({ group, kind: name, plural, isNamespaced, hasStatus }: ApiKind): JsonObject {
  const responseKind = { group: groupName(group), version: versionName(group), kind: name };
  const subresources: JsonObject = !hasStatus ? {}
    : { subresources: [{ subresource: "status", responseKind, verbs: STATUS_VERBS }] };
  return {
    resource: plural, responseKind, scope: isNamespaced ? "Namespaced" : "Cluster",
    singularResource: name.toLowerCase(), verbs: VERBS,
    ...subresources,
  };
}
