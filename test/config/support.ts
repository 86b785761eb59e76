/** Helpers of the configuration tests: reading objects, and generators that draw from tiny, colliding domains. */

import fc from "fast-check";
import type { IntentDiff } from "../../src/config/diff.ts";
import { formatFault } from "../../src/config/fault.ts";
import { readConfiguration } from "../../src/config/reader.ts";
import type { Intent, PeerIntent } from "../../src/config/intent.ts";
import type { Settings } from "../../src/config/settings.ts";

/** Whether two intents are the same, by their difference. */
export function isEmptyDiff(diff: IntentDiff): boolean {
  const peers = diff.added.length + diff.removed.length + diff.changed.length;
  return peers === 0 && diff.speaker.fields.length === 0 && !diff.originated;
}

/** What a file must have. */
export const BASE: { routerId: string } = { routerId: "10.0.0.1" };

/** The faults of a text, one line each; empty where it is right. */
export function faultsOf(text: string): string[] {
  const read = readConfiguration(text, "reflectd.json");
  return "faults" in read ? read.faults.map(formatFault) : [];
}

/** The faults of a file given as a value. */
export function faultsOfValue(file: unknown): string[] {
  return faultsOf(JSON.stringify(file));
}

/** What a right file says; fails the test where it is not right. */
export function accepted(file: object): { settings: Settings; intent: Intent } {
  const read = readConfiguration(JSON.stringify({ ...BASE, ...file }), "reflectd.json");
  if ("faults" in read) throw new Error(read.faults.map(formatFault).join("\n"));
  return read;
}

/** The first neighbour of a file with one. */
export function acceptedPeer(neighbor: object, file: object = {}): PeerIntent {
  const peer = accepted({ ...file, neighbors: [neighbor] }).intent.peers[0];
  if (peer === undefined) throw new Error("no peer");
  return peer;
}

const address = fc.constantFrom("10.0.0.2", "10.0.0.3", "fd00::2", "fe80::2%eth0");
const range = fc.constantFrom("10.1.0.0/16", "10.1.0.0/24", "fd00:1::/64", "0.0.0.0/0");
const some = <T>(...values: T[]): fc.Arbitrary<T> => fc.constantFrom(...values);

const bounds = fc.record({ min: some(0, 24), max: some(24, 32, 64) }, { requiredKeys: [] });
const cidr = fc.record({
  cidr: some("10.0.0.0/8", "fd00::/8"), matchOperator: some("In", "NotIn", "Equal", "NotEqual"), prefixLength: bounds,
}, { requiredKeys: ["cidr", "matchOperator"] });
const others = fc.record({
  source: some("RemotePeers"),
  interface: some("eth*"),
  peerType: some("iBGP", "eBGP"),
  communities: fc.record({ values: fc.tuple(some("1:2", "1:2:3")) }),
  asPathPrefix: some([1], [1, "1.1"]),
  priority: some(1, 2147483646),
  action: some("Accept", "Accept", "accept", "Reject"),
  operations: fc.array(some<object>(
    { addCommunity: { value: "1:2" } }, { prependASPath: { prefix: [7, 7] } }, { setPriority: { value: 5 } },
  ), { minLength: 1, maxLength: 2 }),
}, { requiredKeys: ["action"] });
const rule = fc.tuple(fc.oneof(cidr, fc.constant({})), others).map(([first, rest]) => ({ ...first, ...rest }));

const policy: fc.Arbitrary<object> = fc.record(
  { default: some("accept", "reject"), rules: fc.array(rule, { maxLength: 2 }) }, { requiredKeys: [] });

const common = {
  name: some("a", "b"),
  asNumber: some<unknown>(64512, 64513, "1.1"),
  localAsNumber: some(64512, 64513),
  localAddress: some("10.0.0.1", "fd00::1"),
  passive: some(true),
  type: some("mesh", "global", "node", "local"),
  role: some("provider", "peer"),
  roleStrict: fc.boolean(),
  enforceFirstAs: fc.boolean(),
  rejectAsSets: fc.boolean(),
  routeReflectorClient: fc.boolean(),
  clusterId: some("10.0.0.1", "244.0.0.1"),
  families: some(["ipv4-unicast"], ["ipv6-unicast", "ipv4-unicast"]),
  addPath: some("off", "receive", "send", "both"),
  addPathSendMax: some<unknown>(1, "all"),
  holdTimeSeconds: some(0, 3, 90),
  keepaliveTimeSeconds: some(1, 30),
  connectRetrySeconds: some(1, 5),
  idleHoldSeconds: some([5, 30], [1, 1]),
  nextHop: some("auto", "self", "keep"),
  prefixLimit: some<object>({ "ipv4-unicast": { max: 5 } }, { "ipv6-unicast": { max: 5, action: "drop" } }),
  allowOwnAs: some(0, 1),
  description: some("", "ä \"x\""),
  enabled: fc.boolean(),
  import: policy,
  export: policy,
  passwordFile: some("/etc/secret"),
  ttlSecurityHops: some(1, 254),
  gracefulRestart: some<object>({}, { restartTimeSeconds: 60 }, { longLivedSeconds: 86400 }),
  advertiseToNonLlgrNeighbor: fc.boolean(),
};

/** A few of the common keys: with many at once nearly every file would contradict itself. */
const few: fc.Arbitrary<object> = fc.subarray(Object.keys(common) as (keyof typeof common)[], { maxLength: 4 })
  .chain((keys) => fc.record(Object.fromEntries(keys.map((key) => [key, common[key] as fc.Arbitrary<unknown>]))));

const whom: fc.Arbitrary<object> = fc.oneof(
  fc.record({ address, port: some(179, 1179) }, { requiredKeys: ["address"] }),
  fc.record({ range, limit: some(1, 5000) }, { requiredKeys: ["range"] }),
);
const neighbor: fc.Arbitrary<object> = fc.tuple(whom, few).map(([first, rest]) => ({ ...first, ...rest }));

const route: fc.Arbitrary<object> = fc.record({
  prefix: some("10.9.0.0/16", "10.9.0.0/24", "fd09::/64", "0.0.0.0/0"),
  nextHop: some("10.0.0.9", "fd00::9"),
  communities: some(["1:2", "no-export"], []),
  largeCommunities: some(["4294967295:0:1"]),
  localPref: some(0, 4294967295),
  med: some(0, 7),
}, { requiredKeys: ["prefix"] });

/** Files whose keys are all known and whose values are right by themselves; together they may contradict. */
export const files: fc.Arbitrary<object> = fc.record({
  routerId: some("10.0.0.1", "192.0.2.1"),
  asNumber: some<unknown>(64512, "1.1"),
  clusterId: some("244.0.0.1"),
  listen: some<object[]>([], [{ address: "127.0.0.1", port: 0 }], [{ address: "::" }]),
  neighbors: fc.array(neighbor, { maxLength: 3 }),
  originate: fc.array(route, { maxLength: 2 }),
  onStop: some("restart", "shutdown"),
  control: some<object>({}, { socket: "/tmp/x.sock", group: "wheel" }, { birdSockets: false }),
  http: some<unknown>(false, {}, { address: "::1", port: 0 }),
  log: some<object>({}, { level: "debug", format: "text" }),
  metrics: some<object>({}, { perPeer: false }),
  restart: some<object>({}, { stateDirectory: "/var/lib/reflectd", selectionDeferralSeconds: 30 }),
  kernel: some<object>({}, { enabled: false, table: 100, protocol: 186, metric: 7, onStop: "remove", ecmp: true }),
}, { requiredKeys: ["routerId"] });
