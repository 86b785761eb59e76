/** What a Calico node is, in the Node that etcd holds: calico.md 2.1. */

import type { JsonObject, JsonValue } from "../../../config/json.ts";
import type { CalicoNode } from "../../resources/model.ts";
import { nodeAddressText } from "../../resources/scalars.ts";
import { objectOf } from "./messages.ts";

/** The Node with all that is given; without one, a new one. What else stands in it stays. */
export function nodeWith(node: CalicoNode, found: JsonValue | undefined): JsonObject {
  const { name, ipv4, ipv6, asNumber, routeReflectorClusterId } = node;
  const before = objectOf(found);
  const [metadata, spec] = [objectOf(before["metadata"]), objectOf(before["spec"])];
  const labels = { ...objectOf(metadata["labels"]), ...Object.fromEntries(node.labels) };
  return {
    ...before, kind: "Node", apiVersion: "projectcalico.org/v3",
    metadata: { ...metadata, name, ...(node.labels.size === 0 ? {} : { labels }) },
    spec: { ...spec, bgp: {
      ...objectOf(spec["bgp"]),
      ...(ipv4 === undefined ? {} : { ipv4Address: nodeAddressText(ipv4) }),
      ...(ipv6 === undefined ? {} : { ipv6Address: nodeAddressText(ipv6) }),
      ...(asNumber === undefined ? {} : { asNumber }),
      ...(routeReflectorClusterId === undefined ? {} : { routeReflectorClusterID: routeReflectorClusterId }),
    } },
  };
}
