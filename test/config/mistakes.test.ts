/** Every mistake is one line that says where, what and what to do; and all of them are said at once. */

import { describe, expect, it } from "vitest";
import { FAULTS_MAX } from "../../src/config/fault.ts";
import { accepted, acceptedPeer, BASE, faultsOf, faultsOfValue } from "./support.ts";

const PEER = { address: "10.0.0.2" };
const neighbor = (fields: object): object => ({ ...BASE, neighbors: [{ ...PEER, ...fields }] });
const rule = (fields: object): object => neighbor({ import: { rules: [{ action: "Accept", ...fields }] } });
const route = (fields: object): object => ({ ...BASE, originate: [{ prefix: "10.9.0.0/16", ...fields }] });
const FILES = { datastore: "files", files: ["/r"] };
const [N, R] = ["$.neighbors[0]", "$.neighbors[0].import.rules[0]"];

const MISTAKES: readonly (readonly [file: object, line: string])[] = [
  // the speaker
  [{}, '$: "routerId" is missing (add "routerId": an IPv4 address of this host)'],
  [{ routerId: "host" },
    '$.routerId: expected an identifier, found "host" (write it like an IPv4 address: "192.0.2.1")'],
  [{ routerId: "0.0.0.0" }, "$.routerId: 0.0.0.0 is no identifier (RFC 6286) (use an IPv4 address of this host)"],
  [{ ...BASE, asNumber: 0 }, "$.asNumber: AS 0 is reserved (RFC 7607) (use 1 to 4294967295)"],
  [{ ...BASE, asNumber: "1.65536" },
    '$.asNumber: expected an AS number, found "1.65536" (use 1 to 4294967295, or "hi.lo" with both parts up to 65535)'],
  [{ ...BASE, neighbours: [] }, '$.neighbours: unknown key "neighbours" (did you mean "neighbors"?)'],
  [{ ...BASE, onStop: "reboot" },
    '$.onStop: expected one of restart, shutdown, found "reboot" (choose one)'],
  [{ ...BASE, listen: [{ address: "::" }, { address: "0::0" }] },
    "$.listen[1].address: :: port 179 is given twice (remove one of the two)"],
  [{ ...BASE, listen: "0.0.0.0" }, '$.listen: expected a list of addresses, found "0.0.0.0" (write [ ... ])'],
  // whom
  [neighbor({ adress: 1 }), `${N}.adress: unknown key "adress" (did you mean "address"?)`],
  [neighbor({ hold_time: 90 }), `${N}.hold_time: unknown key "hold_time" (did you mean "holdTimeSeconds"?)`],
  [neighbor({ address: "10.0.0.256" }),
    `${N}.address: expected an IP address, found "10.0.0.256" (write it like "192.0.2.1" or "2001:db8::1"; `
    + "host names are not looked up)"],
  [neighbor({ address: "10.0.0.2:1179" }),
    `${N}.address: expected an IP address, found "10.0.0.2:1179" (the port goes into "port")`],
  [neighbor({ address: "10.0.0.0/24" }),
    `${N}.address: expected an IP address, found "10.0.0.0/24" (an address has no length; a neighbour for a whole `
    + 'network has "range")'],
  [neighbor({ address: "fe80::1" }),
    `${N}.address: fe80::1 is link-local and lacks its interface (write "fe80::1%eth0" or the like)`],
  [neighbor({ address: "fd00::1%eth0" }), `${N}.address: fd00::1 is not link-local and has no zone (write "fd00::1")`],
  [neighbor({ address: "::ffff:10.0.0.2" }),
    `${N}.address: ::ffff:10.0.0.2 is an IPv4 address in IPv6 clothes (write "10.0.0.2")`],
  [neighbor({ address: "0.0.0.0" }), `${N}.address: 0.0.0.0 is the wildcard (give the address of one host)`],
  [neighbor({ address: "224.0.0.5" }),
    `${N}.address: 224.0.0.5 is a multicast address (give the address of one host)`],
  [{ ...BASE, neighbors: [{ name: "x" }] },
    `${N}: neither address nor range (add "address" (one neighbour) or "range" (a network of them))`],
  [neighbor({ range: "10.0.0.0/8" }), `${N}.range: both address and range (keep one of the two)`],
  [{ ...BASE, neighbors: [{ range: "10.0.0.1/8" }] },
    `${N}.range: "10.0.0.1/8" has bits set past its length (did you mean "10.0.0.0/8"?)`],
  [{ ...BASE, neighbors: [{ range: "10.0.0.0" }] }, `${N}.range: "10.0.0.0" has no length (write "10.0.0.0/32")`],
  [{ ...BASE, neighbors: [{ range: "10.0.0.0/33" }] },
    `${N}.range: expected a prefix, found "10.0.0.0/33" (write it like "10.0.0.0/26" or "2001:db8::/64")`],
  [{ ...BASE, neighbors: [{ range: "ff00::/8" }] },
    `${N}.range: a range of multicast addresses (give a network of hosts)`],
  [{ ...BASE, neighbors: [{ range: "10.0.0.0/8", passive: false }] },
    `${N}.passive: a range is always passive (remove it)`],
  [{ ...BASE, neighbors: [{ range: "10.0.0.0/8", port: 1179 }] },
    `${N}.port: port has no effect on a range, which is never dialled (remove it)`],
  [neighbor({ limit: 5 }), `${N}.limit: limit without range has no effect (remove it)`],
  [neighbor({ port: 70000 }),
    `${N}.port: expected a whole number from 1 to 65535, found 70000 (choose one in range)`],
  [neighbor({ port: "179" }),
    `${N}.port: expected a whole number from 1 to 65535, found "179" (write the number without quotes)`],
  [{ ...BASE, neighbors: [PEER, { address: "10.0.0.2", port: 179 }] },
    '$.neighbors[1].address: "10.0.0.2 port 179" is already $.neighbors[0] '
    + '(once is enough; one neighbour has one entry)'],
  [{ ...BASE, neighbors: [{ range: "10.0.0.0/8" }, { range: "10.0.0.0/8", name: "b" }] },
    '$.neighbors[1].range: "10.0.0.0/8" is already $.neighbors[0] (once is enough; one neighbour has one entry)'],
  [{ ...BASE, neighbors: [{ ...PEER, name: "a" }, { address: "10.0.0.3", name: "a" }] },
    '$.neighbors[1].name: "a" is already $.neighbors[0] (names are unique: choose another)'],
  [neighbor({ name: "a b" }), `${N}.name: white space in "a b" (use "_")`],
  // the session
  [neighbor({ asNumber: 0 }), `${N}.asNumber: AS 0 is reserved (RFC 7607) (use 1 to 4294967295)`],
  [neighbor({ localAddress: "fd00::1" }),
    `${N}.localAddress: localAddress and neighbour are of different families (give both as IPv4 or both as IPv6)`],
  [neighbor({ role: "peer" }),
    `${N}.role: a BGP role on an iBGP session (RFC 9234 §4): our AS 64512, theirs 64512 `
    + `(remove it, or correct asNumber)`],
  [neighbor({ asNumber: 1, roleStrict: true }), `${N}.roleStrict: roleStrict without role (add "role")`],
  [neighbor({ asNumber: 1, routeReflectorClient: true }),
    `${N}.routeReflectorClient: a route reflector client on an eBGP session (RFC 4456): our AS 64512, theirs 1 `
    + "(remove it, or correct asNumber)"],
  [neighbor({ localAsNumber: 1, clusterId: "1.1.1.1" }),
    `${N}.clusterId: a cluster id on an eBGP session (RFC 4456): our AS 1, theirs 64512 `
    + `(remove it, or correct asNumber)`],
  [neighbor({ asNumber: 1, advertiseToNonLlgrNeighbor: true }),
    `${N}.advertiseToNonLlgrNeighbor: advertiseToNonLlgrNeighbor on an eBGP session (RFC 9494 §4.6): our AS 64512, `
    + "theirs 1 (remove it, or correct asNumber)"],
  [neighbor({ enforceFirstAs: true }),
    `${N}.enforceFirstAs: enforceFirstAs on an iBGP session would reject every route: our AS 64512, theirs 64512 `
    + "(remove it, or correct asNumber)"],
  [neighbor({ holdTimeSeconds: 2 }),
    `${N}.holdTimeSeconds: a hold time of 2 s is not allowed (RFC 4271 §4.2) (use 0 (off) or 3 to 65535)`],
  [neighbor({ keepaliveTimeSeconds: 90 }),
    `${N}.keepaliveTimeSeconds: the keepalive time is not below the hold time (use a third of it, or leave this out)`],
  [neighbor({ idleHoldSeconds: [30, 5] }),
    `${N}.idleHoldSeconds: the first wait (30 s) is above the largest (5 s) (exchange them)`],
  [neighbor({ idleHoldSeconds: [5] }), `${N}.idleHoldSeconds: 1 waits (give at least 2)`],
  [neighbor({ families: [] }), `${N}.families: 0 families (give at least 1)`],
  [neighbor({ families: ["ipv4-unicast", "ipv4-unicast"] }),
    `${N}.families: a family is given twice (keep one of the two)`],
  [neighbor({ families: ["ipv4unicast"] }),
    `${N}.families[0]: expected one of ipv4-unicast, ipv6-unicast, found "ipv4unicast" (did you mean "ipv4-unicast"?)`],
  [neighbor({ addPath: "receive", addPathSendMax: 2 }),
    `${N}.addPathSendMax: addPathSendMax has no effect while addPath does not send `
    + `(remove it, or use "addPath": "both")`],
  [neighbor({ asNumber: 1, addPathSendMax: 2 }),
    `${N}.addPathSendMax: addPathSendMax has no effect: addPath is off on eBGP unless asked for: our AS 64512, `
    + 'theirs 1 (add "addPath": "both")'],
  [neighbor({ prefixLimit: { "ipv4-unicast": {} } }),
    `${N}.prefixLimit.ipv4-unicast: "max" is missing (add it: prefixes that may be received)`],
  [neighbor({ prefixLimit: { "ipv4-unicast": { max: 1, action: "drop", restartSeconds: 5 } } }),
    `${N}.prefixLimit.ipv4-unicast.restartSeconds: restartSeconds has no effect with this action `
    + '(remove it, or use "action": "restart")'],
  [neighbor({ families: ["ipv4-unicast"], prefixLimit: { "ipv6-unicast": { max: 1 } } }),
    `${N}.prefixLimit: a limit of ipv6-unicast, which is not among the families (remove it, or add the family)`],
  [neighbor({ password: "x" }), `${N}.password: unknown key "password" (did you mean "passwordFile"?)`],
  // rules
  [rule({ cidr: "10.0.0.0/8" }), `${R}.cidr: cidr without matchOperator (add "matchOperator": "In" or the like)`],
  [rule({ matchOperator: "In" }), `${R}.matchOperator: matchOperator without cidr (add the cidr it compares with)`],
  [rule({ prefixLength: { min: 1 } }),
    `${R}.prefixLength: prefixLength without cidr (add "cidr": "0.0.0.0/0" or "::/0" and "matchOperator": "In")`],
  [rule({ cidr: "10.0.0.0/8", matchOperator: "In", prefixLength: { max: 64 } }),
    `${R}.prefixLength: an IPv4 prefix has no more than 32 bits (use 0 to 32)`],
  [rule({ cidr: "10.0.0.0/8", matchOperator: "In", prefixLength: { min: 9, max: 8 } }),
    `${R}.prefixLength.min: min is above max: no prefix can match (exchange them)`],
  [rule({ action: "Allow" }), `${R}.action: expected one of Accept, Reject, found "Allow" (choose one)`],
  [rule({ action: "Reject", operations: [{ setPriority: { value: 1 } }] }),
    `${R}.operations: operations of a rule that rejects have no effect (remove them, or use "action": "Accept")`],
  [rule({ operations: [{}] }), `${R}.operations[0]: an operation with 0 keys (give each operation exactly one)`],
  [rule({ communities: { values: ["1:2", "1:3"] } }), `${R}.communities.values: 2 communities (give at most 1)`],
  [rule({ communities: { values: ["1:65536"] } }),
    `${R}.communities.values[0]: expected a community, found "1:65536" (write "aa:nn" `
    + `(both up to 65535) or "aa:nn:mm")`],
  [rule({ interface: "a-name-of-16-chr" }), `${R}.interface: an interface pattern of 16 characters (use at most 15)`],
  // our own routes
  [route({ nextHop: "fd00::1" }),
    "$.originate[0].nextHop: next hop and prefix are of different families (give both as IPv4 or both as IPv6)"],
  [route({ prefix: "127.0.0.0/8" }),
    "$.originate[0].prefix: loopback and multicast prefixes are ignored by every receiver (RFC 4271 §6.3) (remove it)"],
  [{ ...BASE, originate: [{ prefix: "10.9.0.0/16" }, { prefix: "10.9.0.0/16" }] },
    "$.originate[1].prefix: 10.9.0.0/16 is already $.originate[0] (remove one of the two)"],
  [route({ communities: ["internet"] }),
    '$.originate[0].communities[0]: expected a community, found "internet" '
    + '(write "aa:nn" with both up to 65535, or a name such as "no-export")'],
  // the program
  [{ ...BASE, http: true }, '$.http: expected an object, found true (write { "key": value, ... })'],
  [{ ...BASE, log: { level: "warning" } },
    '$.log.level: expected one of error, warn, info, debug, found "warning" (did you mean "warn"?)'],
  [{ ...BASE, kernel: { protocol: 2 } },
    "$.kernel.protocol: expected a whole number from 5 to 255, found 2 (choose one in range)"],
  [{ ...BASE, kernel: { preferredSource: ["10.0.0.1", "10.0.0.2"] } },
    "$.kernel.preferredSource: two addresses of one family: 10.0.0.1, 10.0.0.2 (leave one out)"],
  [{ ...BASE, kernel: { preferredSource: ["0.0.0.0"] } },
    "$.kernel.preferredSource[0]: 0.0.0.0 is the wildcard (give the address of one host)"],
  [{ ...BASE, kernel: { preferredSource: ["fe80::1%eth0"] } },
    "$.kernel.preferredSource: fe80::1%eth0 has a zone (give an address that is good on every link)"],
  [{ ...BASE, kernel: { unresolved: "unreachble" } }, "$.kernel.unresolved: expected one of unreachable, prohibit, "
    + 'blackhole, none, found "unreachble" (did you mean "unreachable"?)'],
  [{ ...BASE, control: { birdSockets: ["/run/bird.ctl"] } },
    "$.control.birdSockets: 1 paths (give at least 2)"],
  [{ calico: { datastore: "files" } },
    '$.calico: datastore files without files (add "files": ["PATH"])'],
  [{ calico: { publishNode: true } }, "$.calico.publishNode: publishNode without node: there is nothing to write "
    + '(add "node": { "ipv4Address": "192.0.2.1/24" })'],
  [{ calico: { ...FILES, publishNode: true, node: { ipv4Address: "10.0.0.1" } } }, "$.calico.publishNode: publishNode "
    + "with files, which the daemon does not write (write the Node into them)"],
  [{ calico: { ...FILES, node: { ipv4Address: "fd00::1/64" } } },
    '$.calico.node.ipv4Address: expected an IPv4 address, found "fd00::1/64" (write it like "192.0.2.1/24")'],
  [{ calico: { ...FILES, node: { ipv6Address: "10.0.0.1/24" } } },
    '$.calico.node.ipv6Address: expected an IPv6 address, found "10.0.0.1/24" (write it like "2001:db8::1/64")'],
  [{ calico: { ...FILES, node: { ipv4Address: "0.0.0.0/24" } } },
    "$.calico.node.ipv4Address: 0.0.0.0 is the wildcard (give the address of one host)"],
  [{ calico: { ...FILES, node: { asNumber: 1 } } },
    "$.calico.node: a node without an address has no session "
    + '(add "ipv4Address": "192.0.2.1/24")'],
  // what the resources say in Calico mode
  [{ calico: FILES, asNumber: 1 }, '$.asNumber: "asNumber" in Calico mode '
    + "(remove it: it is that of the Node, of calico.node or of the BGPConfiguration)"],
  [{ calico: FILES, clusterId: "244.0.0.1" }, '$.clusterId: "clusterId" in Calico mode '
    + "(remove it: it is routeReflectorClusterID of the Node or of calico.node)"],
  [{ calico: FILES, neighbors: [] }, '$.neighbors: "neighbors" in Calico mode '
    + "(remove it: write a BGPPeer with their peerIP)"],
  [{ calico: FILES, originate: [] }, '$.originate: "originate" in Calico mode '
    + "(remove it: the Node's blocks and the service ranges are announced)"],
];

describe("a configuration with one mistake", () => {
  it.each(MISTAKES)("%j", (file, line) => {
    const lines = faultsOfValue(file);
    expect(lines.map((text) => text.replace(/^reflectd\.json:1:\d+ /, ""))).toEqual([line]);
  });
});

describe("faults", () => {
  it("are all reported, in the order of the text, and point at their values", () => {
    const lines = faultsOf(`{
  "routerId": "x",
  "asNumber": 0,
  "neighbors": [
    { "address": "10.0.0.2", "holdTimeSeconds": 1, "roleStrict": true },
    { "address": "10.0.0.2", "colour": "blue", "role": "peer" }
  ],
  "kernel": { "enabled": true, "table": 0 }
}`);
    expect(lines.map((line) => line.split(" ")[0] ?? "")).toEqual([
      "reflectd.json:2:15", "reflectd.json:3:15", "reflectd.json:5:49", "reflectd.json:5:66",
      "reflectd.json:6:18", "reflectd.json:6:30", "reflectd.json:8:41",
    ]);
    expect(lines).toHaveLength(7);
  });

  it("do not hide each other within one neighbour", () => {
    const lines = faultsOfValue(neighbor({ port: 0, asNumber: 1, routeReflectorClient: true, roleStrict: true }));
    expect(lines).toHaveLength(3);
  });

  it("do not follow from each other: a wrong AS says nothing about iBGP", () => {
    expect(faultsOfValue({ ...neighbor({ asNumber: 1, routeReflectorClient: true }), asNumber: -1 })).toHaveLength(1);
    expect(faultsOfValue(neighbor({ asNumber: -1, role: "peer" }))).toHaveLength(1);
  });

  it("are bounded in number and say how many more there are", () => {
    const keys = Array.from({ length: FAULTS_MAX + 5 }, (_, i) => [`x${i}`, 1] as const);
    const lines = faultsOfValue({ ...BASE, ...Object.fromEntries(keys) });
    expect(lines).toHaveLength(FAULTS_MAX + 1);
    expect(lines.at(-1)).toContain("5 more mistakes");
  });

  it("keep a hostile name or value to one printable line", () => {
    const lines = faultsOf('{"routerId": "\\u001b[31m\\n\\u202ex", "a\\nb\\u009bc": 1}');
    expect(lines).toEqual([
      'reflectd.json:1:14 $.routerId: expected an identifier, found "\\u001b[31m\\n\\u202ex" '
      + '(write it like an IPv4 address: "192.0.2.1")',
      expect.stringContaining('$["a\\nb\\u009bc"]: unknown key "a\\nb\\u009bc" (remove it; known here: $schema, '),
    ]);
  });
});

describe("the calico section", () => {
  const calico = {
    ...FILES,
    etcd: {
      endpoints: ["https://10.0.0.1:2379"], ca: "/ca", cert: "/cert", key: "/key", username: "u", passwordFile: "/p",
    },
    node: {
      ipv4Address: "10.0.0.1/24", ipv6Address: "fd00::1", asNumber: "1.1", routeReflectorClusterID: "244.0.0.1",
      labels: { "a/b": "c" },
    },
    nodeName: "n", publishNode: false, namespace: "x", holdTimeSeconds: 240, kubeconfig: "/k",
  };
  const withCalico = (fields: object): string[] => faultsOfValue({ calico: { ...calico, ...fields } })
    .map((line) => line.replace(/^reflectd\.json:1:\d+ /, "").replace(/ .*$/, ""));

  it("is read in full, and needs no routerId", () => {
    expect(withCalico({})).toEqual([]);
    const published = { publishNode: true, node: { routeReflectorClusterID: "244.0.0.1" } };
    expect(withCalico({ ...published, files: [], datastore: "etcd" })).toEqual([]);
  });

  it.each([
    [{ files: [] }, "$.calico.files:"],
    [{ node: { ipv4Address: "10.0.0.1/33" } }, "$.calico.node.ipv4Address:"],
    [{ node: { ...calico.node, labels: { a: 1 } } }, "$.calico.node.labels.a:"],
    [{ node: { ...calico.node, routeReflectorClusterID: "1" } }, "$.calico.node.routeReflectorClusterID:"],
    [{ etcd: { endpoints: ["https://u:p@10.0.0.1:2379"] } }, "$.calico.etcd.endpoints[0]:"],
    [{ etcd: { endpoint: [] } }, "$.calico.etcd.endpoint:"],
    [{ etcd: { ...calico.etcd, passwordFile: undefined } }, "$.calico.etcd.username:"],
    [{ etcd: { ...calico.etcd, username: undefined } }, "$.calico.etcd:"],
    [{ etcd: { ...calico.etcd, key: undefined } }, "$.calico.etcd.cert:"],
    [{ holdTimeSeconds: 1 }, "$.calico.holdTimeSeconds:"],
  ])("locates a mistake in it: %j", (fields, path) => {
    expect(withCalico(fields)).toEqual([path]);
  });

  it("names files that another datastore has no use for", () => {
    expect(withCalico({ datastore: "etcd" })).toEqual(["$.calico.files:"]);
  });

  it("leaves the speaker to the resources, but for what the file says", () => {
    expect(accepted({ routerId: undefined, calico }).intent).toEqual({ peers: [], originated: [], speaker: {
      routerId: 0, asNumber: 64512, clusterId: 0, listen: [], onStop: "restart" } });
    expect(accepted({ routerId: undefined, calico }).settings.calico)
      .toMatchObject({ routerId: undefined, listen: undefined });
    expect(accepted({ routerId: "10.0.0.9", listen: [], calico }).settings.calico)
      .toMatchObject({ routerId: 0x0a000009, listen: [] });
  });
});

describe("what looks like a mistake and is none", () => {
  it("accepts two sessions to one address on different ports, nested ranges, and an address inside a range", () => {
    const neighbors = [PEER, { ...PEER, port: 1179 }, { range: "10.0.0.0/8" }, { range: "10.0.0.0/24" }];
    expect(faultsOfValue({ ...BASE, neighbors })).toEqual([]);
  });

  it("takes rules in any case of letters and limits a rule with a cidr to its family", () => {
    const rules = [{ cidr: "fd00::/8", matchOperator: "NotIn", action: "reject" }, { action: "ACCEPT" }];
    const peer = acceptedPeer({ ...PEER, import: { rules } });
    expect(peer.import.rules.map(({ action, family }) => [action, family])).toEqual([
      ["reject", "ipv6-unicast"], ["accept", undefined],
    ]);
  });
});
