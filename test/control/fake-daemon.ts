/** A daemon that answers from values: what the control surfaces are tested against. Records what it was told. */

import type {
  DaemonApi, ExplainView, GroupView, KernelView, LastError, MetricSample, PeerView, Refusal, RouteQuery, RouteView,
} from "../../src/daemon/api.ts";
import { KERNEL_OFF } from "../../src/daemon/kernel/view.ts";
import type { CalicoStatus } from "../../src/calico/translate/view.ts";
import type { ControlHost } from "../../src/control/host.ts";

/** What a test may set, and what the daemon was told. */
export interface FakeDaemon extends DaemonApi {
  readonly told: unknown[][];
  peerList: PeerView[];
  routeSource: (query: RouteQuery) => Iterable<RouteView> | Refusal;
  samples: MetricSample[];
  waitingFor: string[];
  calicoStatus: CalicoStatus | undefined;
  kernelView: KernelView;
  reloadOutcome: () => ReturnType<DaemonApi["reload"]>;
}

/** A session in Established with sensible values; `over` replaces some. */
export function peerView(over: Partial<PeerView> = {}): PeerView {
  const counts = { open: 1, update: 4, keepalive: 10, notification: 0, routeRefresh: 0 };
  const since = new Date(2026, 2, 1, 3, 8, 21).toISOString();
  return {
    name: "node1", address: "10.0.0.1", port: 179, localAddress: "10.0.0.9", asNumber: 64512, localAsNumber: 64512,
    routerId: "10.0.0.1", type: "node", state: "Established", enabled: true, passive: false,
    since, upOrDownSince: since, description: "", routeReflectorClient: true,
    clusterId: "10.0.0.9", families: ["ipv4-unicast"], holdTimeSeconds: 90, keepaliveTimeSeconds: 30,
    capabilities: {
      local: [{ name: "routeRefresh" }],
      remote: [{ name: "multiprotocol", afi: 1, safi: 1 }, { name: "fqdn", hostname: "evil\u001b[2Jhost" }],
      negotiated: { fourOctetAs: true },
    },
    prefixes: { "ipv4-unicast": { received: 5, accepted: 4, advertised: 3 } },
    messages: { in: counts, out: counts }, bytes: { in: 100, out: 200 }, flaps: 0, waiting: null,
    policy: { import: "accept", export: "accept" }, lastError: null, ...over,
  };
}

/** A NOTIFICATION, received. */
export function lastError(over: Partial<LastError> = {}): LastError {
  return {
    direction: "received", code: 6, subcode: 2, name: "Cease/Administrative Shutdown", text: "",
    at: new Date(2026, 2, 1, 3, 0, 0).toISOString(), ...over,
  };
}

/** A route of node1. */
export function routeView(over: Partial<RouteView> = {}): RouteView {
  return {
    prefix: "10.244.1.0/26", family: "ipv4-unicast", pathId: 0, best: true,
    from: { name: "node1", address: "10.0.0.1" }, stale: false,
    since: "2026-03-01T03:08:21.000Z", nextHop: "10.0.0.1", origin: "igp",
    asPath: [{ type: "sequence", asns: [65001, 65002] }], localPref: 100, ...over,
  };
}

const NOW_MILLISECONDS = new Date(2026, 2, 1, 4, 0, 0).getTime();

/** A moment 52 minutes after the sessions came up. */
export function fakeNow(): number {
  return NOW_MILLISECONDS;
}

/** One group with a slow member. */
export const GROUP: GroupView = {
  id: 1, family: "ipv4-unicast", key: { ebgp: false, client: true }, advertised: 5,
  members: [
    { peer: "node1", state: "live", lagOctets: 0, lagPrefixes: 0 },
    { peer: "node2", state: "detached", lagOctets: 262144, lagPrefixes: 4000 },
  ],
};

/** Two candidates, one lost. */
export const EXPLAINED: ExplainView = {
  prefix: "10.244.1.0/26", family: "ipv4-unicast",
  candidates: [
    { route: routeView(), lostBy: null },
    { route: routeView({ best: false, localPref: 90, from: { name: "node2", address: "10.0.0.2" } }),
      lostBy: { reason: "LOCAL_PREF", source: "RFC 4271 §9.1.1" } },
  ],
  decidedBy: { reason: "LOCAL_PREF", source: "RFC 4271 §9.1.1" },
  peers: [
    { peer: "node1", sent: false, reason: "it came from this peer", source: "RFC 4271 §9.2" },
    { peer: "node3", sent: true, reason: "best path", source: "RFC 4271 §9.2" },
  ],
};

/** The daemon; neighbours are found by name or address. */
export function fakeDaemon(): FakeDaemon {
  const told: unknown[][] = [];
  const find = (selector: string): PeerView | undefined =>
    daemon.peerList.find(({ name, address, port }) => [name, address, `${address}:${port}`].includes(selector));
  const missing = (selector: string): Refusal => ({ refused: `no neighbour ${selector}`, what: "not-found" });
  const act = <T>(selector: string, record: unknown[], done: T): T | Refusal => {
    told.push(record);
    return find(selector) === undefined ? missing(selector) : done;
  };
  const daemon: FakeDaemon = {
    told,
    peerList: [peerView()],
    routeSource: () => [routeView()],
    samples: [],
    waitingFor: [],
    calicoStatus: undefined,
    kernelView: KERNEL_OFF,
    reloadOutcome: async () => ({ added: ["node2"], removed: [], reset: [], refreshed: [], untouched: ["node1"] }),
    peers: () => daemon.peerList,
    partsOfPeers: (fields) => daemon.peerList.map((view) =>
      Object.fromEntries(Object.entries(view).filter(([name]) => fields.includes(name)))),
    peer: (selector) => find(selector) ?? missing(selector),
    routes: (query) => { told.push(["routes", query]); return daemon.routeSource(query); },
    countRoutes: async (query) => { told.push(["countRoutes", query]); return { prefixes: 3, paths: 7 }; },
    countBestPaths: async () => new Map([["Mesh_10_0_0_1", 2]]),
    explain: (prefix, to) => { told.push(["explain", prefix, to]); return EXPLAINED; },
    groups: () => [GROUP],
    memory: () => ({ "ipv4-unicast paths": 1000, "attribute sets": 3000 }),
    config: () => ({ routerId: "10.0.0.9", neighbors: [] }),
    reload: () => daemon.reloadOutcome(),
    shutdown: async (options) => { told.push(["shutdown", options]); },
    restart: async () => { told.push(["restart"]); },
    reset: (selector, soft) => act(selector, ["reset", selector, soft], { reset: [selector] }),
    disable: (selector, reason) => act(selector, ["disable", selector, reason], { disabled: [selector] }),
    enable: (selector) => act(selector, ["enable", selector], { enabled: [selector] }),
    metrics: (perPeer = true) => daemon.samples.filter(({ labels }) => perPeer || !Object.hasOwn(labels, "peer")),
    kernel: () => daemon.kernelView,
    calico: () => daemon.calicoStatus ?? { refused: "the daemon is not in Calico mode", what: "not-found" },
    ready: () => ({ ready: daemon.waitingFor.length === 0, waitingFor: daemon.waitingFor }),
    status: () => ({ version: "0.1.0", node: "v20.20.0", routerId: "10.0.0.9", asNumber: 64512,
      startedAt: "2026-03-01T00:00:00.000Z", configuredAt: "2026-03-01T02:00:00.000Z", pid: 4242 }),
  };
  return daemon;
}

/** The test's own process as host; failures are collected. */
export function testHost(failures: unknown[] = []): ControlHost {
  return {
    nextTurn: () => new Promise((resolve) => { setImmediate(resolve); }),
    wallMilliseconds: fakeNow,
    umask: () => 0o022, // worker threads may not change the mask
    uid: process.getuid?.() ?? -1,
    memoryUsage: () => process.memoryUsage(),
    cpuUsage: () => process.cpuUsage(),
    onFailure: (error, where) => { failures.push({ where, error }); },
  };
}
