/** Samples of the daemon's own counters. Rule: O(peers) and O(groups), never a walk over routes. */

import { FAMILIES } from "../messages/families.ts";
import type { CalicoStatus } from "../calico/translate/view.ts";
import type { MetricSample, StateName } from "./api.ts";
import { groupNumber } from "./group-view.ts";
import { kernelSamples } from "./kernel/view.ts";
import type { KernelCounts } from "./kernel/view.ts";
import type { Peer } from "./peer.ts";
import { prefixCounts } from "./peer-view.ts";
import type { Speaker } from "./speaker.ts";

type Labels = Readonly<Record<string, string>>;

const STATES: readonly StateName[] = ["Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"];

/** Message types as label values, by counter. */
const TYPES = {
  open: "open", update: "update", keepalive: "keepalive", notification: "notification", routeRefresh: "route-refresh",
} as const;

/** All samples, those of peers where they are wanted; the exporter groups them by name. */
export function* metricSamples(
  speaker: Speaker, version: string, node: string, perPeer: boolean, calico: CalicoStatus | undefined,
  kernel: KernelCounts | undefined,
): Generator<MetricSample> {
  yield sample("reflectd_build_info", { version, node }, 1);
  for (const peer of perPeer ? speaker.neighbours.all() : []) yield* peerSamples(peer, speaker);
  for (const family of FAMILIES) yield* familySamples(speaker, family.index);
  yield sample("reflectd_attribute_sets", {}, speaker.tables.store.size);
  const tooLong = speaker.tables.reflectors.reduce((sum, reflector) => sum + reflector.tooLong, 0);
  yield sample("reflectd_routes_too_long_total", {}, tooLong);
  yield sample("reflectd_bugs_total", {}, speaker.bugs);
  for (const [reason, count] of Object.entries(speaker.neighbours.acceptor.refused)) {
    yield sample("reflectd_connections_refused_total", { reason }, count);
  }
  yield* speaker.work.convergenceSeconds.samples("reflectd_convergence_seconds");
  if (calico !== undefined) yield* calicoSamples(calico);
  if (kernel !== undefined) yield* kernelSamples(kernel);
}

function* calicoSamples({ datastore, faults }: CalicoStatus): Generator<MetricSample> {
  yield sample("reflectd_datastore_up", {}, datastore.up ? 1 : 0);
  const mistakes = faults.filter(({ note }) => note === undefined);
  const kinds = [...new Map(mistakes.map(({ kind, name }) => [`${kind} ${name}`, kind])).values()];
  for (const kind of new Set(kinds)) {
    yield sample("reflectd_datastore_faults", { kind }, kinds.filter((one) => one === kind).length);
  }
}

function* peerSamples(peer: Peer, speaker: Speaker): Generator<MetricSample> {
  const session = peer.session.view();
  const labels = { peer: peer.name };
  for (const state of STATES) {
    const value = state === session.state ? 1 : 0;
    yield sample("reflectd_peer_state", { ...labels, type: peer.intent.type, state }, value);
  }
  yield sample("reflectd_peer_up", labels, session.state === "Established" ? 1 : 0);
  yield sample("reflectd_peer_flaps_total", labels, session.flaps);
  for (const [family, counts] of Object.entries(prefixCounts(peer, speaker.tables))) {
    yield sample("reflectd_peer_prefixes", { ...labels, family, rib: "in" }, counts.received);
    yield sample("reflectd_peer_prefixes", { ...labels, family, rib: "accepted" }, counts.accepted);
    yield sample("reflectd_peer_prefixes", { ...labels, family, rib: "out" }, counts.advertised);
  }
  const { messages, bytes } = peer.session.traffic.snapshot();
  for (const direction of ["in", "out"] as const) {
    for (const [counter, type] of Object.entries(TYPES)) {
      const value = messages[direction][counter as keyof typeof TYPES];
      yield sample("reflectd_messages_total", { ...labels, direction, type }, value);
    }
    yield sample("reflectd_bytes_total", { ...labels, direction }, bytes[direction]);
  }
  for (const [key, count] of peer.notifications) {
    const [way, code = "", subcode = ""] = key.split(" ");
    const direction = way === "received" ? "in" : "out";
    yield sample("reflectd_notifications_total", { ...labels, direction, code, subcode }, count);
  }
  for (const [disposition, count] of Object.entries(peer.faults)) {
    yield sample("reflectd_update_errors_total", { ...labels, disposition }, count);
  }
}

function* familySamples({ tables }: Speaker, index: number): Generator<MetricSample> {
  const family = FAMILIES[index]!.name;
  const groups = [...tables.reflectors[index]!.groups()];
  yield sample("reflectd_prefixes", { family }, tables.ribs[index]!.prefixes.size);
  yield sample("reflectd_paths", { family }, tables.ribs[index]!.liveCount);
  yield sample("reflectd_update_groups", { family }, groups.length);
  let detached = 0;
  for (const group of groups) {
    let lag = 0;
    for (const member of group.members) {
      if (member.state === "detached") detached++;
      lag = Math.max(lag, member.lagBound());
    }
    yield sample("reflectd_group_lag_prefixes", { group: String(groupNumber(group)) }, lag);
  }
  yield sample("reflectd_detached_members", { family }, detached);
}

function sample(name: string, labels: Labels, value: number): MetricSample {
  return { name, labels, value };
}
