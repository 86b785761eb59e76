/** What a Calico node is, in the Node that etcd holds: calico.md 2.1. */

import type { JsonObject, JsonValue } from "../../../config/json.ts";
import type { CalicoNode } from "../../resources/model.ts";
import { objectOf } from "../../resources/raw.ts";
import { nodeAddressText } from "../../resources/scalars.ts";

/** The Node with all that is given; without one, a new one. What else stands in it stays. */
export function nodeWith(node: CalicoNode, found: JsonValue | undefined): JsonObject {
  const { name, ipv4, ipv6, asNumber, routeReflectorClusterId } = node;
  const [metadata, spec] = [objectOf(found, "metadata"), objectOf(found, "spec")];
  const labels = { ...objectOf(metadata, "labels"), ...Object.fromEntries(node.labels) };
  return {
    ...objectOf(found), kind: "Node", apiVersion: "projectcalico.org/v3",
    metadata: { ...metadata, name, ...(node.labels.size === 0 ? {} : { labels }) },
    spec: { ...spec, bgp: {
      ...objectOf(spec, "bgp"),
      ...(ipv4 === undefined ? {} : { ipv4Address: nodeAddressText(ipv4) }),
      ...(ipv6 === undefined ? {} : { ipv6Address: nodeAddressText(ipv6) }),
      ...(asNumber === undefined ? {} : { asNumber }),
      ...(routeReflectorClusterId === undefined ? {} : { routeReflectorClusterID: routeReflectorClusterId }),
    } },
  };
}
