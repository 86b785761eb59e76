/**
 * What our node tells and takes, as rules: Calico's export filter in its order, and a session's BGPFilters before it.
 * calico.md 4.4, 4.5 and 5. Sessions with the same BGPFilters get the same Policy, and so share an update group.
 */

import { formatPrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import { sameValue } from "../../base/same.ts";
import type { FilterRule, Policy } from "../../config/intent.ts";
import type { CalicoResources, IpPool, PrefixAdvertisement } from "../resources/model.ts";
import type { OwnBlock } from "./blocks.ts";
import type { ServiceRoutes } from "./services.ts";
import { compareText, defaultConfiguration, octetsOf } from "./speaker.ts";
import type { CalicoFamily, Speaker } from "./speaker.ts";

/** A rule and the step of calico.md 4.5 that it is. */
export interface ExportStep {
  readonly step: string;
  readonly rule: FilterRule;
}

/** What the export filter depends on. */
export interface ExportBasis {
  readonly resources: CalicoResources;
  readonly speaker: Speaker;
  readonly family: CalicoFamily;
  readonly blocks: readonly OwnBlock[];
  readonly services: ServiceRoutes;
}

/** The priority (and metric) of our own ordinary routes: calico.md 4.2. */
export function normalRoutePriority(resources: CalicoResources, family: CalicoFamily): number {
  const { ipv4NormalRoutePriority, ipv6NormalRoutePriority } = defaultConfiguration(resources);
  return family === "ipv4" ? ipv4NormalRoutePriority : ipv6NormalRoutePriority;
}

/** Pools in order of the text of their CIDR; of two with one CIDR the lower name counts. */
export function poolsOf(resources: CalicoResources, family: CalicoFamily): readonly IpPool[] {
  const octets = octetsOf(family);
  const byCidr = new Map<string, IpPool>();
  for (const pool of [...resources.pools.values()].sort((a, b) => compareText(a.name, b.name))) {
    const key = formatPrefix(pool.cidr);
    if (pool.cidr.address.length === octets && !byCidr.has(key)) byCidr.set(key, pool);
  }
  return [...byCidr.entries()].sort(([a], [b]) => compareText(a, b)).map(([, pool]) => pool);
}

/** Calico's export filter after the BGPFilters: the first step that accepts or rejects ends it, else reject. */
export function exportSteps(basis: ExportBasis): readonly ExportStep[] {
  const { resources, speaker, family, blocks, services } = basis;
  const pools = poolsOf(resources, family);
  const inside = (step: string, action: "accept" | "reject", cidrs: readonly Prefix[]): ExportStep[] =>
    cidrs.map((cidr) => ({ step, rule: { action, cidr, matchOperator: "In" } }));
  const cidrsOf = (some: readonly IpPool[]): Prefix[] => some.map(({ cidr }) => cidr);
  return [
    ...inside("1 disableBGPExport", "reject", cidrsOf(pools.filter((pool) => pool.disableBgpExport))),
    ...interfaceSteps(speaker),
    ...communitySteps(resources, speaker.node.name, family),
    ...blocks.flatMap((block) => blockSteps(block, normalRoutePriority(resources, family))),
    ...inside("6 service advertised here", "accept", services.announced.map(({ prefix }) => prefix)),
    ...(speaker.clusterId === undefined ? []
      : inside("7 service range of a reflector", "accept", services.reflected)),
    ...inside("8 pool", "accept", cidrsOf(pools)),
  ];
}

/** What the sessions with the same BGPFilters take and tell. */
interface Policies {
  readonly import: Policy;
  readonly export: Policy;
}

/**
 * Policies of sessions; one object for all that have the same BGPFilters. It follows the resources from plan to plan,
 * and a policy that comes out as it was stays the object that it was: nobody's routes are then judged again.
 */
export class SessionPolicies {
  readonly #family: "ipv4-unicast" | "ipv6-unicast";
  #filters: CalicoResources["filters"] | undefined;
  #steps: readonly ExportStep[] = [];
  #known: Map<string, Policies> = new Map();
  /** Those by the filters and steps before these. */
  #before: ReadonlyMap<string, Policies> = new Map();

  constructor(family: CalicoFamily) {
    this.#family = `${family}-unicast`;
  }

  /** Another object where some policy may be another one. */
  get version(): object {
    return this.#known;
  }

  /** Follows the BGPFilters and Calico's own steps. */
  follow(filters: CalicoResources["filters"], steps: readonly ExportStep[]): void {
    if (filters === this.#filters && steps === this.#steps) return;
    this.#filters = filters;
    this.#steps = steps;
    this.#before = this.#known;
    this.#known = new Map();
  }

  /** Import: the BGPFilters, then accept. Export: the BGPFilters, Calico's own steps, then reject. */
  of(filters: readonly string[]): Policies {
    const key = filters.join(",");
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const before = this.#before.get(key);
    const policies = {
      import: kept(before?.import, { default: "accept", missing: false, rules: this.#rules(filters, "import") }),
      export: kept(before?.export, { default: "reject", missing: false,
        rules: [...this.#rules(filters, "export"), ...this.#steps.map(({ rule }) => rule)] }),
    };
    this.#known.set(key, policies);
    return policies;
  }

  #rules(filters: readonly string[], direction: "import" | "export"): FilterRule[] {
    return filters.flatMap((name) => this.#filters?.get(name)?.[direction] ?? [])
      .filter(({ family }) => family === undefined || family === this.#family);
  }
}

function kept(before: Policy | undefined, now: Policy): Policy {
  return before !== undefined && sameValue(before, now) ? before : now;
}

/** Devices of other encapsulations, which other nodes reach by themselves. No route has one while the kernel is off. */
function interfaceSteps({ programs }: Speaker): ExportStep[] {
  const internal = ["*.cali", "*.calico", ...(programs.ipip ? [] : ["tunl0"])];
  return [
    ...internal.map((name): ExportStep => ({ step: "2 device of an overlay",
      rule: { action: "reject", peerType: "iBGP", interface: name } })),
    { step: "3 device of the data plane", rule: { action: "reject", interface: "bpf*.cali" } },
  ];
}

/** Our own node's prefixAdvertisements replace those of `default`, they are not added. */
function communitySteps(resources: CalicoResources, nodeName: string, family: CalicoFamily): ExportStep[] {
  const octets = octetsOf(family);
  const said = resources.configurations.get(`node.${nodeName}`)?.prefixAdvertisements
    ?? defaultConfiguration(resources).prefixAdvertisements ?? [];
  return said.filter(({ cidr }) => cidr.address.length === octets).map(communityStep);
}

function communityStep({ cidr, communities }: PrefixAdvertisement): ExportStep {
  const operations = [...new Set(communities)].sort(compareText)
    .map((text) => ({ do: "addCommunity" as const, community: text.split(":").map(Number) }));
  return { step: "4 prefixAdvertisements", rule: { action: "continue", cidr, matchOperator: "In", operations } };
}

/** A block is told as a whole; what is inside only where it is more urgent than usual (live migration). */
function blockSteps({ cidr, state }: OwnBlock, priorityBelow: number): ExportStep[] {
  if (state !== "confirmed") return [];
  const step = "5 own block";
  return [
    { step, rule: { action: "accept", cidr, matchOperator: "Equal" } },
    { step, rule: { action: "accept", cidr, matchOperator: "In", priorityBelow } },
    { step, rule: { action: "reject", cidr, matchOperator: "In" } },
  ];
}
