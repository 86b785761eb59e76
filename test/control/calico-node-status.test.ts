/** What CalicoNodeStatus says of us, in the words of Calico's own reporter: calico.md 8.4. */

import { beforeEach, expect, it } from "vitest";
import type { StatusClass } from "../../src/calico/translate/view.ts";
import { nodeStatusReport } from "../../src/control/calico-node-status.ts";
import type { RouteView } from "../../src/daemon/api.ts";
import { fakeDaemon, peerView, routeView, testHost } from "./fake-daemon.ts";
import type { FakeDaemon } from "./fake-daemon.ts";

let daemon: FakeDaemon;
beforeEach(() => { daemon = fakeDaemon(); });

function report(...classes: readonly StatusClass[]): Promise<unknown> {
  return nodeStatusReport(daemon, new Set(classes), testHost());
}

it("has the classes that are asked for, and no others", async () => {
  expect(await report()).toEqual({});
  expect(Object.keys(await report("BGP", "Agent") as object)).toEqual(["agent", "bgp"]);
});

it("Agent: is both of Calico's daemons", async () => {
  const bird = { state: "Ready", version: "v1.6.8+reflectd-0.1.0", routerID: "10.0.0.9",
    lastBootTime: expect.stringMatching(/^2026-0[23]-[0-9]{2} [0-9:]{8}$/),
    lastReconfigurationTime: expect.stringMatching(/^2026-0[23]-[0-9]{2} [0-9:]{8}$/) };
  expect(await report("Agent")).toEqual({ agent: { birdV4: bird, birdV6: bird } });
  daemon.waitingFor = ["the daemon is stopping"];
  expect(await report("Agent")).toMatchObject({ agent: { birdV4: { state: "NotReady" } } });
});

it("BGP: counts and lists the sessions of each family, local workloads excepted", async () => {
  daemon.peerList = [
    peerView({ type: "mesh" }), peerView({ address: "10.0.0.2", type: "global", state: "Active" }),
    peerView({ address: "10.0.0.3", enabled: false, state: "Idle" }), peerView({ address: "10.65.0.2", type: "local" }),
    peerView({ address: "fd00::1" }),
  ];
  const since = "03:08:21";
  expect(await report("BGP")).toEqual({ bgp: {
    numberEstablishedV4: 1, numberNotEstablishedV4: 2, peersV4: [
      { peerIP: "10.0.0.1", type: "NodeMesh", state: "Established", since },
      { peerIP: "10.0.0.2", type: "GlobalPeer", state: "Active", since },
      { peerIP: "10.0.0.3", type: "NodePeer", state: "Idle", since },
    ],
    numberEstablishedV6: 1, numberNotEstablishedV6: 0,
    peersV6: [{ peerIP: "fd00::1", type: "NodePeer", state: "Established", since }],
  } });
});

it("Routes: says what is selected, and from whom it was learned", async () => {
  daemon.peerList = [peerView({ type: "mesh" }), peerView({ name: "pod", type: "local", address: "10.65.0.2" })];
  const { nextHop: _, ...own } = routeView({ prefix: "10.244.9.0/26", from: { name: "local", address: "" } });
  daemon.routeSource = ({ family }) => (family === "ipv6-unicast" ? [] : [routeView(),
    routeView({ best: false, from: { name: "pod", address: "10.65.0.2" }, nextHop: "10.65.0.2" }),
    undefined as unknown as RouteView, own]);
  expect(await report("Routes")).toEqual({ routes: {
    routesV4: [
      { type: "FIB", destination: "10.244.1.0/26", gateway: "10.0.0.1",
        learnedFrom: { sourceType: "NodeMesh", peerIP: "10.0.0.1" } },
      { type: "RIB", destination: "10.244.1.0/26", gateway: "10.65.0.2",
        learnedFrom: { sourceType: "BGPPeer", peerIP: "10.65.0.2" } },
      { type: "FIB", destination: "10.244.9.0/26", gateway: "N/A", interface: "blackhole",
        learnedFrom: { sourceType: "Static" } },
    ],
    routesV6: [],
  } });
});

it("is refused as a whole where the routes do not fit into a resource", async () => {
  let given = 0;
  daemon.routeSource = function* () {
    for (;;) {
      given++;
      yield routeView();
    }
  };
  expect(await report("Agent", "Routes")).toEqual({ why: "more than 4000 routes of ipv4-unicast do not fit into it" });
  expect(given).toBe(4001);
});
