/** Every command against a daemon that answers from values: the exact octets that BIRD 1.6 would say. */

import { describe, expect, it } from "vitest";
import { answerTo } from "../../../src/control/bird/commands.ts";
import { encodeReply } from "../../../src/control/bird/reply.ts";
import type { PeerView, RouteView } from "../../../src/daemon/api.ts";
import type { Family } from "../../../src/messages/families.ts";
import { fakeDaemon, fakeNow, lastError, peerView, routeView } from "../fake-daemon.ts";
import type { FakeDaemon } from "../fake-daemon.ts";

const at = (...moment: [number, number, number, number?, number?, number?]): string =>
  new Date(...moment).toISOString();
const SINCE = at(2026, 2, 1, 3, 8, 21);
const OLD = at(2026, 1, 20, 12, 0, 0);
const HEADING = "2002-name     proto    table    state  since       info\n";
const STATIC = "1002-static1  Static   master   up     03:00:00    \n";

function daemonWith(change: (daemon: FakeDaemon) => void): FakeDaemon {
  const daemon = fakeDaemon();
  const status = daemon.status();
  daemon.status = () => ({ ...status, startedAt: at(2026, 2, 1, 3, 0, 0), configuredAt: at(2026, 2, 1, 3, 59, 0) });
  change(daemon);
  return daemon;
}

async function answer(command: string, daemon: FakeDaemon, family: Family = "ipv4-unicast"): Promise<string> {
  const given = await answerTo(command, { api: daemon, family, wallMilliseconds: fakeNow });
  return given === "end" ? "end" : [...encodeReply(given)].join("");
}
const ask = (command: string, change: (daemon: FakeDaemon) => void = () => undefined, family?: Family):
  Promise<string> => answer(command, daemonWith(change), family);

describe("show status", () => {
  it("says version, router id and times", async () => {
    expect(await ask("show status")).toBe("1000-BIRD v1.6.8+reflectd-0.1.0\n1011-Router ID is 10.0.0.9\n"
      + " Current server time is 2026-03-01 04:00:00\n Last reboot on 2026-03-01 03:00:00\n"
      + " Last reconfiguration on 2026-03-01 03:59:00\n0013 Daemon is up and running\n");
  });
  it("says that the daemon leaves", async () => {
    const text = await ask("show status", (daemon) => { daemon.waitingFor = ["the daemon is draining"]; });
    expect(text).toMatch(/\n0013 Shutdown in progress\n$/);
  });
  it("does not take a neighbour that is awaited for that", async () => {
    const text = await ask("show status", (daemon) => { daemon.waitingFor = ["node1"]; });
    expect(text).toMatch(/\n0013 Daemon is up and running\n$/);
  });
});

describe("show memory", () => {
  it("sums octets by BIRD's owners, in its units", async () => {
    const text = await ask("show memory", (daemon) => {
      daemon.memory = () => ({ "attribute sets": 9_999, "ipv4-unicast tables": 10_000_000,
        "ipv6-unicast tables": 240_000, "ipv4-unicast group 1": 10_000 });
    });
    expect(text).toBe("1018-BIRD memory usage\n Routing tables:     10 MB\n Route attributes: 9999  B\n"
      + " ROA tables:          0  B\n Protocols:          10 kB\n Total:              10 MB\n0000 \n");
  });
});

const PEERS: readonly PeerView[] = [
  peerView({ name: "Mesh_192_168_1_2", address: "192.168.1.2", type: "mesh", lastError: lastError() }),
  peerView({ name: "192.168.1.3", address: "192.168.1.3", type: "global", state: "Active", upOrDownSince: OLD,
    lastError: lastError({ direction: "local", code: 0, subcode: 0, name: "not connected", text: "ECONNREFUSED" }) }),
  peerView({ name: "edge", address: "192.168.1.4", port: 1179, state: "Idle", enabled: false, waiting: "disabled",
    lastError: lastError() }),
  peerView({ name: "10.65.0.9", address: "10.65.0.9", type: "local", state: "Active", passive: true }),
  peerView({ name: "Mesh_fd00__2", address: "fd00::2", type: "mesh", state: "Connect", lastError: lastError() }),
];
const withPeers = (daemon: FakeDaemon): void => { daemon.peerList = [...PEERS]; };

describe("show protocols", () => {
  it("prints a row per session of the socket's family, named as calico-node names them", async () => {
    expect(await ask("show protocols", withPeers)).toBe(`${HEADING}${STATIC}`
      + " Mesh_192_168_1_2 BGP      master   up     03:08:21    Established   \n"
      + " Global_192_168_1_3 BGP      master   start  2026-02-20  Active        Socket: Connection refused\n"
      + " Node_192_168_1_4_port_1179 BGP      master   down   03:08:21    \n"
      + " Local_Workload_10_65_0_9 BGP      master   start  03:08:21    Passive       \n0000 \n");
    expect(await ask("show protocols", withPeers, "ipv6-unicast")).toBe(`${HEADING}${STATIC}`
      + " Mesh_fd00__2 BGP      master   start  03:08:21    Connect       Received: Administrative shutdown\n0000 \n");
  });

  it.each([
    ["Mesh_192_168_1_2", "Mesh_192_168_1_2 BGP      master   up     03:08:21    Established   "],
    ["edge", "Node_192_168_1_4_port_1179 BGP      master   down   03:08:21    "],
    ['"Local*"', "Local_Workload_10_65_0_9 BGP      master   start  03:08:21    Passive       "],
    ['"static?"', "static1  Static   master   up     03:00:00    "],
    ["static1", "static1  Static   master   up     03:00:00    "],
  ])("%s prints that one", async (choice, row) => {
    expect(await ask(`show protocols ${choice}`, withPeers)).toBe(`${HEADING}1002-${row}\n0000 \n`);
  });

  it.each([
    ["Nobody", "9002 Nobody is not a protocol\n"], ['"Nobody*"', "8003 No protocols match\n"],
    ["Mesh_fd00__2", "9002 Mesh_fd00__2 is not a protocol\n"], ["all Nobody", "9002 Nobody is not a protocol\n"],
    ["a b", "9001 syntax error\n"], ["Mesh_192_168_1_2 all", "9001 syntax error\n"],
  ])("%s is refused", async (choice, reply) => {
    expect(await ask(`show protocols ${choice}`, withPeers)).toBe(reply);
  });

  it("tells two sessions with one address and port from each other", async () => {
    const both = (daemon: FakeDaemon): void => {
      daemon.peerList = [peerView({ name: "Mesh_10_0_0_1", type: "mesh", state: "Active" }),
        peerView({ name: "Node_10_0_0_1_port_179" })];
    };
    expect(await ask("show protocols Node_10_0_0_1_port_179", both)).toContain(" up     03:08:21    Established");
    expect(await ask("show protocols Mesh_10_0_0_1", both)).toContain("1002-Mesh_10_0_0_1 BGP      master   start ");
    expect(await ask("show route export Node_10_0_0_1_port_179 count", both)).toMatch(/^0014 7 of 7 routes/);
    expect(await ask("show route export Mesh_10_0_0_1", both)).toBe("8005 Protocol is down\n");
  });

  const FULL = peerView({
    name: "rack1", address: "10.0.0.1", description: "",
    capabilities: {
      local: [],
      remote: [{ name: "multiprotocol", family: "ipv4-unicast" }, { name: "routeRefresh" },
        { name: "enhancedRouteRefresh" }, { name: "gracefulRestart", families: [{ family: "ipv4-unicast" }] },
        { name: "fourOctetAs", asNumber: 64512 },
        { name: "addPath", families: [{ family: "ipv4-unicast", receive: true, send: true }] }],
      negotiated: { fourOctetAs: true, addPathReceive: ["ipv4-unicast"], addPathSend: ["ipv4-unicast"],
        extendedMessagesSend: false },
    },
  });

  it("all says what there is to say of one that is up", async () => {
    expect(await ask("show protocols all Node_10_0_0_1", (daemon) => {
      daemon.peerList = [FULL];
      daemon.countBestPaths = async (family) => new Map([["rack1", family === "ipv4-unicast" ? 2 : 0], ["other", 9]]);
    })).toBe(`${HEADING}`
      + "1002-Node_10_0_0_1 BGP      master   up     03:08:21    Established   \n"
      + "1006-  Description:    rack1\n   Preference:     100\n   Input filter:   (unnamed)\n"
      + "   Output filter:  (unnamed)\n   Routes:         4 imported, 1 filtered, 3 exported, 2 preferred\n"
      + "   BGP state:          Established\n     Neighbor address: 10.0.0.1\n     Neighbor AS:      64512\n"
      + "     Neighbor ID:      10.0.0.1\n"
      + "     Neighbor caps:    refresh enhanced-refresh restart-able AS4 add-path-rx add-path-tx\n"
      + "     Session:          internal multihop route-reflector AS4 add-path-rx add-path-tx\n"
      + "     Source address:   10.0.0.9\n     Hold timer:       -/90\n     Keepalive timer:  -/30\n \n0000 \n");
  });

  it("all says why one is not, and of each of several", async () => {
    const text = await ask('show protocols all "*"', (daemon) => {
      daemon.peerList = [
        peerView({ name: "a", description: "an \u001b edge", asNumber: 65001, state: "OpenSent", localAddress: null,
          policy: { import: "no policy (RFC 8212)", export: "configured" }, prefixes: {},
          lastError: lastError({ direction: "sent", code: 2, subcode: 2, name: "OPEN Message Error/Bad Peer AS" }) }),
        peerView({ name: "Node_10_0_0_2", address: "10.0.0.2", enabled: false, state: "Idle" }),
      ];
    });
    expect(text).toBe(`${HEADING}${STATIC}`
      + "1006-  Preference:     200\n   Input filter:   ACCEPT\n   Output filter:  REJECT\n \n"
      + "1002-Node_10_0_0_1 BGP      master   start  03:08:21    OpenSent      BGP Error: Bad peer AS\n"
      + "1006-  Description:    an \\u{1b} edge\n   Preference:     100\n   Input filter:   REJECT\n"
      + "   Output filter:  (unnamed)\n   Routes:         0 imported, 0 filtered, 0 exported, 0 preferred\n"
      + "   BGP state:          OpenSent\n     Neighbor address: 10.0.0.1\n     Neighbor AS:      65001\n"
      + "     Last error:       BGP Error: Bad peer AS\n \n"
      + "1002-Node_10_0_0_2 BGP      master   down   03:08:21    \n"
      + "1006-  Preference:     100\n   Input filter:   (unnamed)\n   Output filter:  (unnamed)\n"
      + "   BGP state:          Down\n     Neighbor address: 10.0.0.2\n     Neighbor AS:      64512\n \n0000 \n");
  });
});

const { nextHop: _, ...OWN } = routeView({ prefix: "10.96.0.0/12", from: { name: "local", address: "" }, since: OLD });
const ROUTES: readonly RouteView[] = [
  routeView({
    since: SINCE, best: false, asPath: [], nextHop: "10.0.0.2", from: { name: "node2", address: "10.0.0.2" },
  }),
  routeView({ since: SINCE }),
  routeView({ since: SINCE, prefix: "10.244.2.0/26", nextHop: "10.0.0.7", origin: "incomplete" }),
  OWN,
];
const ROWS = {
  best: "10.244.1.0/26      via 10.0.0.1 on - [Node_10_0_0_1 03:08:21] * (100/0) [AS65002i]\n",
  other: "10.244.2.0/26      via 10.0.0.7 on - [Node_10_0_0_1 03:08:21 from 10.0.0.1] * (100/0) [AS65002?]\n",
  own: "10.96.0.0/12       blackhole [static1 2026-02-20] * (200)\n",
};
const withRoutes = (daemon: FakeDaemon): void => {
  daemon.peerList = [peerView(), peerView({ name: "node2", address: "10.0.0.2" })];
  daemon.routeSource = () => ROUTES;
};

describe("show route", () => {
  it("prints a row per path, the best of a prefix first and named by it", async () => {
    expect(await ask("show route", withRoutes)).toBe(`1007-${ROWS.best}`
      + `${" ".repeat(20)}via 10.0.0.2 on - [Node_10_0_0_2 03:08:21] (100/0) [i]\n`
      + ` ${ROWS.other} ${ROWS.own}0000 \n`);
  });
  it("prints the best alone with primary", async () => {
    expect(await ask("show route primary", withRoutes)).toBe(`1007-${ROWS.best} ${ROWS.other} ${ROWS.own}0000 \n`);
  });
  it("prints routes of our own", async () => {
    expect(await ask("show route protocol static1", withRoutes)).toBe(`1007-${ROWS.own}0000 \n`);
  });
  it("names a session that has ended since as unknown", async () => {
    const text = await ask("show route", (daemon) => {
      daemon.routeSource = () => [routeView({ since: SINCE, from: { name: "", address: "" } })];
    });
    expect(text).toBe("1007-10.244.1.0/26      via 10.0.0.1 on - [unknown 03:08:21] * (100/0) [AS65002i]\n0000 \n");
  });
  it("says nothing of an empty table", async () => {
    expect(await ask("show route", (daemon) => { daemon.routeSource = () => []; })).toBe("0000 \n");
  });

  it.each([
    ["", { family: "ipv4-unicast" }],
    ["table master", { family: "ipv4-unicast" }],
    ["10.244.1.0/26", { family: "ipv4-unicast", prefix: "10.244.1.0/26" }],
    ["for 10.244.1.7", { family: "ipv4-unicast", for: "10.244.1.7" }],
    ["for 10.244.1.7/32", { family: "ipv4-unicast", for: "10.244.1.7" }],
    ["protocol Node_10_0_0_1", { family: "ipv4-unicast", peer: "node1" }],
    ["protocol node1", { family: "ipv4-unicast", peer: "node1" }],
    ["export Node_10_0_0_1", { family: "ipv4-unicast", peer: "node1", direction: "out" }],
    ["10.244.1.0/26 protocol node1", { family: "ipv4-unicast", prefix: "10.244.1.0/26", peer: "node1" }],
  ])("%s asks the daemon for that", async (args, query) => {
    const daemon = daemonWith(withRoutes);
    await answer(`show route ${args}`, daemon);
    expect(daemon.told.at(-1)).toEqual(["routes", query]);
  });

  it.each(["", " primary", " count", " primary count"])(
    "protocol node1%s says why where the neighbour goes meanwhile", async (words) => {
      const gone = { refused: 'no peer is called "node1"', what: "not-found" } as const;
      const text = await ask(`show route protocol node1${words}`, (daemon) => {
        daemon.routeSource = () => gone;
        daemon.countRoutes = async ({ peer }) => (peer === undefined ? { prefixes: 3, paths: 7 } : gone);
      });
      expect(text).toBe('9002 no peer is called "node1"\n');
    });

  it("looks for the longest network that covers another", async () => {
    const daemon = daemonWith((made) => {
      made.routeSource = ({ prefix }) => (prefix === "10.244.0.0/16" ? [routeView({ prefix, since: SINCE })] : []);
    });
    expect(await answer("show route for 10.244.1.0/24", daemon)).toMatch(/^1007-10\.244\.0\.0\/16 .*\n0000 \n$/);
    expect(await answer("show route for 10.0.0.0/8", daemon)).toBe("8001 Network not in table\n");
  });

  it.each([
    ["10.244.1.0/27", "8001 Network not in table\n"],
    ["for 192.0.2.1", "8001 Network not in table\n"],
  ])("%s is not there", async (args, reply) => {
    expect(await ask(`show route ${args}`, (daemon) => { daemon.routeSource = () => []; })).toBe(reply);
  });

  it.each([
    ["nonsense", "9001 syntax error\n"], ["10.0.0.1", "9001 syntax error\n"], ["for", "9001 syntax error\n"],
    ['"all"', "9001 syntax error\n"], ["where true", "9001 syntax error\n"],
    ["10.0.0.1/8", "9001 Invalid prefix\n"], ["10.0.0.0/33", "9001 Invalid prefix length 33\n"],
    ["fd00::/64", "9001 This is an IPv4 router, therefore IPv6 addresses are not supported\n"],
    ["for nowhere", "9001 IP address expected\n"], ["10.0.0.0/x", "9001 Invalid prefix\n"],
    ["10.0.0.0/8 for 10.0.0.1", "9001 Only one prefix expected\n"],
    ["protocol Nobody", "9001 Nobody is not a protocol\n"], ["export Nobody", "9001 Nobody is not a protocol\n"],
    ["protocol node1 protocol node2", "9001 Protocol specified twice\n"], ["table t", "9001 t is not a table\n"],
    ["constructor x", "9001 syntax error\n"],
  ])("%s is refused", async (args, reply) => {
    const daemon = daemonWith(withRoutes);
    expect(await answer(`show route ${args}`, daemon)).toBe(reply);
    expect(daemon.told).toEqual([]);
  });

  it("does not show what is told to a peer that is not there", async () => {
    const text = await ask("show route export node1", (daemon) => {
      daemon.peerList = [peerView({ state: "Active" })];
    });
    expect(text).toBe("8005 Protocol is down\n");
  });

  it.each([
    ["count", "0014 7 of 7 routes for 3 networks\n"],
    ["primary count", "0014 3 of 7 routes for 3 networks\n"],
    ["protocol node1 count", "0014 7 of 7 routes for 3 networks\n"],
    ["export node1 count", "0014 7 of 7 routes for 3 networks\n"],
    ["protocol static1 count", "0014 1 of 7 routes for 3 networks\n"],
    ["protocol static1 primary count", "0014 1 of 7 routes for 3 networks\n"],
    ["protocol node1 primary count", "0014 3 of 7 routes for 3 networks\n"],
  ])("%s says how many", async (args, reply) => {
    expect(await ask(`show route ${args}`, withRoutes)).toBe(reply);
  });

  it("lets others have their turn where a stretch of the table holds nothing", async () => {
    const daemon = daemonWith((made) => {
      made.routeSource = function* () {
        yield undefined as unknown as RouteView;
        yield ROUTES[1]!;
        yield undefined as unknown as RouteView;
      };
    });
    const given = await answerTo("show route", { api: daemon, family: "ipv4-unicast", wallMilliseconds: fakeNow });
    expect(given === "end" ? [] : [...encodeReply(given)]).toEqual(["", "", `1007-${ROWS.best}`, "0000 \n"]);
  });
});

describe("show route all", () => {
  const all = async (route: RouteView): Promise<string> => {
    const text = await ask("show route all", (daemon) => { daemon.routeSource = () => [route]; });
    return text.slice(text.indexOf("\n") + 1);
  };
  it("prints the attributes by code", async () => {
    expect(await all(routeView())).toBe("1008-\tType: BGP unicast univ\n1012-\tBGP.origin: IGP\n"
      + " \tBGP.as_path: 65001 65002\n \tBGP.next_hop: 10.0.0.1\n \tBGP.local_pref: 100\n0000 \n");
    expect(await all(routeView({
      origin: "incomplete", asPath: [{ type: "sequence", asns: [1] }, { type: "set", asns: [2, 3] }], med: 7,
      atomicAggregate: true, aggregator: { asn: 5, address: "1.2.3.4" }, communities: ["64512:1", "64512:2"],
      originatorId: "10.0.0.3", clusterList: ["1.1.1.1", "2.2.2.2"], largeCommunities: ["1:2:3"], otc: 9,
      extendedCommunities: [{ hex: "0002fc0000000064", text: "" }, { hex: "01030a0000010007", text: "" },
        { hex: "02020000fde80007", text: "" }, { hex: "4002fc0000000064", text: "" },
        { hex: "030c000000000008", text: "" }],
      unknownAttributes: [{ type: 99, flags: 0xc0, hex: "0a0b" }, { type: 250, flags: 0x80, hex: "" }],
    }))).toBe("1008-\tType: BGP unicast univ\n1012-\tBGP.origin: Incomplete\n \tBGP.as_path: 1 { 2 3 }\n"
      + " \tBGP.next_hop: 10.0.0.1\n \tBGP.med: 7\n \tBGP.local_pref: 100\n \tBGP.atomic_aggr: \n"
      + " \tBGP.aggregator: 1.2.3.4 AS5\n \tBGP.community: (64512,1) (64512,2)\n \tBGP.originator_id: 10.0.0.3\n"
      + " \tBGP.cluster_list: 1.1.1.1 2.2.2.2\n"
      + " \tBGP.ext_community: (rt, 64512, 100) (ro, 10.0.0.1, 7) (rt, 65000, 7) (unknown 0x4002, 64512, 100) "
      + "(generic, 0x30c0000, 0x8)\n"
      + " \tBGP.large_community: (1, 2, 3)\n \tBGP.otc: 9\n \tBGP.63 [t]: 0a 0b\n \tBGP.fa: \n0000 \n");
  });
  it("prints an empty path and our own routes as BIRD does", async () => {
    expect(await all(routeView({ asPath: [] }))).toContain(" \tBGP.as_path: \n");
    expect(await all(OWN)).toMatch(/^1008-\tType: static unicast univ\n/);
  });
  it("breaks long lists", async () => {
    const communities = Array.from({ length: 300 }, (_unused, i) => `64512:${i}`);
    const text = await all(routeView({ communities }));
    const lines = text.split("\n").filter((one) => one.includes("(64512,"));
    expect(lines.length).toBeGreaterThan(3);
    expect(lines[0]).toMatch(/^ \tBGP\.community: \(64512,0\) /);
    expect(lines.slice(1).every((one) => /^ \t\t\(64512,\d+\) /.test(one))).toBe(true);
    expect(lines.join(" ").match(/\(64512,\d+\)/g)?.length).toBe(300);
    expect(lines.every((one) => one.length < 1_000)).toBe(true);
  });
});

describe("other commands", () => {
  it.each([
    ["restrict", "0016 Access restricted\n"], ["echo off", "0000 \n"], ["echo all", "8007 Access denied\n"],
    ["echo all 8192", "8007 Access denied\n"], ["echo", "9001 syntax error\n"],
    ["configure", "8007 Access denied\n"], ["configure soft", "8007 Access denied\n"], ["down", "8007 Access denied\n"],
    ['disable "Mesh_*"', "8007 Access denied\n"], ["reload in all", "8007 Access denied\n"],
    ["graceful restart", "8007 Access denied\n"], ["debug all all", "8007 Access denied\n"],
    ["nonsense", "9001 syntax error\n"], ["show", "9001 syntax error\n"], ["show status now", "9001 syntax error\n"],
    ["Show Status", "9001 syntax error\n"], ['"show" status', "9001 syntax error\n"],
    ["x".repeat(4_096), "9001 syntax error\n"], ["x".repeat(4_097), "9000 Command too long\n"],
    ['show "status', "9001 syntax error\n"], ["__proto__", "9001 syntax error\n"],
    ["", "9001 syntax error\n"], ["  ", "9001 syntax error\n"], ["quit", "end"], ["exit", "end"],
  ])("%s", async (command, reply) => {
    const daemon = daemonWith(withRoutes);
    expect(await answer(command, daemon)).toBe(reply);
    expect(daemon.told).toEqual([]);
  });
  it("are named by help", async () => {
    const text = await ask("help");
    expect(text).toMatch(/^1999-show status: Show router status\n show memory: /);
    expect(text).toMatch(/\n show protocols \[all\] \[<protocol> \| "<pattern>"\]: [^]*\n0000 \n$/);
  });
});
