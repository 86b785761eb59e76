/** The datastore against a real etcd, behind a proxy where something has to go wrong. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { EtcdDatastore } from "../../../../src/calico/datastore/etcd/etcd.ts";
import { ResourceStore } from "../../../../src/calico/store.ts";
import type { EtcdSettings } from "../../../../src/config/settings.ts";
import { Etcd, etcdSuite, freePort } from "../../../support/calico/etcd.ts";
import { GatewayProxy } from "../../../support/calico/gateway-proxy.ts";
import { FAST, Mirror } from "../../../support/calico/mirror.ts";
import { pause } from "../../../support/lab/waiting.ts";

const RESOURCES = "/calico/resources/v3/projectcalico.org";
const keyOf = (name: string): string => `${RESOURCES}/bgppeers/${name}`;
const peer = (name: string, asNumber = 64512): object => ({ kind: "BGPPeer", apiVersion: "projectcalico.org/v3",
  metadata: { name }, spec: { peerIP: "192.0.2.1", asNumber } });
const SETTINGS: EtcdSettings = { endpoints: [], ca: undefined, cert: undefined, key: undefined, username: undefined,
  passwordFile: undefined };
const NOW = "2026-01-02T03:04:05Z";

function datastoreAt(endpoints: readonly string[], over: Partial<EtcdSettings> = {}): EtcdDatastore {
  return new EtcdDatastore({ settings: { ...SETTINGS, endpoints, ...over }, nodeName: "me", timers: FAST,
    now: () => NOW });
}

function follow(endpoints: readonly string[], over: Partial<EtcdSettings> = {}): Mirror {
  const datastore = datastoreAt(endpoints, over);
  const mirror = new Mirror();
  datastore.start(mirror.listen);
  onTestFinished(() => datastore.stop());
  return mirror;
}

/** With what CalicoNodeStatus asks for. */
function reporting(datastore: EtcdDatastore): Mirror {
  const mirror = new Mirror();
  datastore.want({ services: false, statuses: true, secrets: new Set() });
  datastore.start(mirror.listen);
  onTestFinished(() => datastore.stop());
  return mirror;
}

/** Writes without a process for each: what is tested is not who writes. */
async function putAll(url: string, resources: readonly object[]): Promise<void> {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  for (let from = 0; from < resources.length; from += 100) {
    const success = resources.slice(from, from + 100).map((resource) => ({ request_put: {
      key: base64(keyOf((resource as { metadata: { name: string } }).metadata.name)),
      value: base64(JSON.stringify(resource)) } }));
    const answer = await fetch(`${url}/v3/kv/txn`, { method: "POST", body: JSON.stringify({ success }) });
    expect(answer.status, await answer.text()).toBe(200);
  }
}

/** A peer's AS number by each name, as somebody knows them. */
const numbers = (mirror: Mirror): object => Object.fromEntries([...mirror.known].map(([name, resource]) =>
  [name, (resource as unknown as { spec: { asNumber: number } }).spec.asNumber]));

etcdSuite("etcd as a datastore", () => {
  let etcd: Etcd;
  let proxy: GatewayProxy;
  beforeAll(async () => { etcd = await Etcd.start(); });
  afterAll(async () => { await etcd?.close(); });
  beforeEach(async () => {
    await etcd.ctl("del", "--prefix", "/calico/");
    proxy = await GatewayProxy.start(etcd.port);
  });
  afterEach(async () => { await proxy.close(); });

  it("tells what there is, then every change, and nothing of what is not for BGP", async () => {
    const blocks = "/calico/ipam/v2/host";
    await etcd.put(keyOf("one"), peer("one"));
    await etcd.put(`${RESOURCES}/bgppeersabc/x`, "{}");
    await etcd.put(`${RESOURCES}/networkpolicies/default/x`, "{}");
    await etcd.put(`${blocks}/me/ipv4/block/10.0.0.0-26`, { state: "confirmed" });
    await etcd.put(`${blocks}/other/ipv4/block/10.0.0.64-26`, { state: "confirmed" });
    const mirror = follow([etcd.url]);
    await mirror.until("the connection", () => mirror.isUp);
    expect(mirror.events.map(({ kind }) => kind)).toEqual(["snapshot", "synced", "up"]);
    expect(mirror.names).toEqual(["BGPPeer one", "BlockAffinity me-10-0-0-0-26"]);

    await etcd.put(keyOf("two"), peer("two"));
    await etcd.put(keyOf("one"), peer("one", 64513));
    await etcd.put(`${RESOURCES}/tiers/x`, "{}");
    await etcd.put(`${RESOURCES}/nodes/me`, { spec: { bgp: { ipv4Address: "192.0.2.7/24" } } });
    await etcd.ctl("del", `${blocks}/me/ipv4/block/10.0.0.0-26`);
    await etcd.ctl("del", keyOf("two"));
    await mirror.until("the last change", () => mirror.count("removed") === 2);
    await mirror.until("all changes", () => mirror.names.join() === "BGPPeer one,Node me");
    expect(mirror.known.get("BGPPeer one")).toMatchObject({ spec: { asNumber: 64513 } });
    expect(mirror.count("snapshot")).toBe(1);
  });

  it("feeds the store, which reports what cannot be read by its name", async () => {
    await etcd.put(keyOf("one"), peer("one"));
    await etcd.put(`${RESOURCES}/ippools/bad`, "no JSON");
    await etcd.put(`${RESOURCES}/ippools/good`, { spec: { cidr: "10.0.0.0/16" } });
    const mirror = follow([etcd.url]);
    await mirror.until("the snapshot", () => mirror.count("snapshot") === 1);
    const store = new ResourceStore();
    store.put([...mirror.known.values()]);
    expect([...store.resources.pools.keys()]).toEqual(["good"]);
    expect([...store.resources.peers.keys()]).toEqual(["one"]);
    expect(new Set(store.faults.map(({ kind, name }) => `${kind} ${name}`))).toEqual(new Set(["IPPool bad"]));
  });

  it("reads many pages as of one moment, and loses nothing that happens between them and the watches", async () => {
    const names = Array.from({ length: 1203 }, (_, at) => `p${String(at).padStart(4, "0")}`);
    await putAll(etcd.url, names.map((name) => peer(name)));
    const late: string[] = [];
    proxy.before = async (path) => {
      // Once each: after the first answer, whose revision counts, and before the first watch.
      const due = path === "/v3/watch" ? "before the watch" : proxy.count(path) === 4 ? "between pages" : "";
      if (due === "" || late.includes(due)) return;
      late.push(due);
      await etcd.put(keyOf(`a-${late.length}`), peer("late"));
      await etcd.ctl("del", keyOf(`p120${late.length}`));
    };
    const mirror = follow([proxy.url]);
    await mirror.until("the late ones", () => mirror.known.size === 1203 && mirror.known.has("BGPPeer a-2"));
    expect(late).toEqual(["between pages", "before the watch"]);
    const [first] = mirror.events;
    expect(first?.kind === "snapshot" && first.resources.length).toBe(1203);
    expect(mirror.names).toEqual([...names, "a-1", "a-2"].filter((name) => !["p1201", "p1202"].includes(name))
      .map((name) => `BGPPeer ${name}`).sort());
    // Six kinds of keys, one of them in three pages.
    expect([proxy.count("/v3/kv/range"), proxy.count("/v3/watch")]).toEqual([8, 6]);
    await pause(300);
    expect(proxy.requests).toHaveLength(14);
  });

  it("begins anew when changes were compacted before it could watch them", async () => {
    let isFirst = true;
    proxy.before = async (path) => {
      if (path !== "/v3/watch" || !isFirst) return;
      isFirst = false;
      for (const name of ["one", "two", "three"]) await etcd.put(keyOf(name), peer(name));
      await etcd.ctl("del", keyOf("two"));
      await etcd.ctl("compact", String(await etcd.revision()));
    };
    const mirror = follow([proxy.url]);
    await mirror.until("the new beginning", () => mirror.isUp && mirror.count("snapshot") === 2);
    await mirror.until("the peers", () => mirror.names.join() === "BGPPeer one,BGPPeer three");
    expect(mirror.whys).toEqual([expect.stringMatching(/compacted/)]);
    expect(mirror.count("synced")).toBe(1);
    expect(proxy.requests.length).toBeLessThanOrEqual(24);
  });

  it("keeps what it knows while etcd is dead, and knows what happened meanwhile when it is back", async () => {
    for (const name of ["stays", "goes"]) await etcd.put(keyOf(name), peer(name));
    const mirror = follow([proxy.url]);
    await mirror.until("the connection", () => mirror.isUp);
    proxy.isRefusing = true;
    await etcd.kill9();
    await mirror.until("the loss", () => !mirror.isUp);
    expect(mirror.names).toEqual(["BGPPeer goes", "BGPPeer stays"]);
    await etcd.run();
    await etcd.ctl("del", keyOf("goes"));
    await etcd.put(keyOf("comes"), peer("comes"));
    proxy.isRefusing = false;
    await mirror.until("the changes", () => mirror.isUp && mirror.names.join() === "BGPPeer comes,BGPPeer stays");
    expect(mirror.count("synced")).toBe(1);
    await etcd.put(keyOf("more"), peer("more"));
    await mirror.until("a change after that", () => mirror.known.has("BGPPeer more"));
  });

  it("misses nothing when its watches are cut, at whatever octet", async () => {
    const mirror = follow([proxy.url]);
    for (let change = 0; change < 120; change++) {
      proxy.cutWatchAfter = change * 7;
      await putAll(etcd.url, [peer(`p${change % 10}`, 1 + change)]);
      if (change % 30 === 29) await etcd.ctl("del", keyOf(`p${(change + 3) % 10}`));
      await pause(10);
    }
    proxy.cutWatchAfter = Infinity;
    proxy.cut();
    const truth = follow([etcd.url]);
    await truth.until("the truth", () => truth.isUp);
    await mirror.until("the same names", () => mirror.isUp && mirror.names.join() === truth.names.join());
    await mirror.until("the same values", () => truth.names.length > 0
      && [...truth.known].every(([name, resource]) =>
        JSON.stringify(mirror.known.get(name)) === JSON.stringify(resource)));
    expect(numbers(mirror)).toEqual(numbers(truth));
    expect(mirror.count("snapshot")).toBeGreaterThan(3);
  });

  it("goes to the next endpoint", async () => {
    await etcd.put(keyOf("one"), peer("one"));
    const second = await GatewayProxy.start(etcd.port);
    onTestFinished(() => second.close());
    const mirror = follow([`http://127.0.0.1:${await freePort()}`, proxy.url, second.url]);
    await mirror.until("the first that is there", () => mirror.isUp);
    expect(second.requests).toEqual([]);
    proxy.cut();
    await mirror.until("the other one", () => mirror.isUp && second.count("/v3/watch") === 6);
    expect(mirror.names).toEqual(["BGPPeer one"]);
  });

  it("writes what Calico's own tools can go on with, and nothing over an unseen change", async () => {
    const mirror = follow([etcd.url]);
    await mirror.until("the connection", () => mirror.isUp);
    const datastore = datastoreAt([`http://127.0.0.1:${await freePort()}`, etcd.url]);
    const added = await datastore.put({ kind: "BGPPeer", metadata: { name: "one" }, spec: { asNumber: 1 } }, "0");
    expect(added).toEqual({ kind: "written", revision: String(await etcd.revision()) });
    const stored = JSON.parse(await etcd.get(keyOf("one"))) as { metadata: { uid: string } };
    expect(stored).toEqual({ kind: "BGPPeer", apiVersion: "projectcalico.org/v3", spec: { asNumber: 1 },
      metadata: { name: "one", uid: expect.stringMatching(/^[0-9a-f-]{36}$/), creationTimestamp: NOW } });
    await mirror.until("the peer", () => mirror.known.has("BGPPeer one"));
    const seen = mirror.known.get("BGPPeer one") as { metadata: { resourceVersion: string } };
    const { resourceVersion } = seen.metadata;
    expect(added).toMatchObject({ revision: resourceVersion });

    expect(await datastore.put(peer("one", 2) as never, "0")).toEqual({ kind: "conflict", revision: resourceVersion });
    const changed = await datastore.put(peer("one", 2) as never, resourceVersion);
    expect(changed).toMatchObject({ kind: "written" });
    expect(JSON.parse(await etcd.get(keyOf("one")))).toMatchObject(
      { spec: { asNumber: 2 }, metadata: { uid: stored.metadata.uid, creationTimestamp: NOW } });
    expect(await datastore.put(peer("one", 3) as never, resourceVersion)).toMatchObject({ kind: "conflict" });
    const both = await Promise.all([3, 4, 5].map((asNumber) => datastore.put(peer("one", asNumber) as never)));
    expect(both.map(({ kind }) => kind)).toEqual(["written", "written", "written"]);

    const one = { kind: "BGPPeer", name: "one" };
    expect(await datastore.remove(one, resourceVersion)).toMatchObject({ kind: "conflict" });
    expect(await datastore.remove(one)).toMatchObject({ kind: "written" });
    expect(await datastore.remove(one)).toEqual({ kind: "absent" });
    expect(await datastore.remove(one, "7")).toEqual({ kind: "conflict", revision: "0" });
    await mirror.until("the removal", () => mirror.known.size === 0);
  });

  it("reads who asks for our status, where that is wanted, and fills it", async () => {
    const key = `${RESOURCES}/caliconodestatuses/s`;
    const spec = { node: "me", classes: ["BGP"], updatePeriodSeconds: 10 };
    await etcd.put(key, { kind: "CalicoNodeStatus", apiVersion: "projectcalico.org/v3", metadata: { name: "s" },
      spec });
    const datastore = datastoreAt([etcd.url]);
    const mirror = reporting(datastore);
    await mirror.until("the connection", () => mirror.isUp);
    expect([mirror.names, mirror.count("faults")]).toEqual([["CalicoNodeStatus s"], 0]);
    expect(await datastore.writeNodeStatus("s", { lastUpdated: "1", bgp: {} })).toBe("written");
    await mirror.until("our own change", () => mirror.count("put") === 1);
    expect(await datastore.writeNodeStatus("s", { lastUpdated: "2", bgp: {} })).toBe("unchanged");
    expect(JSON.parse(await etcd.get(key))).toMatchObject({ spec, status: { lastUpdated: "1", bgp: {} } });
    expect(await datastore.writeNodeStatus("gone", {})).toEqual({ why: "it is gone" });
    await etcd.ctl("del", key);
    await mirror.until("the removal", () => mirror.known.size === 0);
  });

  it("refuses what has no place there, and says when nobody can be reached", async () => {
    const datastore = datastoreAt([etcd.url]);
    const why = expect.any(String);
    for (const resource of [{ kind: "Pod", metadata: { name: "x" } }, { kind: "BGPPeer" }, 7, null,
      { kind: "Node", apiVersion: "v1", metadata: { name: "x" } }, { kind: "Node", metadata: { name: "a/b" } }]) {
      expect(await datastore.put(resource as never)).toEqual({ kind: "refused", why });
    }
    expect(await datastore.remove({ kind: "BlockAffinity", name: "x" })).toEqual({ kind: "refused", why });
    const nobody = datastoreAt([`http://127.0.0.1:${await freePort()}`]);
    expect(await nobody.remove({ kind: "Node", name: "x" })).toEqual({ kind: "unreachable", why });
    expect(await etcd.ctl("get", "--prefix", "--keys-only", "/calico/")).toBe("");
  });
});

etcdSuite("etcd with users", () => {
  it("needs the right password, and finds its way after a restart, which forgets all tokens", async () => {
    const etcd = await Etcd.start();
    onTestFinished(() => etcd.close());
    // No more than what the documentation asks for, and one kind to write.
    const kinds = ["nodes", "bgpconfigurations", "bgpfilters", "ippools"];
    const readable = [...kinds.map((kind) => `${RESOURCES}/${kind}/`), "/calico/ipam/v2/host/me/"];
    for (const words of ["user add root:secret", "role add root", "user grant-role root root", "role add calico",
      ...readable.map((path) => `role grant-permission calico --prefix=true read ${path}`),
      `role grant-permission calico --prefix=true readwrite ${RESOURCES}/bgppeers/`,
      "user add calico:right", "user grant-role calico calico", "auth enable"]) {
      await etcd.ctl(...words.split(" "));
    }
    etcd.user = "root:secret";
    const passwordFile = join(etcd.folder, "password");
    writeFileSync(passwordFile, "wrong\n");
    const proxy = await GatewayProxy.start(etcd.port);
    onTestFinished(() => proxy.close());
    const login = { username: "calico", passwordFile };
    const mirror = follow([proxy.url], login);
    const nobody = follow([etcd.url]);
    await mirror.until("the refusal", () => mirror.whys.length > 0);
    expect(mirror.whys[0]).toMatch(/authentication failed/);
    await nobody.until("the refusal", () => nobody.whys.length > 0);
    expect(nobody.whys[0]).toMatch(/user name is empty/);
    expect(new Set(proxy.requests)).toEqual(new Set(["/v3/auth/authenticate"]));

    writeFileSync(passwordFile, "right\n");
    await mirror.until("the connection", () => mirror.isUp);
    await etcd.put(keyOf("one"), peer("one"));
    await mirror.until("a change", () => mirror.known.has("BGPPeer one"));
    const denied = reporting(datastoreAt([etcd.url], login));
    await denied.until("all but the status", () => denied.isUp);
    expect(denied.names).toEqual(["BGPPeer one"]);
    expect(denied.events[0]).toEqual({ kind: "faults", faults: [{ kind: "CalicoNodeStatus", name: "*", field: "",
      why: expect.stringContaining("permission denied") }] });
    await etcd.kill9();
    await mirror.until("the loss", () => !mirror.isUp);
    await etcd.run();
    await mirror.until("the connection again", () => mirror.isUp);
    expect(await datastoreAt([proxy.url], login).put(peer("two") as never)).toMatchObject({ kind: "written" });
    await mirror.until("our own change", () => mirror.known.has("BGPPeer two"));
    expect(mirror.count("synced")).toBe(1);
  }, 40_000);
});

etcdSuite("etcd with TLS", () => {
  it("shows our certificate, looks at theirs, and says what is wrong", async () => {
    const etcd = await Etcd.start({ tls: true });
    onTestFinished(() => etcd.close());
    const { ca, clientCert: cert, clientKey: key } = etcd.certificates!;
    await etcd.put(keyOf("one"), peer("one"));
    const mirror = follow([etcd.url], { ca, cert, key });
    await mirror.until("the connection", () => mirror.isUp);
    await etcd.put(keyOf("two"), peer("two"));
    await mirror.until("a change", () => mirror.known.has("BGPPeer two"));
    expect(mirror.names).toEqual(["BGPPeer one", "BGPPeer two"]);
    expect(await datastoreAt([etcd.url], { ca, cert, key }).remove({ kind: "BGPPeer", name: "one" }))
      .toMatchObject({ kind: "written" });

    for (const [over, why] of [
      [{ cert, key }, /^https:.*self.signed|unable to (verify|get)/],
      [{ ca }, /^https:.*(certificate|ECONNRESET|hang up|EPIPE|aborted|cut)/],
      [{ ca, cert, key: ca }, /the certificates cannot be used/],
    ] as const) {
      const failing = follow([etcd.url], over);
      await failing.until("the refusal", () => failing.whys.length > 0);
      expect(failing.whys[0]).toMatch(why);
      expect(failing.count("snapshot")).toBe(0);
    }
  }, 40_000);
});
