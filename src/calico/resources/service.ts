/** Service and EndpointSlice, as far as service advertisement reads them: calico.md 4.6. */

import type { CalicoService, EndpointSlice } from "./model.ts";
import type { Envelope } from "./envelope.ts";
import type { Fields } from "./fields.ts";
import { qualifiedName } from "./raw.ts";

const SERVICE_LABEL = "kubernetes.io/service-name";
const TYPES = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] as const;

/** A Service. */
export function readService({ name, namespace, root }: Envelope): CalicoService {
  const spec = root.object("spec");
  const ingress = root.object("status").object("loadBalancer").objects("ingress");
  const clusterIPs = spec.has("clusterIPs") ? spec.texts("clusterIPs") : present([spec.text("clusterIP")]);
  return {
    name: qualifiedName({ namespace, name }),
    type: spec.oneOf("type", TYPES, "ClusterIP"),
    clusterIPs,
    externalIPs: spec.texts("externalIPs"),
    loadBalancerIP: spec.text("loadBalancerIP"),
    ingressIPs: present(ingress.map((entry) => entry.text("ip"))),
    externalTrafficPolicy: spec.oneOf("externalTrafficPolicy", ["Cluster", "Local"], "Cluster"),
    ipFamilies: families(spec, clusterIPs),
  };
}

/** An EndpointSlice; undefined for one that belongs to no Service. */
export function readEndpointSlice({ name, namespace, labels, root }: Envelope): EndpointSlice | undefined {
  const service = labels.get(SERVICE_LABEL);
  if (service === undefined) return undefined;
  return {
    name: qualifiedName({ namespace, name }),
    service: qualifiedName({ namespace, name: service }),
    addressType: root.oneOf("addressType", ["IPv4", "IPv6", "FQDN"], "IPv4"),
    endpoints: root.objects("endpoints").map((endpoint) => ({
      nodeName: endpoint.text("nodeName"),
      // A condition that is absent counts as ready (discovery.k8s.io).
      ready: endpoint.object("conditions").flag("ready", true),
    })),
  };
}

function families(spec: Fields, clusterIPs: readonly string[]): CalicoService["ipFamilies"] {
  if (spec.has("ipFamilies")) {
    return (["IPv4", "IPv6"] as const).filter((family) => spec.texts("ipFamilies").includes(family));
  }
  return [...new Set(clusterIPs.map((address) => address.includes(":") ? "IPv6" as const : "IPv4" as const))];
}

function present(texts: readonly (string | undefined)[]): readonly string[] {
  return texts.filter((text) => text !== undefined);
}
