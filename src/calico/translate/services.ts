/** Which service ranges and addresses our node announces: calico.md 4.6. */

import { covers, formatPrefix, parsePrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { CalicoResources, CalicoService, EndpointSlice } from "../resources/model.ts";
import { compareText, defaultConfiguration, octetsOf } from "./speaker.ts";
import type { CalicoFamily, HostFacts, Speaker } from "./speaker.ts";

const EXCLUDE_LABEL = "node.kubernetes.io/exclude-from-external-load-balancers";
const ADVERTISED_TYPES: readonly string[] = ["ClusterIP", "NodePort", "LoadBalancer"];

/** Service ranges of one family, and what our node announces of them. */
export interface ServiceRoutes {
  /** All ranges: nobody routes them in the kernel. */
  readonly ranges: readonly Prefix[];
  /** The ranges and addresses we announce; none on an excluded node. */
  readonly announced: readonly { readonly prefix: Prefix; readonly kind: "service-range" | "service-address";
    readonly reason: string }[];
  /** What a reflector passes on though it is in no pool. */
  readonly reflected: readonly Prefix[];
}

interface Ranges {
  readonly cluster: readonly Prefix[];
  readonly external: readonly Prefix[];
  readonly loadBalancer: readonly Prefix[];
  readonly aggregated: boolean;
}

/** Whether there is a range of services: without one no Service means anything. */
export function hasServiceRanges(resources: CalicoResources, host: HostFacts): boolean {
  const { serviceExternalIPs, serviceLoadBalancerIPs } = defaultConfiguration(resources);
  return clusterRanges(resources, host).length + serviceExternalIPs.length + serviceLoadBalancerIPs.length > 0;
}

/** The service routes of a family. */
export function serviceRoutes(
  resources: CalicoResources, speaker: Speaker, family: CalicoFamily, host: HostFacts,
): ServiceRoutes {
  const ranges = rangesOf(resources, family, host);
  const blackholed = [
    ...ranges.cluster, ...ranges.external.filter(isNetwork),
    ...(ranges.aggregated ? ranges.loadBalancer.filter(isNetwork) : []),
  ];
  const reflected = [...ranges.loadBalancer, ...ranges.external];
  if (speaker.node.labels.get(EXCLUDE_LABEL) === "true") return { ranges: blackholed, announced: [], reflected };
  const fromHost = host.serviceClusterIPs ?? [];
  const announced = blackholed.map((prefix) => ({ prefix, kind: "service-range" as const,
    reason: fromHost.includes(prefix) ? "CALICO_ADVERTISE_CLUSTER_IPS" : "BGPConfiguration default" }));
  return { ranges: blackholed, reflected,
    announced: [...announced, ...addressRoutes(resources, ranges, family, host.kubernetesNodeName)] };
}

/** Of both families; the environment goes before the configuration: calico.md 2.2. */
function clusterRanges(resources: CalicoResources, host: HostFacts): readonly Prefix[] {
  return host.serviceClusterIPs ?? defaultConfiguration(resources).serviceClusterIPs;
}

function rangesOf(resources: CalicoResources, family: CalicoFamily, host: HostFacts): Ranges {
  const configuration = defaultConfiguration(resources);
  const octets = octetsOf(family);
  const ofFamily = (prefixes: readonly Prefix[]): readonly Prefix[] =>
    prefixes.filter(({ address }) => address.length === octets);
  return {
    cluster: ofFamily(clusterRanges(resources, host)),
    external: ofFamily(configuration.serviceExternalIPs),
    loadBalancer: ofFamily(configuration.serviceLoadBalancerIPs),
    aggregated: configuration.serviceLoadBalancerAggregation,
  };
}

/** Host routes of services, each once however many services have it. */
function addressRoutes(
  resources: CalicoResources, ranges: Ranges, family: CalicoFamily, nodeName: string,
): ServiceRoutes["announced"] {
  if (ranges.cluster.length + ranges.external.length + ranges.loadBalancer.length === 0) return [];
  const slices = slicesByService(resources);
  const found = new Map<string, ServiceRoutes["announced"][number]>();
  const services = [...resources.services.values()].sort((a, b) => compareText(a.name, b.name));
  for (const service of services) {
    if (!isAdvertised(service, slices.get(service.name) ?? [], ranges, nodeName)) continue;
    for (const prefix of addressesOf(service, ranges, family)) {
      const key = formatPrefix(prefix);
      if (!found.has(key)) found.set(key, { prefix, kind: "service-address", reason: `Service ${service.name}` });
    }
  }
  return [...found.values()];
}

function slicesByService(resources: CalicoResources): Map<string, EndpointSlice[]> {
  const found = new Map<string, EndpointSlice[]>();
  for (const slice of resources.endpointSlices.values()) {
    const same = found.get(slice.service);
    if (same === undefined) found.set(slice.service, [slice]);
    else same.push(slice);
  }
  return found;
}

/** Cases (a), (b) and (c) of calico.md 4.6. */
function isAdvertised(
  service: CalicoService, slices: readonly EndpointSlice[], ranges: Ranges, nodeName: string,
): boolean {
  if (!ADVERTISED_TYPES.includes(service.type) || clusterAddresses(service).length === 0) return false;
  const isLocal = service.externalTrafficPolicy === "Local";
  if (!isLocal && hasSingleAddress(service, ranges)) return true;
  if (!isLocal && ranges.aggregated) return false;
  return slices.some((slice) => service.ipFamilies.includes(slice.addressType as "IPv4" | "IPv6")
    && slice.endpoints.some((endpoint) => endpoint.ready && (!isLocal || endpoint.nodeName === nodeName)));
}

/** An address that a /32 or /128 of the configuration names by itself. */
function hasSingleAddress(service: CalicoService, { external, loadBalancer }: Ranges): boolean {
  const balanced = service.type === "LoadBalancer"
    ? [...service.ingressIPs, ...(service.loadBalancerIP === undefined ? [] : [service.loadBalancerIP])] : [];
  const isSingle = (prefix: Prefix): boolean => !isNetwork(prefix);
  return hostPrefixes(balanced).some((host) => isWithin(host, loadBalancer.filter(isSingle)))
    || hostPrefixes(service.externalIPs).some((host) => isWithin(host, external.filter(isSingle)));
}

function addressesOf(service: CalicoService, ranges: Ranges, family: CalicoFamily): readonly Prefix[] {
  const octets = octetsOf(family);
  return [
    ...(ranges.cluster.length === 0 ? [] : hostPrefixes(clusterAddresses(service))),
    ...hostPrefixes(service.externalIPs).filter((host) => isWithin(host, ranges.external)),
    ...hostPrefixes(service.ingressIPs).filter((host) => isWithin(host, ranges.loadBalancer)),
  ].filter(({ address }) => address.length === octets);
}

/** A headless service has the word None for its address. */
function clusterAddresses({ clusterIPs }: CalicoService): readonly string[] {
  return clusterIPs.filter((address) => address !== "" && address !== "None");
}

function hostPrefixes(addresses: readonly string[]): readonly Prefix[] {
  return addresses.map((address) => parsePrefix(`${address}/${address.includes(":") ? 128 : 32}`))
    .filter((prefix) => prefix !== undefined);
}

function isNetwork({ address, length }: Prefix): boolean {
  return length < address.length * 8;
}

function isWithin(prefix: Prefix, ranges: readonly Prefix[]): boolean {
  return ranges.some((range) => covers(range, prefix));
}
