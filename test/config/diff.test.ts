/** Diffs of intents: nothing for the same, the price of the table for each field, and no session without a reason. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffIntent, highest, PEER_PRICES, PRICES, SPEAKER_PRICES } from "../../src/config/diff.ts";
import type { Intent, PeerIntent, SpeakerIntent } from "../../src/config/intent.ts";
import { readConfiguration } from "../../src/config/reader.ts";
import { accepted, files, isEmptyDiff } from "./support.ts";

const neighbors = [{ address: "10.0.0.2" }, { address: "10.0.0.3" }, { range: "10.1.0.0/16" }];
const have = accepted({ neighbors }).intent;
const [first, second, range] = have.peers as [PeerIntent, PeerIntent, PeerIntent];

/** For each field another value than `first` has. A new field does not compile until it has one. */
const OTHER: { readonly [K in keyof Omit<PeerIntent, "name">]: PeerIntent[K] } = {
  where: { kind: "address", address: "10.0.0.2", port: 1179 },
  description: "x", enabled: false, type: "mesh", asNumber: 1, localAsNumber: 1, localAddress: "10.0.0.1",
  passive: true,
  role: "peer", roleStrict: true, enforceFirstAs: true, rejectAsSets: true, routeReflectorClient: true, clusterId: 7,
  families: ["ipv4-unicast"], addPath: "off", addPathSendMax: 2, holdTimeSeconds: 30, keepaliveTimeSeconds: 5,
  connectRetrySeconds: 9, idleHoldSeconds: [5, 31], nextHop: "self",
  prefixLimit: { "ipv4-unicast": { max: 1, action: "warn", restartSeconds: 300 } }, allowOwnAs: 1,
  import: { ...first.import, default: "reject" }, export: { ...first.export, rules: [{ action: "accept" }] },
  passwordFile: "/x", passwordSecret: { name: "s", key: "k" }, password: { text: "p" }, ttlSecurityHops: 1,
  gracefulRestart: { restartTimeSeconds: 120 }, advertiseToNonLlgrNeighbor: true,
};
const OTHER_SPEAKER: SpeakerIntent = { routerId: 9, asNumber: 9, clusterId: 9, listen: [], onStop: "shutdown" };

const withPeers = (...peers: PeerIntent[]): Intent => ({ ...have, peers });

describe("diffIntent", () => {
  it("is empty between two readings of the same file, and it is not between different ones", () => {
    const seen = { same: 0, different: 0 };
    fc.assert(fc.property(files, files, (a, b) => {
      const [x, again, y] = [a, a, b].map((file) => readConfiguration(JSON.stringify(file), "f"));
      if (!x || !again || !y || "faults" in x || "faults" in again || "faults" in y) return;
      expect(isEmptyDiff(diffIntent(x.intent, again.intent))).toBe(true);
      const isSame = JSON.stringify(x.intent) === JSON.stringify(y.intent);
      expect(isEmptyDiff(diffIntent(x.intent, y.intent))).toBe(isSame);
      seen[isSame ? "same" : "different"] += 1;
    }), { numRuns: 1000 });
    expect(seen.different).toBeGreaterThan(20);
  });

  const fields = Object.keys(OTHER) as (keyof typeof OTHER)[];
  it.each(fields)("prices %s as its table says and leaves the others alone", (field) => {
    const want = withPeers({ ...first, [field]: OTHER[field] }, second, range);
    const { changed, added, removed, speaker } = diffIntent(have, want);
    expect(changed).toEqual([
      { name: "10.0.0.2", have: first, want: want.peers[0], price: PEER_PRICES[field], fields: [field] },
    ]);
    expect([added, removed, speaker]).toEqual([[], [], { price: "nothing", fields: [] }]);
  });

  it.each(Object.keys(OTHER_SPEAKER) as (keyof SpeakerIntent)[])("prices the speaker's %s", (field) => {
    const diff = diffIntent(have, { ...have, speaker: { ...have.speaker, [field]: OTHER_SPEAKER[field] } });
    expect(diff.speaker).toEqual({ price: SPEAKER_PRICES[field], fields: [field] });
    expect(diff.changed).toEqual([]);
    expect(diff.listen).toBe(field === "listen");
    expect(diff.clusterIds).toBe(field === "clusterId");
  });

  it("takes the highest price of several fields", () => {
    const want = withPeers({ ...first, description: "x", nextHop: "self", allowOwnAs: 1 }, second, range);
    expect(diffIntent(have, want).changed.map(({ price }) => price)).toEqual(["refresh"]);
    expect(highest([])).toBe("nothing");
    expect(highest([...PRICES].reverse())).toBe("reset");
  });

  it("costs nothing to change the limit of a range, and a reset to change the range", () => {
    const limited = withPeers(first, second, { ...range, where: { ...range.where, limit: 1 } as PeerIntent["where"] });
    expect(diffIntent(have, limited).changed).toMatchObject([{ price: "nothing", fields: ["where"] }]);
    const moved = accepted({ neighbors: [{ range: "10.2.0.0/16", name: "10.1.0.0/16" }] }).intent.peers;
    expect(diffIntent(withPeers(range), withPeers(...moved)).changed).toMatchObject([{ price: "reset" }]);
  });

  it("matches neighbours by name, whatever their order", () => {
    const { added, removed, changed } = diffIntent(have, withPeers(range, { ...second, name: "b" }, first));
    expect([added.map((p) => p.name), removed.map((p) => p.name), changed]).toEqual([["b"], ["10.0.0.3"], []]);
  });

  it("of many neighbours that come, go and change finds what a look at each finds", () => {
    const pool = Array.from("abcdefgh", (name) => ["x", "y"].map((description) => ({ ...first, name, description })));
    const lists = fc.tuple(...pool.map(([x, y]) => fc.constantFrom([], [x!], [y!]))).map((parts) => parts.flat());
    const names = (peers: readonly { readonly name: string }[]): string[] => peers.map(({ name }) => name).sort();
    fc.assert(fc.property(lists, lists, (before, after) => {
      const { added, removed, changed } = diffIntent(withPeers(...before), withPeers(...after));
      const lacks = (peers: readonly PeerIntent[], name: string): boolean => peers.every((one) => one.name !== name);
      expect(names(added)).toEqual(names(after.filter(({ name }) => lacks(before, name))));
      expect(names(removed)).toEqual(names(before.filter(({ name }) => lacks(after, name))));
      expect(names(changed)).toEqual(names(after.filter((one) => !before.includes(one) && !lacks(before, one.name))));
    }));
  });

  it("sees a change of our own routes, octet by octet", () => {
    const of = (...prefixes: string[]): Intent =>
      accepted({ originate: prefixes.map((prefix) => ({ prefix })) }).intent;
    expect(diffIntent(of("10.9.0.0/24"), of("10.9.0.0/24")).originated).toBe(false);
    expect(diffIntent(of("10.9.0.0/24"), of("10.9.1.0/24")).originated).toBe(true);
    expect(diffIntent(of("10.9.0.0/24"), of()).originated).toBe(true);
  });

  it("says when the set of our cluster ids changes by a neighbour", () => {
    expect(diffIntent(have, withPeers({ ...first, clusterId: 7 }, second, range)).clusterIds).toBe(true);
  });
});
