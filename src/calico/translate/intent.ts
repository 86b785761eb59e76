/**
 * A node's plan as the daemon's intent: one neighbour for each session, one family each, as Calico runs one BIRD for
 * each. Session parameters that Calico fixes are here: calico.md 3.10. A neighbour that has not changed since the last
 * intent stays the same object.
 */

import { parseIpv4 } from "../../base/address.ts";
import { sameValue } from "../../base/same.ts";
import { PRIORITY_BASE } from "../../config/intent.ts";
import type { Intent, ListenAddress, OriginatedRoute, Password, PeerIntent } from "../../config/intent.ts";
import type { SecretKey } from "../resources/model.ts";
import { Derived } from "./derived.ts";
import type { FamilyPlan, NodePlan } from "./node.ts";
import type { SessionPolicies } from "./policies.ts";
import { CALICO_FAMILIES } from "./speaker.ts";
import type { CalicoFamily } from "./speaker.ts";
import type { SessionView } from "./view.ts";

/** What the configuration file adds to the resources. */
export interface IntentSettings {
  /** 240 unless `calico.holdTimeSeconds` says less. */
  readonly holdTimeSeconds: number;
  readonly onStop: "restart" | "shutdown";
  /** In place of the resources' where the file has it; unsigned 32 bits. */
  readonly routerId?: number | undefined;
  /** In place of the resources' where the file has it. */
  readonly listen?: readonly ListenAddress[] | undefined;
}

/** What all neighbours have in common. */
interface Common {
  readonly settings: IntentSettings;
  readonly routerId: number;
}

/** A neighbour, and what it was made of. */
interface Known {
  readonly session: SessionView;
  readonly version: object;
  readonly peer: PeerIntent;
}

/** Makes intents of the plans of one node, one after the other. */
export class IntentPlan {
  readonly #common = new Derived<Common>();
  readonly #peers = new Derived<readonly PeerIntent[]>();
  #knownBy: Common | undefined;
  /** By name. */
  #known: ReadonlyMap<string, Known> = new Map();

  /** The intent; a text instead where there can be none yet, and why. */
  of({ speaker, families, secrets, view }: NodePlan, settings: IntentSettings): Intent | string {
    if (speaker === undefined || families === undefined) return `there is no Node ${view.node}`;
    if (speaker.asNumber === 0) return "spec.asNumber of BGPConfiguration default is no AS number";
    const routerId = settings.routerId ?? parseIpv4(speaker.routerId ?? "");
    if (routerId === undefined || routerId === 0) {
      return `Node ${view.node} has no IPv4 address to be the router id: set CALICO_ROUTER_ID to one, or to hash`;
    }
    const common = this.#common.of([settings, routerId], () => ({ settings, routerId }));
    const { ipv4, ipv6 } = families;
    const enabled = [ipv4, ipv6].filter(({ view: { enabled } }) => enabled);
    return {
      speaker: {
        routerId, asNumber: speaker.asNumber,
        clusterId: parseIpv4(speaker.clusterId ?? "") ?? routerId,
        listen: settings.listen ?? enabled.map(({ view: { listen } }) => listen),
        onStop: settings.onStop,
      },
      peers: this.#peers.of(
        [common, secrets, ipv4.view.peers, ipv4.policies.version, ipv6.view.peers, ipv6.policies.version],
        () => this.#peersOf(families, secrets, common)),
      originated: enabled.flatMap(originatedOf),
    };
  }

  #peersOf(
    families: NonNullable<NodePlan["families"]>, secrets: NodePlan["secrets"], common: Common,
  ): readonly PeerIntent[] {
    const before = common === this.#knownBy ? this.#known : new Map<string, Known>();
    const now = CALICO_FAMILIES.flatMap((family) => {
      const { view, policies } = families[family];
      return view.peers.map((session) => knownOf(before.get(session.name), session, policies,
        passwordOf(session.passwordSecret, secrets), () => peerOf(session, family, common)));
    });
    this.#knownBy = common;
    this.#known = new Map(now.map((known) => [known.session.name, known]));
    return now.map(({ peer }) => peer);
  }
}

function knownOf(
  before: Known | undefined, session: SessionView, policies: SessionPolicies, password: Password | undefined,
  make: () => Omit<PeerIntent, "import" | "export" | "password">,
): Known {
  const { version } = policies;
  const isSame = before?.session === session && sameValue(before.peer.password, password);
  if (isSame && before.version === version) return before;
  const said = policies.of(session.importFilters);
  const staysSame = isSame && before.peer.import === said.import && before.peer.export === said.export;
  return { session, version, peer: staysSame ? before.peer : { ...make(), ...said, password } };
}

/**
 * Undefined where none is asked for. A newline at the end is of the file that the Secret was made from: Calico writes
 * it into bird.cfg, which BIRD then refuses, so no router has a password that ends with one.
 */
function passwordOf(asked: SecretKey | null, secrets: NodePlan["secrets"]): Password | undefined {
  if (asked === null) return undefined;
  const { name, key } = asked;
  if (name === "" || key === "") return { missing: "its secretKeyRef lacks name or key" };
  const text = (secrets.get(name)?.texts.get(key) ?? "").replace(/\r?\n$/, "");
  if (text.includes("\n")) return { missing: `${key} in Secret ${name} has several lines` };
  if (text !== "") return { text };
  return { missing: `no ${secrets.has(name) ? `${key} in ` : ""}Secret ${name}` };
}

function peerOf(
  session: SessionView, family: CalicoFamily, { settings, routerId }: Common,
): Omit<PeerIntent, "import" | "export" | "password"> {
  const isExternal = session.remoteAs !== session.localAs;
  return {
    name: session.name,
    where: { kind: "address", address: session.address, port: session.port },
    description: "", enabled: true,
    type: session.type,
    asNumber: session.remoteAs,
    localAsNumber: session.localAs,
    localAddress: session.sourceAddress ?? undefined,
    passive: session.passive,
    // BIRD 1.6 has no roles, and takes AS_SETs and any first AS from a peer.
    role: undefined, roleStrict: false, enforceFirstAs: false, rejectAsSets: false,
    routeReflectorClient: session.routeReflectorClient,
    clusterId: parseIpv4(session.clusterId ?? "") ?? routerId,
    families: [`${family}-unicast`],
    addPath: "both", addPathSendMax: Infinity,
    holdTimeSeconds: settings.holdTimeSeconds,
    keepaliveTimeSeconds: session.keepaliveSeconds ?? undefined,
    connectRetrySeconds: 5, idleHoldSeconds: [5, 30],
    // Multihop, as all of Calico's sessions are: the next hop of eBGP is always ours unless it is kept.
    nextHop: session.nextHopMode === "auto" && isExternal ? "self" : session.nextHopMode,
    prefixLimit: {},
    allowOwnAs: session.allowOwnAs,
    passwordFile: undefined, passwordSecret: session.passwordSecret ?? undefined,
    ttlSecurityHops: session.ttlSecurity === 0 ? undefined : session.ttlSecurity,
    gracefulRestart: { restartTimeSeconds: session.restartSeconds },
  };
}

function originatedOf({ originated, routePriority }: FamilyPlan): readonly OriginatedRoute[] {
  return originated.map((prefix) => ({
    prefix, nextHop: undefined, communities: [], largeCommunities: [], localPref: PRIORITY_BASE - routePriority,
    med: undefined,
  }));
}
