import { describe, expect, it } from "vitest";
import type { PeerView } from "../../src/daemon/api.ts";
import { Screen } from "../../src/lab/report.ts";
import { routeTable, shortfall, table } from "../../src/lab/screen.ts";
import type { LabRoute } from "../../src/lab/speaker.ts";
import { labNodes } from "./support.ts";

function peer(name: string, state: PeerView["state"]): PeerView {
  const counts = { open: 0, update: 0, keepalive: 0, notification: 0, routeRefresh: 0 };
  return {
    name, state, address: "127.0.0.2", port: 179, localAddress: null, asNumber: 64512, localAsNumber: 64512,
    routerId: null, type: "global", enabled: true, passive: true, since: "2024-01-01T10:20:30.000Z",
    upOrDownSince: "2024-01-01T10:20:30.000Z", description: "",
    routeReflectorClient: true, clusterId: "244.0.0.1", families: [], holdTimeSeconds: 90, keepaliveTimeSeconds: 30,
    capabilities: { local: [], remote: [], negotiated: null },
    prefixes: { "ipv4-unicast": { received: 2, accepted: 2, advertised: 6 },
      "ipv6-unicast": { received: 1, accepted: 1, advertised: 3 } },
    messages: { in: counts, out: counts }, bytes: { in: 0, out: 0 }, flaps: 0, waiting: null,
    policy: { import: "accept", export: "accept" }, lastError: null,
  };
}
const route = (prefix: string, pathId = 1): LabRoute =>
  ({ prefix, pathId, nextHop: "127.0.0.3", localPref: 100, originatorId: "127.0.0.3", clusterList: ["244.0.0.1"] });

describe("the page of the lab", () => {
  it("aligns columns and leaves no space at the end of a line", () => {
    expect(table(["A", "LONG"], [["wide", "x"], ["y", ""]])).toEqual(["A     LONG", "wide  x", "y"]);
  });
  it("sorts routes by family and number", () => {
    const lines = routeTable(["10.10.0.0/26", "fd00::/64", "10.9.0.0/26"].map((prefix) => route(prefix)));
    expect(lines).toEqual([
      "PREFIX        NEXT HOP   LOCAL_PREF  ORIGINATOR_ID  CLUSTER_LIST",
      "10.9.0.0/26   127.0.0.3  100         127.0.0.3      244.0.0.1",
      "10.10.0.0/26  127.0.0.3  100         127.0.0.3      244.0.0.1",
      "fd00::/64     127.0.0.3  100         127.0.0.3      244.0.0.1"]);
  });
  it("knows what a node lacks and what it should not have", () => {
    const node = labNodes(1)[0]!;
    const wanted = new Set(["10.1.0.0/26", "10.2.0.0/26"]);
    const twice = [route("10.1.0.0/26"), route("10.1.0.0/26", 2)];
    expect(shortfall(node, twice, wanted)).toBe("node-1 lacks 1 of 2 prefixes");
    expect(shortfall(node, [route("10.1.0.0/26"), route("10.2.0.0/26")], wanted)).toBeUndefined();
    expect(shortfall(node, [route("10.3.0.0/26")], wanted)).toMatch(/was told 10\.3\.0\.0\/26/);
  });
  it("writes one line per change where there is no terminal", () => {
    let text = "";
    const screen = new Screen((more) => (text += more), false);
    screen.draw([peer("node-1", "Active"), peer("node-2", "Active")]);
    screen.draw([peer("node-1", "Established"), peer("node-2", "Active")]);
    screen.draw([peer("node-1", "Established"), peer("node-2", "Active")]);
    expect(text).toBe("node-1 127.0.0.2 Active\nnode-2 127.0.0.2 Active\nnode-1 127.0.0.2 Established\n");
  });
  it("draws again over what it drew on a terminal, never over what stays, and never more than a screen", () => {
    let text = "";
    const screen = new Screen((more) => (text += more), true);
    screen.draw([peer("node-1", "Active")]);
    screen.draw([peer("node-1", "Established")]);
    expect(text.split("\u001b[2F\u001b[J")).toHaveLength(2);
    expect(text).toContain("Established  10:20:30  3         9");
    screen.print(["stays"]);
    text = "";
    screen.draw(Array.from({ length: 100 }, (_, i) => peer(`node-${i}`, "Active")));
    expect(text).not.toContain("\u001b");
    expect(text.split("\n")).toHaveLength(23);
    expect(text).toContain("... and 80 more\n");
  });
});
