/** `calico`: the keys of Calico mode. */

import { below } from "./fault.ts";
import { PROGRAM_CLUSTER_ROUTES } from "./intent.ts";
import { defaulted, fault, list, object, optional } from "./kind.ts";
import type { At, Check, Keys, Kind } from "./kind.ts";
import { asNumber, flag, holdTime, identifier, nodeAddress, oneOf, path, text } from "./scalars.ts";
import type { CalicoNodeSettings, CalicoSection, EtcdSettings } from "./settings.ts";

const labels: Kind<ReadonlyMap<string, string>> = {
  schema: { type: "object", additionalProperties: { type: "string" } },
  read(at) {
    if (at.node.type !== "object") return fault(at, "expected labels", 'write { "key": "value" }');
    const found = new Map<string, string>();
    for (const member of at.node.members) {
      const value = text(63, "a label", 0).read({ ...at, node: member.value, path: below(at.path, member.name) });
      if (value !== undefined) found.set(member.name, value);
    }
    return found;
  },
};

const endpoint: Kind<string> = {
  schema: { type: "string", pattern: "^https?://[^@/]+/?$" },
  read(at: At) {
    const given = text(1024, "an endpoint").read(at);
    if (given === undefined || /^https?:\/\/[^@/?#\s]+\/?$/.test(given)) return given;
    return fault(at, "an endpoint that is no plain URL", 'write "https://host:2379"; name and password have own keys');
  },
};

const ETCD: Keys<EtcdSettings> = {
  endpoints: defaulted(list(endpoint, "endpoints"), [], "URLs of etcd (ETCD_ENDPOINTS)"),
  ca: optional(path, "ETCD_CA_CERT_FILE", "File with the authority's certificate"),
  cert: optional(path, "ETCD_CERT_FILE", "File with our certificate"),
  key: optional(path, "ETCD_KEY_FILE", "File with our key"),
  username: optional(text(255, "a name"), "none", "Name of the user"),
  passwordFile: optional(path, "none", "File with the user's password"),
};

const ETCD_CHECKS: readonly Check<EtcdSettings>[] = [
  {
    keys: ["username", "passwordFile"],
    broken: ({ username, passwordFile }) => (username === undefined) !== (passwordFile === undefined),
    what: "username and passwordFile go together", todo: "give both or none",
  },
  {
    keys: ["cert", "key"], broken: ({ cert, key }) => (cert === undefined) !== (key === undefined),
    what: "cert and key go together", todo: "give both or none",
  },
];

const NODE: Keys<CalicoNodeSettings> = {
  ipv4Address: optional(nodeAddress(4), "none", "IPv4 address, with or without the length of its network"),
  ipv6Address: optional(nodeAddress(16), "none", "IPv6 address, with or without the length of its network"),
  asNumber: optional(asNumber, "that of the BGPConfiguration", "AS number"),
  routeReflectorClusterID: optional(identifier, "none: no route reflector", "Cluster id"),
  labels: defaulted(labels, new Map<string, string>(), "Labels that selectors see"),
};

const CALICO: Keys<CalicoSection> = {
  datastore: optional(oneOf(["kubernetes", "etcd", "files"]), "files where they are given, else DATASTORE_TYPE",
    "Where Calico's resources are"),
  files: defaulted(list(path, "paths"), [], "Files and folders of resources"),
  kubeconfig: optional(path, "KUBECONFIG, else the pod's own account", "File with the access to Kubernetes"),
  etcd: optional(object(ETCD, ETCD_CHECKS), "from the environment", "Access to etcd"),
  nodeName: optional(text(253, "a name"), "NODENAME, else the host's name", "Which node this is"),
  node: optional(
    object(NODE), "the Node resource", "Stands in for the Node of a host that is no Calico node"),
  publishNode: defaulted(flag, false, "Writes node into our Node resource"),
  namespace: optional(text(63, "a name"), "NAMESPACE, else the pod's own", "Namespace of the passwords' Secrets"),
  programClusterRoutes: optional(oneOf(PROGRAM_CLUSTER_ROUTES), "that of the BGPConfiguration",
    "Which pools' routes are ours to write; for a Calico before 3.33 Enabled"),
  holdTimeSeconds: defaulted(holdTime, 240, "Hold time that is offered"),
};

const CHECKS: readonly Check<CalicoSection>[] = [
  {
    // With publishNode the host may say it, or the Node as it is.
    keys: ["node", "publishNode"],
    broken: ({ node, publishNode }) =>
      node !== undefined && !publishNode && node.ipv4Address === undefined && node.ipv6Address === undefined,
    what: "a node without an address has no session", todo: 'add "ipv4Address": "192.0.2.1/24"',
  },
  {
    keys: ["files", "datastore"],
    broken: (calico) => calico.datastore === "files" && calico.files.length === 0,
    what: "datastore files without files", todo: 'add "files": ["PATH"]',
  },
  {
    keys: ["files", "datastore"],
    broken: (calico) => calico.files.length > 0 && (calico.datastore ?? "files") !== "files",
    what: "files have no effect with this datastore", todo: 'remove them, or use "datastore": "files"',
  },
  {
    keys: ["publishNode", "node"], broken: ({ publishNode, node }) => publishNode && node === undefined,
    what: "publishNode without node: there is nothing to write", todo: 'add "node": { "ipv4Address": "192.0.2.1/24" }',
  },
  {
    keys: ["publishNode", "files"], broken: ({ publishNode, files }) => publishNode && files.length > 0,
    what: "publishNode with files, which the daemon does not write", todo: "write the Node into them",
  },
];

/** The kind of `calico`. */
export const calico: Kind<CalicoSection> = object(CALICO, CHECKS);
