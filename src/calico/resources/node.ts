/** Node: Calico's own, and core/v1's with Calico's annotations (calico.md 1.3, 2.1). */

import { parseIpv4 } from "../../base/address.ts";
import { parsedJson } from "../../config/json.ts";
import type { CalicoNode } from "./model.ts";
import type { Envelope } from "./envelope.ts";
import { Fields, keepsBefore } from "./fields.ts";
import { asNumberOf, nodeAddressOf, whyNoPeer } from "./scalars.ts";

const PREFIX = "projectcalico.org/";

/** What sessions hang on, and how both forms name it. */
const FIELDS: readonly (readonly [key: keyof CalicoNode, names: RegExp])[] = [
  ["ipv4", /^spec\.bgp\.ipv4Address$|\/IPv4Address$/],
  ["ipv6", /^spec\.bgp\.ipv6Address$|\/IPv6Address$/],
  ["asNumber", /^spec\.bgp\.asNumber$|\/ASNumber$/],
  ["routeReflectorClusterId", /^spec\.bgp\.routeReflectorClusterID$|\/RouteReflectorClusterID$/],
];
const LABELS = /^metadata\.(labels|annotations\.projectcalico\.org\/labels)(\.|$)/;

/**
 * A node of either form. Calico's own form stands in etcd and files; Kubernetes has none. A field that is wrong counts
 * as it was `before`: a slip in an address or a cluster id would end sessions, a reflector's all. Undefined where all
 * of a node that was there is wrong.
 */
export function readNode(envelope: Envelope, before: CalicoNode | undefined): CalicoNode | undefined {
  const { faults } = envelope.root;
  const read = envelope.apiVersion === "v1" ? fromKubernetes(envelope) : fromCalico(envelope);
  if (before === undefined || faults.length === 0) return read;
  if (faults.some(({ field }) => field === "spec" || field === "spec.bgp")) return undefined;
  const kept = FIELDS.filter(([, names]) => keepsBefore(faults, 0, (field) => names.test(field)));
  const labels = keepsBefore(faults, 0, (field) => LABELS.test(field)) ? new Map([...before.labels, ...read.labels])
    : read.labels;
  return { ...read, labels, ...Object.fromEntries(kept.map(([key]) => [key, before[key]])) };
}

function fromCalico({ name, labels, root }: Envelope): CalicoNode {
  const spec = root.object("spec");
  const bgp = spec.object("bgp");
  if (spec.raw("bgp") !== undefined && bgp.isEmpty) spec.fault("bgp", "is empty");
  const wireguard = spec.object("wireguard");
  return {
    name, labels, asNumber: bgp.asNumber("asNumber"),
    ipv4: nodeAddress(bgp, "ipv4Address", 4), ipv6: nodeAddress(bgp, "ipv6Address", 16),
    routeReflectorClusterId: clusterId(bgp, "routeReflectorClusterID"),
    wireguard: { ipv4: wireguard.has("interfaceIPv4Address"), ipv6: wireguard.has("interfaceIPv6Address") },
    podCidrs: [],
  };
}

/** What an annotation says wrongly counts as absent, and is reported. */
function fromKubernetes({ name, labels, annotations, root }: Envelope): CalicoNode {
  const notes = new Fields(Object.fromEntries([...annotations].filter(([key]) => key.startsWith(PREFIX))),
    "metadata.annotations", root.faults);
  const asNumber = notes.text(`${PREFIX}ASNumber`);
  return {
    name, labels: effectiveLabels(labels, notes),
    ipv4: nodeAddress(notes, `${PREFIX}IPv4Address`, 4), ipv6: nodeAddress(notes, `${PREFIX}IPv6Address`, 16),
    asNumber: asNumber === undefined ? undefined : noZero(asNumberOf(asNumber)
      ?? notes.fault(`${PREFIX}ASNumber`, `expected an AS number, found "${asNumber}"; it was ignored`)),
    routeReflectorClusterId: clusterId(notes, `${PREFIX}RouteReflectorClusterID`),
    wireguard: { ipv4: notes.has(`${PREFIX}IPv4WireguardInterfaceAddr`),
      ipv6: notes.has(`${PREFIX}IPv6WireguardInterfaceAddr`) },
    podCidrs: podCidrs(root.object("spec")),
  };
}

/** Calico's own labels (an annotation with JSON) under Kubernetes'. */
function effectiveLabels(kubernetes: ReadonlyMap<string, string>, notes: Fields): ReadonlyMap<string, string> {
  const key = `${PREFIX}labels`;
  const text = notes.text(key);
  if (text === undefined) return kubernetes;
  const value = parsedJson(text);
  if (value === undefined) notes.fault(key, "is no JSON object; it was ignored");
  const own = new Fields({ [key]: value }, "metadata.annotations", notes.faults).textsByKey(key);
  return new Map([...own, ...kubernetes]);
}

function nodeAddress(fields: Fields, key: string, octets: 4 | 16): CalicoNode["ipv4"] {
  const text = fields.text(key);
  if (text === undefined) return undefined;
  const family = octets === 4 ? "IPv4" : "IPv6";
  const read = nodeAddressOf(text);
  if (read?.network.address.length !== octets) {
    return fields.fault(key, `expected an ${family} address, alone or with the length of its network, found "${text}"`);
  }
  const why = whyNoPeer(read.address);
  return why === undefined ? read : fields.fault(key, `${read.address} is ${why}`);
}

function clusterId(fields: Fields, key: string): string | undefined {
  const text = fields.text(key);
  if (text === undefined || (parseIpv4(text) ?? 0) !== 0) return text;
  return fields.fault(key, `expected a cluster id such as 244.0.0.1, found "${text}"`);
}

function podCidrs(spec: Fields): CalicoNode["podCidrs"] {
  const texts = spec.has("podCIDRs") ? spec.texts("podCIDRs") : [spec.text("podCIDR") ?? ""];
  return texts.map((text) => nodeAddressOf(text)?.network).filter((cidr) => cidr !== undefined);
}

function noZero(asNumber: number | undefined): number | undefined {
  return asNumber === 0 ? undefined : asNumber;
}
