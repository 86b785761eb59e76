/**
 * A node's whole part in BGP by its cluster's resources: sessions, own routes and filters of both families, as a value
 * to show and as the daemon's intent. One instance follows a cluster through its changes: calico.md sections 3 to 5.
 */

import { given } from "../../base/given.ts";
import { formatPrefix } from "../../base/prefix.ts";
import type { Prefix } from "../../base/prefix.ts";
import type { FilterOperation, FilterRule } from "../../config/intent.ts";
import type { BgpConfiguration, CalicoNode, CalicoResources, CalicoSecret, ResourceFault } from "../resources/model.ts";
import { secretsIn } from "../resources/secret.ts";
import type { ExportFilterView, FamilyView, KernelFilterView, NodeView, OriginatedView } from "./view.ts";
import { isAnnounced, ownBlocks } from "./blocks.ts";
import type { OwnBlock } from "./blocks.ts";
import { Collisions } from "./collisions.ts";
import { Derived } from "./derived.ts";
import { kernelFilter } from "./kernel-filter.ts";
import { exportSteps, normalRoutePriority, SessionPolicies } from "./policies.ts";
import type { ExportStep } from "./policies.ts";
import { serviceRoutes } from "./services.ts";
import type { ServiceRoutes } from "./services.ts";
import { SessionPlan } from "./sessions.ts";
import { addressOf, defaultConfiguration, ourNodeOf, speakerOf } from "./speaker.ts";
import type { CalicoFamily, HostFacts, Speaker } from "./speaker.ts";

/** One family: what is shown, and what the daemon needs besides. */
export interface FamilyPlan {
  readonly view: FamilyView;
  /** As of the last plan. */
  readonly policies: SessionPolicies;
  /** What we announce as our own. */
  readonly originated: readonly Prefix[];
  /** Metric and priority of our own routes: LOCAL_PREF is 2147483647 less it. */
  readonly routePriority: number;
}

/** The node in both families. */
export interface NodePlan {
  readonly view: NodeView;
  /** Undefined: there is no Node of our name (yet), and so no session. */
  readonly speaker: Speaker | undefined;
  readonly families: { readonly ipv4: FamilyPlan; readonly ipv6: FamilyPlan } | undefined;
  /** What passwords are read from, by name. */
  readonly secrets: ReadonlyMap<string, CalicoSecret>;
  /** Patterns of interfaces whose addresses are not announced. */
  readonly ignoredInterfaces: readonly string[];
  /** How much calico-node would log: our own node's word before the cluster's; undefined: nobody says. */
  readonly logSeverity: BgpConfiguration["logSeverityScreen"];
  /** What is wrong with resources beside each other; the view has it too. */
  readonly collisions: readonly ResourceFault[];
}

/** Follows one node. What a change of the resources does not concern stays the same object from plan to plan. */
export class NodeTranslation {
  readonly #host: HostFacts;
  readonly #ipv4: FamilyTranslation;
  readonly #ipv6: FamilyTranslation;
  readonly #own = new Derived<CalicoNode | undefined>();
  readonly #secrets = new Derived<ReadonlyMap<string, CalicoSecret>>();
  readonly #collisions = new Collisions();

  constructor(host: HostFacts) {
    this.#host = host;
    this.#ipv4 = new FamilyTranslation(host, "ipv4");
    this.#ipv6 = new FamilyTranslation(host, "ipv6");
  }

  /** The plan for these resources; `unread` are the faults of reading them. */
  plan(resources: CalicoResources, unread: readonly ResourceFault[]): NodePlan {
    const node = this.#host.nodeName;
    const found = resources.nodes.get(node);
    const own = this.#own.of([found], () => ourNodeOf(this.#host.ownNode, found));
    const speaker = own && speakerOf(resources, this.#host, own);
    const secrets = this.#secrets.of([resources.secrets],
      () => secretsIn(this.#host.secretNamespace, resources.secrets));
    const { ignoredInterfaces, logSeverityScreen } = defaultConfiguration(resources);
    const collisions = this.#collisions.of(resources);
    const faults = [...unread, ...collisions];
    const logSeverity = resources.configurations.get(`node.${node}`)?.logSeverityScreen ?? logSeverityScreen;
    const common = { speaker, secrets, ignoredInterfaces, logSeverity, collisions };
    if (speaker === undefined) {
      const why = "no such Node: no session until there is one, or until calico.node says who we are";
      return { ...common, families: undefined, view: {
        node, families: { ipv4: ABSENT, ipv6: ABSENT },
        faults: [...faults, { kind: "Node", name: node, field: "", why }],
      } };
    }
    const families = { ipv4: this.#ipv4.plan(resources, speaker), ipv6: this.#ipv6.plan(resources, speaker) };
    return { ...common, families,
      view: { node, families: { ipv4: families.ipv4.view, ipv6: families.ipv6.view }, faults } };
  }
}

/** Routes of our own, and the views of them and of the export filter. */
interface Shown {
  readonly prefixes: readonly Prefix[];
  readonly originated: readonly OriginatedView[];
  readonly aggregates: FamilyView["aggregates"];
  readonly exportFilter: readonly ExportFilterView[];
}

/** Follows one family of the node. */
class FamilyTranslation {
  readonly #host: HostFacts;
  readonly #family: CalicoFamily;
  readonly #sessions: SessionPlan;
  readonly #policies: SessionPolicies;
  readonly #services = new Derived<ServiceRoutes>();
  readonly #blocks = new Derived<readonly OwnBlock[]>();
  readonly #steps = new Derived<readonly ExportStep[]>();
  readonly #shown = new Derived<Shown>();
  readonly #kernel = new Derived<readonly KernelFilterView[]>();

  constructor(host: HostFacts, family: CalicoFamily) {
    this.#host = host;
    this.#family = family;
    this.#sessions = new SessionPlan(family);
    this.#policies = new SessionPolicies(family);
  }

  plan(resources: CalicoResources, speaker: Speaker): FamilyPlan {
    const family = this.#family;
    const { configurations, affinities, pools, filters, nodes } = resources;
    const { node, isNode } = speaker;
    const services = this.#services.of([configurations, resources.services, resources.endpointSlices, node],
      () => serviceRoutes(resources, speaker, family, this.#host));
    const blocks = this.#blocks.of([affinities, node],
      () => ownBlocks(resources, speaker, family, this.#host.usePodCidr));
    const steps = this.#steps.of([configurations, pools, node, blocks, services],
      () => exportSteps({ resources, speaker, family, blocks, services }));
    const shown = this.#shown.of([blocks, services, steps, isNode], () => shownOf(blocks, services, steps, isNode));
    const kernel = this.#kernel.of(
      [configurations, pools, node, services, node.wireguard[family] ? nodes : undefined],
      () => kernelFilter(resources, speaker, family, services));
    this.#policies.follow(filters, steps);
    return {
      policies: this.#policies, originated: shown.prefixes, routePriority: normalRoutePriority(resources, family),
      view: {
        ...speakerView(speaker, family),
        peers: this.#sessions.sessions(resources, speaker),
        originated: shown.originated, aggregates: shown.aggregates, exportFilter: shown.exportFilter,
        kernelFilter: kernel,
      },
    };
  }
}

/** A host that is no Node forwards nothing to services, and so it must not announce them. */
function shownOf(
  blocks: readonly OwnBlock[], services: ServiceRoutes, steps: readonly ExportStep[], isNode: boolean,
): Shown {
  const routes = [
    ...blocks.filter(isAnnounced).map(({ cidr, reason }) => ({ prefix: cidr, kind: "block" as const, reason })),
    ...(isNode ? services.announced : []),
  ];
  return {
    prefixes: routes.map(({ prefix }) => prefix),
    originated: routes.map((route): OriginatedView => ({ ...route, prefix: formatPrefix(route.prefix) })),
    aggregates: blocks.map(({ cidr, state }) => ({ prefix: formatPrefix(cidr), state })),
    exportFilter: steps.map(stepView),
  };
}

const ABSENT: FamilyView = {
  enabled: false, routerId: null, localAs: 0, listen: { address: "", port: 0 }, mesh: false, peers: [], originated: [],
  aggregates: [], exportFilter: [], kernelFilter: [],
};

function speakerView(
  speaker: Speaker, family: CalicoFamily,
): Pick<FamilyView, "enabled" | "routerId" | "localAs" | "listen" | "mesh"> {
  const address = addressOf(speaker.node, family)?.address;
  const wildcard = family === "ipv4" ? "0.0.0.0" : "::";
  return {
    enabled: address !== undefined,
    routerId: speaker.routerId ?? null,
    localAs: speaker.asNumber,
    listen: { address: speaker.bindToNode ? address ?? wildcard : wildcard, port: speaker.listenPort },
    mesh: speaker.meshEnabled && speaker.clusterId === undefined,
  };
}

function stepView({ step, rule }: ExportStep): ExportFilterView {
  const { action, cidr, matchOperator, interface: device, peerType, priorityBelow, operations } = rule;
  return given({
    step, action, cidr: cidr === undefined ? undefined : formatPrefix(cidr), matchOperator, interface: device, peerType,
    priorityBelow, communities: communitiesOf(operations),
  });
}

function communitiesOf(operations: FilterRule["operations"]): readonly string[] | undefined {
  return operations?.filter((operation): operation is Extract<FilterOperation, { do: "addCommunity" }> =>
    operation.do === "addCommunity").map(({ community }) => community.join(":"));
}
