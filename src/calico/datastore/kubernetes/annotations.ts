/** What a Calico node is, as annotations of Kubernetes' Node: calico.md 1.3. */

import { parsedJson } from "../../../config/json.ts";
import type { JsonValue } from "../../../config/json.ts";
import type { CalicoNode } from "../../resources/model.ts";
import { nodeAddressText } from "../../resources/scalars.ts";
import { memberOf, objectOf, textOf } from "../../resources/raw.ts";

const PREFIX = "projectcalico.org/";

/** The annotations that the Node needs to say all that is given; none of those that say it already. */
export function annotationsOf(node: CalicoNode, object: JsonValue): Readonly<Record<string, string>> {
  const { ipv4, ipv6, asNumber, routeReflectorClusterId } = node;
  const given: Readonly<Record<string, string | undefined>> = {
    IPv4Address: ipv4 && nodeAddressText(ipv4), IPv6Address: ipv6 && nodeAddressText(ipv6),
    ASNumber: asNumber === undefined ? undefined : String(asNumber),
    RouteReflectorClusterID: routeReflectorClusterId,
    labels: labelsText(node, object),
  };
  const found: Record<string, string> = {};
  for (const [name, text] of Object.entries(given)) {
    const isSaid = text === undefined || textOf(object, "metadata", "annotations", PREFIX + name) === text;
    if (!isSaid) found[PREFIX + name] = text;
  }
  return found;
}

/** Calico's own labels with ours; undefined where they have them. Kubernetes' own labels win, so there ours is idle. */
function labelsText({ labels }: CalicoNode, object: JsonValue): string | undefined {
  const before = objectOf(parsedJson(textOf(object, "metadata", "annotations", `${PREFIX}labels`)));
  const missing = [...labels].filter(([key, value]) =>
    before[key] !== value && memberOf(object, "metadata", "labels", key) === undefined);
  return missing.length === 0 ? undefined : JSON.stringify({ ...before, ...Object.fromEntries(missing) });
}
