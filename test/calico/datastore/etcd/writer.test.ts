/** etcd written by the verbs: the contract of all datastores, against a real etcd, and what only etcd has. */

import { afterAll, beforeAll, expect, it } from "vitest";
import { EtcdDatastore } from "../../../../src/calico/datastore/etcd/etcd.ts";
import { EtcdWriter } from "../../../../src/calico/datastore/etcd/writer.ts";
import { ownNodeOf } from "../../../../src/calico/own-node.ts";
import { nameOf } from "../../../../src/calico/resources/raw.ts";
import { ResourceStore } from "../../../../src/calico/store.ts";
import { Etcd, etcdSuite, freePort } from "../../../support/calico/etcd.ts";
import { FAST } from "../../../support/calico/mirror.ts";
import { done, peerOf, plain, resourceWriterContract } from "../../../support/calico/resource-writer-contract.ts";

const RESOURCES = "/calico/resources/v3/projectcalico.org";

function etcdAt(...endpoints: readonly string[]): EtcdDatastore {
  return new EtcdDatastore({ nodeName: undefined, timers: FAST, now: () => "2026-01-02T03:04:05Z",
    settings: { endpoints, ca: undefined, cert: undefined, key: undefined, username: undefined,
      passwordFile: undefined } });
}

function writerAt(...endpoints: readonly string[]): EtcdWriter {
  return new EtcdWriter(etcdAt(...endpoints));
}

etcdSuite("etcd and the verbs", () => {
  let etcd: Etcd;
  beforeAll(async () => { etcd = await Etcd.start(); });
  afterAll(async () => { await etcd?.close(); });

  /** An etcd without resources. */
  async function open(): Promise<EtcdWriter> {
    await etcd.ctl("del", "--prefix", "/calico/");
    return writerAt(etcd.url);
  }

  resourceWriterContract("etcd", open);

  it("holds what Calico's own tools read", async () => {
    const writer = await open();
    done(await writer.create(peerOf("a")));
    const stored: unknown = JSON.parse(await etcd.get(`${RESOURCES}/bgppeers/a`));
    expect(stored).toEqual({ ...peerOf("a"), metadata: { name: "a", uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      creationTimestamp: "2026-01-02T03:04:05Z" } });
    await etcd.put(`${RESOURCES}/bgppeers/b`, peerOf("b"));
    expect(done(await writer.list("BGPPeer")).map(plain)).toEqual([peerOf("a"), peerOf("b")]);
  });

  it("shows block affinities, and writes none", async () => {
    const writer = await open();
    await etcd.put("/calico/ipam/v2/host/n/ipv4/block/10.0.0.0-26", { state: "confirmed" });
    const [found] = done(await writer.list("BlockAffinity"));
    expect(found).toMatchObject({ metadata: { name: "n-10-0-0-0-26" }, spec: { cidr: "10.0.0.0/26", node: "n" } });
    expect(done(await writer.get("BlockAffinity", "n-10-0-0-0-26"))).toEqual(found);
    expect(await writer.remove("BlockAffinity", "n-10-0-0-0-26", undefined)).toMatchObject({ refused: "failed" });
    expect(await writer.list("Tier")).toEqual({ refused: "failed", why: "etcd has no place for Tier" });
  });

  it("shows what address management keeps, and writes none of it", async () => {
    const writer = await open();
    const stored = { cidr: "10.0.0.0/30", affinity: "host:n", allocations: [0, null, null, null],
      attributes: [{ handle_id: "h", secondary: { node: "m" } }] };
    await etcd.put("/calico/ipam/v2/assignment/ipv4/block/10.0.0.0-30", stored);
    await etcd.put("/calico/ipam/v2/config", { strict_affinity: true, auto_allocate_blocks: true });
    expect(done(await writer.list("IPAMBlock"))).toMatchObject([{ metadata: { name: "10-0-0-0-30" }, spec: stored }]);
    expect(done(await writer.get("IPAMConfiguration", "default"))).toMatchObject({ spec: { strictAffinity: true,
      autoAllocateBlocks: true, maxBlocksPerHost: 0 } });
    expect(await writer.remove("IPAMBlock", "10-0-0-0-30", undefined)).toMatchObject({ refused: "failed" });
    const store = new ResourceStore();
    expect(store.put([...done(await writer.list("IPAMBlock")), ...done(await writer.list("IPAMConfiguration"))]))
      .toEqual([]);
    expect(store.resources.ipamBlocks.get("10-0-0-0-30")?.users).toEqual([{ node: "m", addresses: 1 }]);
  });

  it("gets our Node, new or as it stands with what it lacks", async () => {
    await open();
    const datastore = etcdAt(etcd.url);
    const node = ownNodeOf("n", { ipv4Address: "10.0.0.1", ipv6Address: "fd00::1/64", asNumber: 65001,
      routeReflectorClusterID: 0xf4000001, labels: new Map([["zone", "a"]]) });
    const bgp = { ipv4Address: "10.0.0.1/32", ipv6Address: "fd00::1/64", asNumber: 65001,
      routeReflectorClusterID: "244.0.0.1" };
    expect([await datastore.publishNode(node), await datastore.publishNode(node)]).toEqual(["written", "unchanged"]);
    expect(JSON.parse(await etcd.get(`${RESOURCES}/nodes/n`))).toEqual({ apiVersion: "projectcalico.org/v3",
      kind: "Node", metadata: { name: "n", labels: { zone: "a" }, uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
        creationTimestamp: "2026-01-02T03:04:05Z" }, spec: { bgp } });
    await etcd.put(`${RESOURCES}/nodes/n`, { apiVersion: "projectcalico.org/v3", kind: "Node",
      metadata: { name: "n", uid: "1", labels: { zone: "b", rack: "r" } },
      spec: { bgp: { ipv4Address: "10.0.0.9/24", ipv4IPIPTunnelAddr: "10.1.0.1" }, orchRefs: [{ nodeName: "k" }] } });
    expect(await datastore.publishNode(node)).toBe("written");
    expect(JSON.parse(await etcd.get(`${RESOURCES}/nodes/n`))).toMatchObject({
      metadata: { uid: "1", labels: { zone: "a", rack: "r" } },
      spec: { bgp: { ...bgp, ipv4IPIPTunnelAddr: "10.1.0.1" }, orchRefs: [{ nodeName: "k" }] } });
    expect(await etcdAt(`http://127.0.0.1:${await freePort()}`).publishNode(node))
      .toEqual({ why: expect.stringContaining("ECONNREFUSED") });
  });

  it("takes the version of a file for none", async () => {
    const writer = await open();
    done(await writer.create(peerOf("a")));
    const fromFile = { ...peerOf("a", 2), metadata: { name: "a", resourceVersion: "f00c0ffee0000000" } };
    done(await writer.update(fromFile));
    expect(plain(done(await writer.get("BGPPeer", "a")))).toEqual(peerOf("a", 2));
  });

  it("asks the next endpoint, and says why none answers", async () => {
    await open();
    const nobody = `http://127.0.0.1:${await freePort()}`;
    done(await writerAt(nobody, etcd.url).create(peerOf("a")));
    expect(done(await writerAt(nobody, etcd.url).list("BGPPeer")).map(nameOf)).toEqual(["a"]);
    expect(await writerAt(nobody).list("BGPPeer")).toEqual({ refused: "failed",
      why: expect.stringContaining("ECONNREFUSED") });
    expect(await writerAt(nobody).create(peerOf("b"))).toMatchObject({ refused: "failed" });
  });
});
