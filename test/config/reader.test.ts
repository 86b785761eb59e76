/** What a right file means: defaults, the examples of the documentation, and that what is shown reads back the same. */

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseIpv4 } from "../../src/base/address.ts";
import { formatPrefix } from "../../src/base/prefix.ts";
import { diffIntent } from "../../src/config/diff.ts";
import { formatFault } from "../../src/config/fault.ts";
import { maskedConfiguration } from "../../src/config/mask.ts";
import { readConfiguration } from "../../src/config/reader.ts";
import { anyCharacter } from "../support/any-text.ts";
import { accepted, acceptedPeer, faultsOf, files, isEmptyDiff } from "./support.ts";

const PEER = { address: "10.0.0.2" };

describe("defaults", () => {
  it("of the speaker and the program are those of the interface", () => {
    const { settings, intent } = accepted({});
    expect(intent).toEqual({
      speaker: {
        routerId: parseIpv4("10.0.0.1"), asNumber: 64512, clusterId: parseIpv4("10.0.0.1"),
        listen: [{ address: "0.0.0.0", port: 179 }, { address: "::", port: 179 }], onStop: "restart",
      },
      peers: [], originated: [],
    });
    expect(settings).toEqual({
      control: { socket: undefined, group: undefined, birdSockets: false },
      http: { address: "127.0.0.1", port: 9179 },
      log: { level: "info", format: undefined },
      kernel: {
        enabled: false, table: 254, protocol: 186, metric: undefined, onStop: "keep", learn: true, scanSeconds: 30,
        ecmp: false, unresolved: "unreachable", preferredSource: [],
      },
      calico: undefined, metrics: { perPeer: true }, onStop: "restart",
      restart: { stateDirectory: undefined, selectionDeferralSeconds: 15 },
    });
  });

  it("give way to the BIRD sockets that the file names", () => {
    const birdSockets = ["/run/bird.ctl", "/run/bird6.ctl"];
    expect(accepted({ control: { birdSockets } }).settings.control.birdSockets).toEqual(birdSockets);
    expect(accepted({ control: { birdSockets: false } }).settings.control.birdSockets).toBe(false);
  });

  it("in Calico mode are BIRD's sockets where Calico's tools look for them", () => {
    const calico = { datastore: "files", files: ["/resources"], nodeName: "rr1" };
    const socketsOf = (more: object): unknown => {
      const read = readConfiguration(JSON.stringify({ calico, ...more }), "test");
      return "faults" in read ? read.faults : read.settings.control.birdSockets;
    };
    expect(socketsOf({})).toEqual(["/var/run/calico/bird.ctl", "/var/run/calico/bird6.ctl"]);
    expect(socketsOf({ control: { birdSockets: false } })).toBe(false);
  });

  it("of an iBGP neighbour accept everything", () => {
    expect(acceptedPeer(PEER)).toEqual({
      name: "10.0.0.2", where: { kind: "address", address: "10.0.0.2", port: 179 }, description: "", enabled: true,
      type: "node", asNumber: 64512, localAsNumber: 64512, localAddress: undefined, passive: false, role: undefined,
      roleStrict: false, enforceFirstAs: false, rejectAsSets: false, routeReflectorClient: false,
      clusterId: parseIpv4("10.0.0.1"), families: ["ipv4-unicast", "ipv6-unicast"], addPath: "both",
      addPathSendMax: Infinity, holdTimeSeconds: 90, keepaliveTimeSeconds: undefined, connectRetrySeconds: 5,
      idleHoldSeconds: [5, 30], nextHop: "auto", prefixLimit: {}, allowOwnAs: 0,
      import: { default: "accept", rules: [], missing: false },
      export: { default: "accept", rules: [], missing: false },
      passwordFile: undefined, passwordSecret: undefined, password: undefined, ttlSecurityHops: undefined,
      gracefulRestart: undefined, advertiseToNonLlgrNeighbor: false,
    });
  });

  it("of an eBGP neighbour reject everything and say that a policy is missing (RFC 8212)", () => {
    const peer = acceptedPeer({ ...PEER, asNumber: "1.1" });
    expect(peer).toMatchObject({ asNumber: 65537, addPath: "off", enforceFirstAs: true, rejectAsSets: true });
    expect([peer.import, peer.export]).toEqual(Array(2).fill({ default: "reject", rules: [], missing: true }));
  });

  it.each([
    [{}, "reject", true],
    [{ default: "accept" }, "accept", false],
    [{ default: "reject" }, "reject", false],
    [{ rules: [] }, "reject", true],
    [{ rules: [{ action: "Accept" }] }, "reject", false],
    [{ rules: [{ action: "Reject" }], default: "accept" }, "accept", false],
  ])("of the policy %j on eBGP are %s", (policy, byDefault, missing) => {
    const peer = acceptedPeer({ ...PEER, asNumber: 1, import: policy });
    expect(peer.import).toMatchObject({ default: byDefault, missing });
  });

  it("follow the AS in use on the session, and the speaker's cluster id", () => {
    expect(acceptedPeer({ ...PEER, asNumber: 7, localAsNumber: 7 }).addPath).toBe("both");
    expect(acceptedPeer(PEER, { clusterId: "244.0.0.1" }).clusterId).toBe(parseIpv4("244.0.0.1"));
  });

  it.each([
    [{ address: "10.0.0.2", port: 1179 }, "10.0.0.2_port_1179"],
    [{ address: "FD00:0::2" }, "fd00::2"],
    [{ address: "fe80::1%eth0" }, "fe80::1%eth0"],
    [{ range: "10.0.0.0/8" }, "10.0.0.0/8"],
  ])("name %j as %s", (neighbor, name) => {
    expect(acceptedPeer(neighbor).name).toBe(name);
  });

  it("make a range passive and bounded", () => {
    const { where, passive } = acceptedPeer({ range: "fd00::/64" });
    expect(passive).toBe(true);
    expect(where).toMatchObject({ kind: "range", limit: 5000 });
    expect(where.kind === "range" && formatPrefix(where.range)).toBe("fd00::/64");
  });

  it("complete a prefix limit", () => {
    expect(acceptedPeer({ ...PEER, prefixLimit: { "ipv4-unicast": { max: 9 } } }).prefixLimit)
      .toEqual({ "ipv4-unicast": { max: 9, action: "restart", restartSeconds: 300 } });
  });
});

it("reads a route of our own to numbers", () => {
  const originate = [{ prefix: "10.9.0.0/16", nextHop: "10.0.0.9", communities: ["64512:100", "no-export"],
    largeCommunities: ["4294967295:1:2"], med: 7 }];
  expect(accepted({ originate }).intent.originated).toEqual([{
    prefix: { address: Uint8Array.of(10, 9, 0, 0), length: 16 }, nextHop: Uint8Array.of(10, 0, 0, 9),
    communities: [64512 * 65536 + 100, 0xffffff01], largeCommunities: [[4294967295, 1, 2]],
    localPref: undefined, med: 7,
  }]);
});

it("reads every kind of rule", () => {
  const rules = [{
    cidr: "10.0.0.0/8", matchOperator: "In", prefixLength: { min: 24, max: 26 }, source: "RemotePeers",
    interface: "eth*", peerType: "iBGP", communities: { values: ["1:2:3"] },
    asPathPrefix: ["1.0", 7], priority: 100, action: "Accept",
    operations: [{ addCommunity: { value: "1:2" } }, { prependASPath: { prefix: [7] } }, { setPriority: { value: 5 } }],
  }];
  expect(acceptedPeer({ ...PEER, export: { rules } }).export.rules).toEqual([{
    family: "ipv4-unicast", cidr: { address: Uint8Array.of(10, 0, 0, 0), length: 8 }, matchOperator: "In",
    prefixLength: { min: 24, max: 26 }, source: "RemotePeers", interface: "eth*", peerType: "iBGP",
    community: [1, 2, 3], asPathPrefix: [65536, 7], priority: 100, action: "accept",
    operations: [
      { do: "addCommunity", community: [1, 2] }, { do: "prependAsPath", asns: [7] }, { do: "setPriority", priority: 5 },
    ],
  }]);
});

describe("the configuration in force", () => {
  it("reads back to the same settings and intent, and every sort of file is reached", () => {
    const reached = { right: 0, wrong: 0, neighbors: 0, ranges: 0, rules: 0, ebgp: 0, routes: 0 };
    fc.assert(fc.property(files, (file) => {
      const read = readConfiguration(JSON.stringify(file), "f");
      if ("faults" in read) {
        reached.wrong += 1;
        expect(read.faults.length).toBeGreaterThan(0);
        return;
      }
      const { peers, originated } = read.intent;
      reached.right += 1;
      reached.neighbors += peers.length;
      reached.ranges += peers.filter((peer) => peer.where.kind === "range").length;
      reached.rules += peers.filter((peer) => peer.import.rules.length > 0).length;
      reached.ebgp += peers.filter((peer) => peer.asNumber !== peer.localAsNumber).length;
      reached.routes += originated.length;
      const shown = JSON.stringify(maskedConfiguration(read.settings, read.intent));
      expect(faultsOf(shown)).toEqual([]);
      expect(readConfiguration(shown, "f")).toEqual(read);
    }), { numRuns: 1500 });
    for (const [name, count] of Object.entries(reached)) expect(count, name).toBeGreaterThan(2); // rules are rare
  });

  it("leaves out what a password file holds", () => {
    const { settings, intent } = accepted({ neighbors: [{ ...PEER, passwordFile: "/etc/rr.password" }] });
    const peers = intent.peers.map((peer) => ({ ...peer, password: { text: "hunter2" } }));
    const shown = JSON.stringify(maskedConfiguration(settings, { ...intent, peers }));
    expect(shown).not.toContain("hunter2");
    expect(shown).toContain("/etc/rr.password");
  });

  it("masks the password in a URL", () => {
    const { settings, intent } = accepted({});
    const etcd = { endpoints: ["https://root:hunter2@10.0.0.1:2379"], ca: undefined, cert: undefined, key: undefined,
      username: undefined, passwordFile: "/etc/etcd.password" };
    const calico = { datastore: "etcd" as const, files: [], kubeconfig: undefined, etcd, nodeName: undefined,
      node: undefined, publishNode: false, namespace: undefined, programClusterRoutes: undefined,
      holdTimeSeconds: 240, routerId: undefined, listen: undefined };
    const shown = JSON.stringify(maskedConfiguration({ ...settings, calico }, intent));
    expect(shown).not.toContain("hunter2");
    expect(shown).toContain("https://***@10.0.0.1:2379");
  });
});

describe("any text", () => {
  const whole = readFileSync(new URL("../../docs/examples/calico-route-reflector.json", import.meta.url), "utf8");

  it("gives a value or faults of one line each, and never a throw", () => {
    const cut = fc.tuple(fc.nat(whole.length), fc.nat(40), fc.string({ unit: anyCharacter, maxLength: 6 }))
      .map(([at, length, text]) => whole.slice(0, at) + text + whole.slice(at + length));
    fc.assert(fc.property(fc.oneof(cut, fc.string({ unit: anyCharacter }), fc.json()), wellFormed), { numRuns: 1000 });
  });

  it("stays so where every key holds any value", () => {
    const keys = [...whole.matchAll(/"(\w+)":/g)].map(([, key = ""]) => key);
    const mixed = fc.letrec((tie) => ({
      value: fc.oneof({ depthSize: "small" },
        fc.constantFrom<unknown>(0, -1, 1e999, 0.5, "", "10.0.0.0/8", "::1", null, true),
        fc.array(tie("value"), { maxLength: 3 }), fc.dictionary(fc.constantFrom(...keys, "__proto__"), tie("value"))),
    })).value;
    fc.assert(fc.property(fc.dictionary(fc.constantFrom(...keys), mixed), (file) => wellFormed(JSON.stringify(file))));
  });

  function wellFormed(text: string): void {
    const read = readConfiguration(text, "f");
    if (!("faults" in read)) return;
    expect(read.faults.length).toBeGreaterThan(0);
    for (const line of read.faults.map(formatFault)) {
      expect(line).toMatch(/^f:\d+:\d+ \$\S*.*: .+ \(.+\)$/);
      expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
    }
  }
});

describe("docs/examples", () => {
  const folder = new URL("../../docs/examples/", import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));

  it("has the two examples of the documentation, word for word", () => {
    expect(names).toEqual(["calico-route-reflector.json", "two-bird-lab.json"]);
    const documentation = readFileSync(new URL("../../docs/configuration.md", import.meta.url), "utf8");
    for (const name of names) expect(documentation).toContain(readFileSync(new URL(name, folder), "utf8"));
  });

  it.each(names)("%s is right and does not change when it is shown", (name) => {
    const text = readFileSync(new URL(name, folder), "utf8");
    expect(faultsOf(text)).toEqual([]);
    const read = readConfiguration(text, name);
    if ("faults" in read) return;
    const again = readConfiguration(JSON.stringify(maskedConfiguration(read.settings, read.intent)), name);
    expect("intent" in again && isEmptyDiff(diffIntent(read.intent, again.intent))).toBe(true);
  });
});
