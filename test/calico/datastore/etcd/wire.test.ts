/** Keys, values and answers of etcd, read without one. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eventsOf, identityOf, keyOf, prefixesOf, resourceOf } from "../../../../src/calico/datastore/etcd/keys.ts";
import { base64, errorOf, pageOf, watchResultOf } from "../../../../src/calico/datastore/etcd/messages.ts";
import { ResourceStore } from "../../../../src/calico/store.ts";

const RESOURCES = "/calico/resources/v3/projectcalico.org/";
const entry = (key: string, value: string, modRevision = "7"): Parameters<typeof resourceOf>[0] =>
  ({ key, value, modRevision });

describe("keys", () => {
  it.each([
    ["Node", "n1", "nodes/n1"],
    ["BGPPeer", "p", "bgppeers/p"],
    ["BGPConfiguration", "node.n1", "bgpconfigurations/node.n1"],
    ["BGPFilter", "f", "bgpfilters/f"],
    ["IPPool", "default-ipv4-ippool", "ippools/default-ipv4-ippool"],
  ])("%s %s", (kind, name, path) => {
    expect(keyOf({ kind, name })).toBe(RESOURCES + path);
    expect(identityOf(RESOURCES + path)).toEqual({ kind, name });
  });
  it.each([
    ["/calico/ipam/v2/host/n1/ipv4/block/10.65.0.64-26", "n1-10-65-0-64-26"],
    ["/calico/ipam/v2/host/a-1/ipv6/block/fd00:1::-122", "a-1-fd00-1---122"],
  ])("block affinity %s", (key, name) => {
    expect(identityOf(key)).toEqual({ kind: "BlockAffinity", name });
  });
  it.each([
    `${RESOURCES}networkpolicies/default/x`, `${RESOURCES}workloadendpoints/default/x`, `${RESOURCES}bgppeers/`,
    `${RESOURCES}bgppeers/a/b`, `${RESOURCES}constructor/a`, "/calico/ipam/v2/handle/h",
    "/calico/ipam/v2/virtual/n1/ipv4/block/10.0.0.0-26", "/calico/ipam/v2/host/n1/ipv4/block/x", "", "\ufffd",
    "/calico/ipam/v2/assignment/ipv4/block/odd",
  ])("nothing of ours: %j", (key) => {
    expect(identityOf(key)).toBeUndefined();
    expect(resourceOf(entry(key, "{}"))).toBeUndefined();
  });
  it("has no place for what Calico keeps elsewhere, and for what would be another key", () => {
    for (const kind of ["Secret", "Service", "BlockAffinity", "constructor"]) {
      expect(keyOf({ kind, name: "x" })).toBeUndefined();
    }
    for (const name of ["", "a/b", "a b", "a\n"]) expect(keyOf({ kind: "Node", name })).toBeUndefined();
  });
  it("asks for the kinds one by one, and for the node's own blocks", () => {
    expect(prefixesOf("n1")).toEqual(["nodes/", "bgppeers/", "bgpconfigurations/", "bgpfilters/", "ippools/"]
      .map((path) => RESOURCES + path).concat("/calico/ipam/v2/host/n1/"));
    expect(prefixesOf(undefined).at(-1)).toBe("/calico/ipam/v2/host/");
  });
});

describe("values", () => {
  it("are what their key says, with their revision", () => {
    const value = JSON.stringify({ kind: "Elsewhat", apiVersion: "v1", spec: { asNumber: 1 },
      metadata: { name: "other", labels: { a: "b" }, resourceVersion: "1" } });
    expect(resourceOf(entry(`${RESOURCES}bgppeers/p`, value))).toEqual({
      kind: "BGPPeer", apiVersion: "projectcalico.org/v3", spec: { asNumber: 1 },
      metadata: { name: "p", labels: { a: "b" }, resourceVersion: "7" },
    });
  });
  it("of block affinities become the resource", () => {
    const resource = resourceOf(entry("/calico/ipam/v2/host/n1/ipv4/block/10.65.0.64-26",
      '{"state":"confirmed","deleted":false}'));
    expect(resource).toMatchObject({ kind: "BlockAffinity",
      spec: { node: "n1", cidr: "10.65.0.64/26", state: "confirmed", deleted: false, type: "host" } });
    const store = new ResourceStore();
    expect(store.put([resource, resourceOf(entry("/calico/ipam/v2/host/n1/ipv6/block/fd00::-122", "{}"))])).toEqual([]);
    expect([...store.resources.affinities.values()].map(({ node, state }) => [node, state]))
      .toEqual([["n1", "confirmed"], ["n1", "confirmed"]]);
  });
  it.each(["nodes", "bgppeers", "bgpconfigurations", "bgpfilters", "ippools"])(
    "that cannot be read are reported by name and say nothing: %s", (plural) => {
      for (const value of ["no JSON", "[1]", "7", "null", '"text"']) {
        const store = new ResourceStore();
        const faults = store.put([resourceOf(entry(`${RESOURCES}${plural}/default`, value))]);
        expect(faults).toContainEqual(expect.objectContaining({ name: "default", field: "spec" }));
      }
    });
});

describe("changes", () => {
  const put = (name: string): Parameters<typeof eventsOf>[0][number] =>
    ({ isRemoval: false, entry: entry(`${RESOURCES}nodes/${name}`, "{}") });
  it("keep their order, what is alike together", () => {
    const removal = { isRemoval: true, entry: entry(`${RESOURCES}nodes/a`, "") };
    const foreign = { isRemoval: true, entry: entry(`${RESOURCES}tiers/a`, "") };
    expect(eventsOf([put("a"), foreign, put("b"), removal, put("a")])).toMatchObject([
      { kind: "put", resources: [{ metadata: { name: "a" } }, { metadata: { name: "b" } }] },
      { kind: "removed", resourceKind: "Node", name: "a" },
      { kind: "put", resources: [{ metadata: { name: "a" } }] },
    ]);
    expect(eventsOf([])).toEqual([]);
  });
});

describe("answers", () => {
  it("are pages with where the next one starts", () => {
    const kvs = [{ key: base64("/a"), value: base64("ä"), mod_revision: "5" }, { key: base64("/b") }];
    const header = { revision: "9" };
    expect(pageOf({ header, kvs })).toEqual({ revision: "9", next: undefined, entries: [
      { key: "/a", value: "ä", modRevision: "5" }, { key: "/b", value: "", modRevision: "0" }] });
    expect(pageOf({ header, kvs, more: true })).toMatchObject({ next: base64("/b\0") });
    expect(pageOf({ header, more: true })).toMatchObject({ next: undefined, entries: [] });
    // A key need not be UTF-8: the next page starts after its octets.
    expect(pageOf({ header, kvs: [{ key: "/w==" }], more: true })).toMatchObject({ next: "/wA=" });
  });
  it.each([{}, { header: 7 }, { header: { revision: "x" } }, { header: { revision: 7 } }])(
    "of somebody else are no pages: %j", (body) => { expect(pageOf(body as never)).toBeTypeOf("string"); });
  it("are results of a watch", () => {
    const result = (content: object): unknown => watchResultOf(JSON.stringify({ result: content }));
    expect(result({ created: true })).toEqual({ isCreated: true, events: [] });
    expect(result({ header: { revision: "7" } })).toEqual({ isCreated: false, events: [] });
    expect(result({ events: [{ kv: { key: base64("/a"), value: base64("v"), mod_revision: "3" } },
      { type: "DELETE", kv: { key: base64("/b"), mod_revision: "4" } }] })).toEqual({ isCreated: false, events: [
      { isRemoval: false, entry: { key: "/a", value: "v", modRevision: "3" } },
      { isRemoval: true, entry: { key: "/b", value: "", modRevision: "4" } }] });
  });
  it.each([
    [{ result: { canceled: true, compact_revision: "9" } }, /compacted/],
    [{ result: { canceled: true, created: true, cancel_reason: "permission denied" } }, /^permission denied$/],
    [{ result: { canceled: true } }, /ended/],
    [{ error: { message: "etcdserver: no leader" } }, /no leader/],
    [{ error: "old", message: "" }, /^old$/],
    [{}, /not etcd's/],
    [[], /not etcd's/],
  ])("end a watch: %j", (answer, why) => { expect(watchResultOf(JSON.stringify(answer))).toMatch(why); });
  it("of any kind are no crash", () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      for (const line of [text, `{"result":${text}}`, `{"result":{"events":${text}}}`, text.slice(1)]) {
        const result = watchResultOf(line);
        if (typeof result !== "string") eventsOf(result.events);
      }
      pageOf({ header: { revision: "1" }, kvs: value as never, more: true });
      errorOf({ error: value as never });
    }));
  });
});
