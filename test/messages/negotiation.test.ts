/** What two OPENs make of a session. */

import { describe, expect, it } from "vitest";
import type { Capability } from "../../src/messages/capabilities.ts";
import { describeCapability } from "../../src/messages/capabilities.ts";
import type { Negotiated } from "../../src/messages/negotiation.ts";
import { negotiate } from "../../src/messages/negotiation.ts";
import type { OpenMessage } from "../../src/messages/open.ts";

const open = (capabilities: readonly Capability[], holdTimeSeconds = 90): OpenMessage => (
  { version: 4, asNumber: 1, asField: 1, holdTimeSeconds, routerId: 1, capabilities }
);
const V4 = { afi: 1, safi: 1 };
const V6 = { afi: 2, safi: 1 };
const both: readonly Capability[] = [{ name: "multiprotocol", ...V4 }, { name: "multiprotocol", ...V6 }];
const addPath = (receive: boolean, send: boolean): Capability => (
  { name: "addPath", families: [{ ...V4, receive, send }] }
);
const v6NextHop: Capability = { name: "extendedNextHop", entries: [{ ...V4, nextHopAfi: 2 }] };
const restart: Capability = {
  name: "gracefulRestart", restarting: false, notification: true, restartTimeSeconds: 120, families: [],
};
const longLived: Capability = { name: "longLivedGracefulRestart", families: [] };

describe("negotiation", () => {
  it.each<[string, readonly Capability[], readonly Capability[], Partial<Negotiated>]>([
    ["families that both offer", both, [both[1]!], { families: ["ipv6-unicast"] }],
    ["IPv4 from a peer without multiprotocol", both, [], { families: ["ipv4-unicast"] }],
    ["no IPv4 from a peer that offers only others", both, [{ name: "multiprotocol", afi: 25, safi: 70 }],
      { families: [] }],
    ["4-octet AS from both", [{ name: "fourOctetAs", asNumber: 1 }], [{ name: "fourOctetAs", asNumber: 1 }],
      { fourOctetAs: true }],
    ["2-octet AS else", [{ name: "fourOctetAs", asNumber: 1 }], [], { fourOctetAs: false }],
    ["path ids from a peer that sends them", [addPath(true, false)], [addPath(false, true)],
      { addPathReceive: ["ipv4-unicast"], addPathSend: [] }],
    ["path ids for a peer that receives them", [addPath(true, true)], [addPath(true, false)],
      { addPathReceive: [], addPathSend: ["ipv4-unicast"] }],
    ["no path ids where both only receive", [addPath(true, false)], [addPath(true, false)],
      { addPathReceive: [], addPathSend: [] }],
    ["no path ids in a family that is not used", [...both, addPath(true, true)], [both[1]!, addPath(true, true)],
      { addPathReceive: [], addPathSend: [] }],
    ["long messages to a peer that offers them", [], [{ name: "extendedMessage" }],
      { extendedMessagesSend: true, extendedMessagesReceive: false }],
    ["long messages from a peer to whom we offer them", [{ name: "extendedMessage" }], [],
      { extendedMessagesSend: false, extendedMessagesReceive: true }],
    ["an IPv6 next hop for IPv4 from both", [v6NextHop], [v6NextHop], { extendedNextHop: ["ipv4-unicast"] }],
    ["an IPv4 next hop else", [v6NextHop], [], { extendedNextHop: [] }],
    ["route refresh", [{ name: "routeRefresh" }], [{ name: "routeRefresh" }],
      { routeRefresh: true, enhancedRouteRefresh: false }],
    ["enhanced route refresh", [{ name: "enhancedRouteRefresh" }], [{ name: "enhancedRouteRefresh" }],
      { enhancedRouteRefresh: true }],
    ["the peer's role", [], [{ name: "role", role: "rs" }], { remoteRole: "rs" }],
    ["no role of an unassigned number", [], [{ name: "role", role: 9 }], { remoteRole: undefined }],
    ["the peer's graceful restart", [], [restart, longLived],
      { gracefulRestart: restart, longLivedGracefulRestart: longLived } as Partial<Negotiated>],
    ["no LLGR without graceful restart", [], [longLived], { longLivedGracefulRestart: undefined }],
    ["the peer's name", [], [{ name: "fqdn", host: "a", domain: "b.c" }], { remoteFqdn: "a.b.c" }],
    ["the peer's name without domain", [], [{ name: "fqdn", host: "a", domain: "" }], { remoteFqdn: "a" }],
  ])("gives %s", (_name, local, remote, wanted) => {
    expect(negotiate(open(local), open(remote))).toMatchObject(wanted);
  });

  it.each([[90, 30, 30], [30, 90, 30], [0, 90, 0], [90, 0, 0]])("of hold times %i and %i takes %i", (a, b, held) => {
    expect(negotiate(open([], a), open([], b)).holdTimeSeconds).toBe(held);
  });

  it("names no remote name where there is none", () => {
    expect("remoteFqdn" in negotiate(open([]), open([]))).toBe(false);
  });
});

describe("the JSON of a capability", () => {
  it.each<[Capability, object]>([
    [{ name: "multiprotocol", ...V4 }, { name: "multiprotocol", family: "ipv4-unicast" }],
    [{ name: "multiprotocol", afi: 25, safi: 70 }, { name: "multiprotocol", afi: 25, safi: 70 }],
    [{ name: "routeRefresh" }, { name: "routeRefresh" }],
    [v6NextHop, { name: "extendedNextHop", entries: [{ family: "ipv4-unicast", nextHopAfi: 2 }] }],
    [addPath(true, false), { name: "addPath", families: [{ family: "ipv4-unicast", receive: true, send: false }] }],
    [{ name: "fourOctetAs", asNumber: 4200000000 }, { name: "fourOctetAs", asNumber: 4200000000 }],
    [restart, { name: "gracefulRestart", restarting: false, notification: true, restartTimeSeconds: 120,
      families: [] }],
    [{ name: "longLivedGracefulRestart", families: [{ ...V6, forwarding: true, staleTimeSeconds: 9 }] },
      { name: "longLivedGracefulRestart", families: [{ family: "ipv6-unicast", forwarding: true,
        staleTimeSeconds: 9 }] }],
    [{ name: "role", role: "peer" }, { name: "role", role: "peer" }],
    [{ name: "fqdn", host: "a", domain: "b" }, { name: "fqdn", host: "a", domain: "b" }],
    [{ name: "unknown", code: 75, value: Uint8Array.of(1, 255) }, { name: "unknown", code: 75, hex: "01ff" }],
  ])("%o", (capability, json) => {
    expect(describeCapability(capability)).toEqual(json);
  });
});
