/** The commands end to end: command line, Unix socket, HTTP, a daemon that answers from values. Golden outputs. */

import { describe, expect, it } from "vitest";
import type { CalicoStatus } from "../../src/calico/translate/view.ts";
import type { RouteView } from "../../src/daemon/api.ts";
import type { FakeDaemon } from "./fake-daemon.ts";
import { EXPLAINED, fakeDaemon, fakeNow, lastError, peerView, routeView } from "./fake-daemon.ts";
import { controlServer } from "./running.ts";
import type { Ran } from "./terminal.ts";
import { cli, cliIo, Sink } from "./terminal.ts";
import { runCli } from "../../src/control/cli.ts";

async function run(line: string, change: (daemon: FakeDaemon) => void = () => undefined): Promise<Ran> {
  const daemon = fakeDaemon();
  change(daemon);
  const { socketPath } = await controlServer(daemon);
  return cli(line.split(" "), { env: { REFLECTD_SOCKET: socketPath } });
}

function refusal(chunk: string, code: string, message: string): Error | undefined {
  return chunk === "" ? undefined : Object.assign(new Error(message), { code });
}

const OLD = new Date(2026, 1, 20, 12, 0, 0).toISOString();

describe("node status", () => {
  it("prints what calicoctl prints", async () => {
    const { code, out } = await run("node status", (daemon) => {
      daemon.peerList = [
        peerView({ address: "192.168.1.2", type: "mesh" }),
        peerView({ address: "192.168.1.3", type: "global", state: "Active", upOrDownSince: OLD,
          lastError: lastError({ direction: "local", code: 0, name: "connection lost", text: "ECONNREFUSED" }) }),
        peerView({ address: "192.168.1.4", port: 1179, state: "Idle", enabled: false, lastError: lastError() }),
        peerView({ address: "192.168.1.5", type: "local", state: "Active", passive: true }),
      ];
    });
    expect(code).toBe(0);
    expect(out).toBe(`Calico process is running.

IPv4 BGP status
+------------------+-------------------+-------+------------+---------------------------+
|   PEER ADDRESS   |     PEER TYPE     | STATE |   SINCE    |           INFO            |
+------------------+-------------------+-------+------------+---------------------------+
| 192.168.1.2      | node-to-node mesh | up    | 03:08:21   | Established               |
| 192.168.1.3      | global            | start | 2026-02-20 | Active Socket: Connection |
|                  |                   |       |            | refused                   |
| 192.168.1.4:1179 | node specific     | down  | 03:08:21   | Received: Administrative  |
|                  |                   |       |            | Shutdown                  |
| 192.168.1.5      | local workload    | start | 03:08:21   | Passive                   |
+------------------+-------------------+-------+------------+---------------------------+

IPv6 BGP status
No IPv6 peers found.

`);
  });

  it("says what a session waits for", async () => {
    const { out } = await run("node status -o json", (daemon) => {
      daemon.peerList = [peerView({ state: "Idle", waiting: "no socket provider", lastError: lastError() })];
    });
    expect(JSON.parse(out).ipv4[0].info).toBe("Idle no socket provider");
  });

  it("prints the classic example to the octet", async () => {
    const { out } = await run("node status", (daemon) => {
      daemon.peerList = [peerView({ address: "192.168.1.2", type: "mesh" })];
    });
    expect(out).toContain(`IPv4 BGP status
+--------------+-------------------+-------+----------+-------------+
| PEER ADDRESS |     PEER TYPE     | STATE |  SINCE   |    INFO     |
+--------------+-------------------+-------+----------+-------------+
| 192.168.1.2  | node-to-node mesh | up    | 03:08:21 | Established |
+--------------+-------------------+-------+----------+-------------+
`);
  });

  it("gives the rows as JSON", async () => {
    const { out } = await run("node status -o json", (daemon) => {
      daemon.peerList = [peerView({ address: "fd00::1", port: 1179, state: "OpenSent" })];
    });
    expect(JSON.parse(out)).toEqual({ ipv4: [], ipv6: [{
      peerAddress: "[fd00::1]:1179", peerType: "node specific", state: "start", since: "03:08:21", info: "OpenSent",
    }] });
  });

  it("ends in Calico mode with how it stands with the datastore, and which resources are faulty", async () => {
    const since = new Date(2026, 2, 1, 3, 8, 21).toISOString();
    const calicoStatus: CalicoStatus = { node: "rr1", datastore: { kind: "files", up: true, since, why: null },
      waiting: null, nodes: 4, sessions: 3,
      faults: [{ kind: "BGPPeer", name: "p", field: "spec.asNumber", why: "no AS" }] };
    const { out } = await run("node status", (daemon) => { daemon.calicoStatus = calicoStatus; });
    expect(out).toMatch(/^Calico process is running\.\n/);
    expect(out.split("No IPv6 peers found.\n\n")[1]).toBe(`Calico datastore (files): up since 03:08:21
rr1 has 3 sessions among 4 nodes

RESOURCE    FIELD           FAULT
BGPPeer p   spec.asNumber   no AS
`);
    const json = await run("node status -o json", (daemon) => { daemon.calicoStatus = calicoStatus; });
    expect(JSON.parse(json.out)).toMatchObject({ ipv4: [{ peerAddress: "10.0.0.1" }], ipv6: [], calico: calicoStatus });
    const down = await run("node status", (daemon) => {
      daemon.calicoStatus = { ...calicoStatus, faults: [], waiting: "there is no Node rr1", sessions: 0,
        datastore: { kind: "files", up: false, since, why: "/r cannot be read: \u001b[2J" } };
    });
    expect(down.out.split("No IPv6 peers found.\n\n")[1]).toBe(
      "Calico datastore (files): down since 03:08:21, what is known stays: /r cannot be read: \\u{1b}[2J\n"
      + "No sessions by Calico's resources: there is no Node rr1\n");
    const kept = await run("node status", (daemon) => {
      daemon.calicoStatus = { ...calicoStatus, waiting: "no router id",
        faults: [{ kind: "BGPFilter", name: "f", field: "", why: "odd", note: true }] };
    });
    expect(kept.out.split("03:08:21\n")[1]).toBe("rr1 has 3 sessions among 4 nodes, as before: no router id\n\n"
      + "RESOURCE      FIELD   FAULT\nBGPFilter f           note: odd\n");
  });
});

describe("show peers", () => {
  it("prints columns", async () => {
    const both = "no policy (RFC 8212)";
    const missing = `import: ${both}`;
    const { out } = await run("show peers", (daemon) => {
      daemon.peerList = [
        peerView(),
        peerView({ name: "edge", address: "10.0.0.2", asNumber: 65001, policy: {
          import: "no policy (RFC 8212)", export: "accept" } }),
        peerView({ name: "w\u001b[31mx", address: "fd00::3", state: "Idle", prefixes: {}, waiting: "no provider",
          policy: { import: "no policy (RFC 8212)", export: "no policy (RFC 8212)" } }),
      ];
    });
    expect(out).toBe(`\
NAME           ADDRESS    AS      STATE         SINCE      RECEIVED   ACCEPTED   ADVERTISED   INFO
node1          10.0.0.1   64512   Established   03:08:21   5          4          3
edge           10.0.0.2   65001   Established   03:08:21   5          4          3            ${missing}
w\\u{1b}[31mx   fd00::3    64512   Idle          03:08:21   0          0          0            no provider; ${both}
`);
  });

  it("prints more with -o wide", async () => {
    const { out } = await run("show peers -o wide", (daemon) => {
      daemon.peerList = [peerView({ description: "rack\n1" })];
    });
    expect(out.split("\n")[0]).toMatch(/LOCAL ADDRESS +ROUTER ID +CLIENT .*FLAPS .*DESCRIPTION$/);
    expect(out.split("\n")[1]).toMatch(/10\.0\.0\.9 +10\.0\.0\.1 +yes .*rack\\u\{a\}1$/);
  });

  it("prints one in full, hostile texts escaped", async () => {
    const { out } = await run("show peers node1", (daemon) => {
      daemon.peerList = [peerView({ lastError: lastError({ text: "bye\u001b]0;owned\u0007" }) })];
    });
    expect(out).toContain("State:             Established since 03:08:21\n");
    expect(out).toContain("Received: Administrative Shutdown (bye\\u{1b}]0;owned\\u{7}) [6/2] at 03:00:00\n");
    expect(out).toContain("  fqdn hostname=evil\\u{1b}[2Jhost\n");
    expect(out).toContain("  multiprotocol afi=1 safi=1\n");
    expect(out).toContain("PREFIXES       RECEIVED   ACCEPTED   ADVERTISED\nipv4-unicast   5          4          3\n");
    expect(out).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it("gives JSON whole, by line, and without octets a terminal obeys", async () => {
    const json = await run("show peers -o json");
    expect(JSON.parse(json.out)).toEqual([peerView()]);
    const lines = await run("show peers -o jsonl", (daemon) => {
      daemon.peerList = [peerView(), peerView({ name: "b", description: "\u009b2J\u202e\u2028" })];
    });
    const names = lines.out.trimEnd().split("\n").map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names).toEqual(["node1", "b"]);
    expect(lines.out).toMatch(/^[\x20-\x7e\n]*$/);
  });

  it("says that there is none of the name, exit 1", async () => {
    expect(await run("show peers nobody")).toEqual({
      code: 1, out: "", err: "reflectd: show peers: no neighbour nobody (reflectd show peers lists the neighbours)\n",
    });
  });
});

describe("show routes", () => {
  const routes = (daemon: FakeDaemon): void => {
    daemon.routeSource = () => [
      routeView(),
      routeView({ best: false, stale: true, from: { name: "node2", address: "10.0.0.2" }, med: 5,
        asPath: [{ type: "sequence", asns: [1] }, { type: "set", asns: [2, 3] }], origin: "incomplete" }),
      routeView({ best: false, rejected: "a loop", localPref: 2147482623 }),
      routeView({ family: "ipv6-unicast", prefix: "fd00:10:244::/122", nextHop: "fd00::1", asPath: [],
        originatorId: "10.0.0.1", clusterList: ["1.1.1.1", "2.2.2.2"], communities: ["64512:100"] }),
    ];
  };

  it("prints fixed columns, anew where the family changes", async () => {
    expect((await run("show routes", routes)).out).toBe(`\
     PREFIX               NEXT HOP          FROM                 LOCALPREF    MED     AS PATH
*    10.244.1.0/26        10.0.0.1          node1                100          -       65001 65002 i
 S   10.244.1.0/26        10.0.0.1          node2                100          5       1 {2 3} ?
x    10.244.1.0/26        10.0.0.1          node1                2147482623   -       65001 65002 i   rejected: a loop

     PREFIX                          NEXT HOP                     FROM                 LOCALPREF    MED     AS PATH
*    fd00:10:244::/122               fd00::1                      node1                100          -       i
`);
  });

  it("prints more with -o wide", async () => {
    expect((await run("show routes -o wide", routes)).out).toContain(
      "i   originator=10.0.0.1 clusters=1.1.1.1,2.2.2.2 communities=64512:100 since=2026-03-01T03:08:21.000Z\n");
  });

  it("gives JSON whole and by line", async () => {
    expect(JSON.parse((await run("show routes -o json", routes)).out)).toHaveLength(4);
    expect((await run("show routes -o json", (daemon) => { daemon.routeSource = () => []; })).out).toBe("[]\n");
    const { out } = await run("show routes -o jsonl", routes);
    expect(JSON.parse(out.split("\n")[0] ?? "")).toEqual(routeView());
  });

  it("says when there is none", async () => {
    const none = (daemon: FakeDaemon): void => { daemon.routeSource = () => []; };
    expect(await run("show routes", none)).toEqual({ code: 0, out: "No routes found.\n", err: "" });
  });

  it("counts", async () => {
    expect((await run("show routes --count")).out).toBe("3 prefixes, 7 paths\n");
    expect(JSON.parse((await run("show routes --count -o json")).out)).toEqual({ prefixes: 3, paths: 7 });
  });

  it("asks what the options say", async () => {
    const asked: unknown[] = [];
    const note = (daemon: FakeDaemon): void => {
      daemon.routeSource = (query) => { asked.push(query); return []; };
    };
    await run("show routes fd00::/8 --longer --family ipv6-unicast --community 1:2", note);
    await run("show routes --peer fe80::1%eth0 --out", note);
    await run("show routes --for 10.0.0.1", note);
    expect(asked).toEqual([
      { prefix: "fd00::/8", longer: true, family: "ipv6-unicast", community: "1:2" },
      { peer: "fe80::1%eth0", direction: "out" },
      { for: "10.0.0.1" },
    ]);
  });

  it("fails when the stream breaks off", async () => {
    const { code, err } = await run("show routes", (daemon) => {
      daemon.routeSource = function* () {
        for (let i = 0; i < 2000; i++) yield routeView();
        throw new Error("planted");
      };
    });
    expect(code).toBe(1);
    expect(err).toMatch(/^reflectd: show routes: the daemon's answer broke off: .*\n$/);
  });
});

it("ends quietly when the reader of a pipe has seen enough, and stops the stream", async () => {
  const daemon = fakeDaemon();
  let returned: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => { returned = resolve; });
  daemon.routeSource = function* () {
    try {
      for (;;) yield routeView();
    } finally {
      returned();
    }
  };
  const server = await controlServer(daemon);
  const pipe = new Sink((chunk) => refusal(chunk, "EPIPE", "broken pipe"));
  const stderr = new Sink();
  const io = cliIo(pipe, stderr, { env: { REFLECTD_SOCKET: server.socketPath } });
  expect(await runCli(["show", "routes"], io)).toBe(0);
  expect(stderr.text).toBe("");
  await stopped;
});

it("says when the disk that takes the output is full", async () => {
  const daemon = fakeDaemon();
  const server = await controlServer(daemon);
  const disk = new Sink((chunk) => refusal(chunk, "ENOSPC", "no space left"));
  const stderr = new Sink();
  const io = cliIo(disk, stderr, { env: { REFLECTD_SOCKET: server.socketPath } });
  expect(await runCli(["show", "routes"], io)).toBe(1);
  expect(stderr.text).toBe("reflectd: standard output: no space left (the output is not complete)\n");
});

it("explains", async () => {
  expect((await run("explain 10.244.1.0/26")).out).toBe(`\
10.244.1.0/26 (ipv4-unicast)

2 candidates, decided by LOCAL_PREF (RFC 4271 §9.1.1)

  * via 10.0.0.1 from node1, LOCAL_PREF 100, AS path 65001 65002 i
    via 10.0.0.1 from node2, LOCAL_PREF 90, AS path 65001 65002 i
      lost by LOCAL_PREF (RFC 4271 §9.1.1)

PEER    TOLD       WHY
node1   not sent   it came from this peer (RFC 4271 §9.2)
node3   sent       best path (RFC 4271 §9.2)
`);
});

it("explains a lone route of our own, and one that is not there", async () => {
  const own: Partial<RouteView> = { from: { name: "local", address: "" }, asPath: [] };
  const { nextHop: _, ...route } = routeView(own);
  const decidedBy = { reason: "only candidate", source: "RFC 4271 §9.1.2" };
  const one = await run("explain 10.0.0.0/8", (daemon) => {
    daemon.explain = () => ({ ...EXPLAINED, candidates: [{ route, lostBy: null }], decidedBy, peers: [] });
  });
  expect(one.out).toBe(`\
10.244.1.0/26 (ipv4-unicast)

1 candidate

  * from local, LOCAL_PREF 100, AS path i
`);
  const none = await run("explain 10.0.0.0/8", (daemon) => {
    daemon.explain = () => ({ ...EXPLAINED, candidates: [], decidedBy: null, peers: [] });
  });
  expect(none.out).toBe("10.244.1.0/26 (ipv4-unicast)\n\nNo candidate paths.\n");
});

it("shows groups, memory and the configuration", async () => {
  expect((await run("show groups")).out).toBe(`\
GROUP   FAMILY         ADVERTISED   LIVE   JOINING   DETACHED   LAG    LAG OCTETS
1       ipv4-unicast   5            1      0         1          4000   262144

MEMBER   GROUP   STATE      LAG    LAG OCTETS
node2    1       detached   4000   262144
`);
  expect((await run("show groups -o wide")).out).toMatch(/ebgp=false client=true\n[^]*node1 +1 +live/);
  expect((await run("show memory")).out).toBe(`\
OWNER                OCTETS
attribute sets       3000
ipv4-unicast paths   1000
total                4000
`);
  expect((await run("show kernel")).out).toBe("No kernel routes: kernel.enabled is false in the configuration\n");
  expect(JSON.parse((await run("show kernel -o json")).out)).toMatchObject({ enabled: false, learned: 0 });
  expect(JSON.parse((await run("show config")).out)).toEqual({ routerId: "10.0.0.9", neighbors: [] });
});

describe("control", () => {
  it.each([
    ["reload", 0, "added 1: node2\nremoved 0\nreset 0\nrefreshed 0\nuntouched 1\n", undefined],
    ["reset node1", 0, "reset 1: node1\n", ["reset", "node1", undefined]],
    ["reset node1 --soft out", 0, "reset 1: node1\n", ["reset", "node1", "out"]],
    ["disable 10.0.0.1 --reason=upgrade", 0, "disabled 1: 10.0.0.1\n", ["disable", "10.0.0.1", "upgrade"]],
    ["enable node1", 0, "enabled 1: node1\n", ["enable", "node1"]],
    ["shutdown", 0, "shutting down\n", ["shutdown", { drainSeconds: 0 }]],
    ["restart", 0, "stopping, to be started again by whoever started it\n", ["restart"]],
    ["shutdown --drain 30", 0, "draining for 30 s, then shutting down\n", ["shutdown", { drainSeconds: 30 }]],
  ] as const)("%s", async (line, code, out, told) => {
    let daemon: FakeDaemon | undefined;
    expect(await run(line, (made) => { daemon = made; })).toEqual({ code, out, err: "" });
    expect(daemon?.told).toEqual(told === undefined ? [] : [told]);
  });

  it("prints a line for each mistake that a reload found", async () => {
    const { code, err } = await run("reload", (daemon) => {
      daemon.reloadOutcome = async () => ({ refused: "a.json:1:2 $.a: x (y)\na.json:3:4 $.b: x (y)", what: "failed" });
    });
    expect({ code, err }).toEqual({ code: 1,
      err: "reflectd: reload: a.json:1:2 $.a: x (y)\nreflectd: reload: a.json:3:4 $.b: x (y)\n" });
  });

  it("says which changes wait for a restart", async () => {
    const { out } = await run("reload", (daemon) => {
      const nothing = { added: [], removed: [], reset: [], refreshed: [], untouched: [] };
      daemon.reloadOutcome = async () => ({ ...nothing, needsRestart: ["http", "log"] });
    });
    expect(out).toMatch(/untouched 0\nneeds a restart: http, log\n$/);
  });

  it("passes the daemon's reason on, exit 1", async () => {
    const { code, err } = await run("reload", (daemon) => {
      daemon.reloadOutcome = async () => ({ refused: "a.json:3:5 $.asNumber: no AS", what: "invalid" });
    });
    expect({ code, err }).toEqual({ code: 1, err: "reflectd: reload: a.json:3:5 $.asNumber: no AS\n" });
  });
});

it("prints a time as calicoctl: the clock up to 20 hours, then the date", async () => {
  const at = (hours: number): string => new Date(fakeNow() - hours * 3_600_000).toISOString();
  const { out } = await run("show peers", (daemon) => {
    daemon.peerList = [peerView({ since: at(19.9) }), peerView({ since: at(20.1) }), peerView({ since: "never" })];
  });
  expect(out.split("\n").slice(1, 4).map((line) => /Established +(\S+)/.exec(line)?.[1]))
    .toEqual(["08:06:00", "2026-02-28", "-"]);
});
