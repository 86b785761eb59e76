/** `get` on a Kubernetes API server: the same tables and documents as elsewhere; every other verb is kubectl's. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { resources } from "../../src/main/resources.ts";
import { cli, recordingHandlers } from "../control/terminal.ts";
import type { Ran } from "../control/terminal.ts";
import { ApiServer } from "../support/calico/api-server.ts";
import type { ApiServerOptions } from "../support/calico/api-server.ts";
import { calico, k8sNode } from "../support/calico/kubernetes-world.ts";

type Type = (...line: readonly string[]) => Promise<Ran>;

/** A server, and a command line whose environment leads to it. */
async function open(options: ApiServerOptions = {}): Promise<{ readonly server: ApiServer; readonly type: Type }> {
  const server = new ApiServer(options);
  await server.listen();
  const folder = mkdtempSync(join(tmpdir(), "reflectd-test-"));
  onTestFinished(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const config = join(folder, "config");
  writeFileSync(config, `clusters: [{name: c, cluster: {server: "${server.url}"}}]\nusers: [{name: u, user: {}}]
contexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n`);
  const env = { REFLECTD_SOCKET: "/nonexistent/r.sock", DATASTORE_TYPE: "kubernetes", KUBECONFIG: config };
  return { server, type: (...line) => cli(line, { env, handlers: { ...recordingHandlers(), resources } }) };
}

const shown = (out: string): Ran => ({ code: 0, out, err: "" });

describe("get on Kubernetes", () => {
  it("shows tables of all and of one, with what a Node takes from the cluster", async () => {
    const { server, type } = await open();
    server.put(k8sNode("n2", { "projectcalico.org/IPv4Address": "192.0.2.2/24" }));
    server.put(k8sNode("n1", { "projectcalico.org/IPv4Address": "192.0.2.1/24", "projectcalico.org/ASNumber": "7" }));
    server.put(calico("BGPConfiguration", "default", { asNumber: 64999 }));
    server.put(calico("BGPPeer", "p", { nodeSelector: "all()", peerIP: "192.0.2.9", asNumber: 65001 }));
    expect(await type("get", "nodes", "-o", "wide")).toEqual(shown(`NAME   ASN       IPV4           IPV6   
n1     7         192.0.2.1/24          
n2     (64999)   192.0.2.2/24          

`));
    expect(await type("get", "bgppeer", "p")).toEqual(shown(`NAME   PEERIP      NODE    ASN     
p      192.0.2.9   all()   65001   

`));
  });

  it("prints documents as the server has them, without what is large and means nothing to BGP", async () => {
    const { server, type } = await open();
    server.put({ ...k8sNode("n1"), metadata: { name: "n1", managedFields: [{ manager: "m" }] },
      status: { images: ["large"], addresses: [{ type: "InternalIP", address: "192.0.2.1" }] } });
    const status = { node: "n1", bgp: { numberEstablishedV4: 3 } };
    server.put({ ...calico("CalicoNodeStatus", "s", { node: "n1" }), status });
    const { out } = await type("get", "node", "n1", "-o", "json");
    expect(JSON.parse(out)).toEqual({ apiVersion: "v1", kind: "Node",
      status: { addresses: [{ type: "InternalIP", address: "192.0.2.1" }] },
      metadata: expect.objectContaining({ name: "n1", resourceVersion: expect.any(String) }) });
    expect(out).not.toContain("managedFields");
    expect(JSON.parse((await type("get", "nodestatus", "-o", "json")).out)).toMatchObject({
      kind: "CalicoNodeStatusList", items: [{ apiVersion: "crd.projectcalico.org/v1", status }] });
    expect((await type("get", "nodes", "--export", "-o", "yaml")).out).toContain("kind: NodeList\n");
  });

  it.each([
    [["crd.projectcalico.org/v1"], "IPAMConfig"], [["projectcalico.org/v3"], "IPAMConfiguration"],
  ])("reads every kind from %j", async (calicoGroups, ipam) => {
    const { server, type } = await open({ calicoGroups });
    const [apiVersion = ""] = calicoGroups;
    for (const kind of ["BGPFilter", "IPPool", "BlockAffinity", "FelixConfiguration", "IPAMBlock", ipam]) {
      server.put({ apiVersion, kind, metadata: { name: "x" }, spec: { strictAffinity: true, cidr: "10.0.0.0/16" } });
    }
    for (const kind of ["bgpfilter", "ippool", "blockaffinity", "felixconfig", "ipamblock", "ipamconfig"]) {
      expect((await type("get", kind, "-o", "custom-columns=NAME")).out, kind).toBe("NAME   \nx      \n\n");
    }
    expect((await type("get", "ipamconfig", "x")).out).toContain("x      true             false");
  });

  it("says what is wrong with what it shows, and what is not there", async () => {
    const { server, type } = await open();
    server.put(calico("BGPPeer", "bad", { peerIP: "nobody", asNumber: 65001 }));
    const { code, out, err } = await type("get", "bgppeers");
    expect([code, out]).toEqual([0, expect.stringContaining("bad    nobody")]);
    expect(err).toMatch(/^reflectd: BGPPeer bad: spec\.peerIP: .*\n$/);
    expect(await type("get", "bgppeer", "none")).toEqual(
      { code: 1, out: "", err: "reflectd: resource does not exist: BGPPeer(none)\n" });
  });

  it("lists thousands in pages, and as a whole where the pages expire", async () => {
    const { server, type } = await open();
    for (let at = 0; at < 1100; at++) server.put(k8sNode(`n${at}`));
    const names = async (): Promise<number> => (await type("get", "nodes", "-o", "jsonl")).out.split("\n").length - 1;
    expect(await names()).toBe(1100);
    expect(server.asked("continue=")).toHaveLength(2);
    server.onSeen = (url) => { if (url.includes("continue=")) server.expirePages(); };
    expect(await names()).toBe(1100);
    expect(server.asked("limit=")).toHaveLength(5);
  });

  it("says why the server cannot be read", async () => {
    const { server, type } = await open();
    server.tokens = new Set(["other"]);
    expect(await type("get", "nodes")).toEqual(
      { code: 1, out: "", err: "reflectd: Kubernetes cannot be read: apis: 401 Unauthorized\n" });
    await server.close();
    expect(await type("get", "nodes")).toEqual({ code: 1, out: "",
      err: expect.stringMatching(/^reflectd: Kubernetes cannot be read: apis: .*ECONNREFUSED.*\n$/) });
    await server.listen();
  });

  it.each([
    [["create", "-f", "x"]], [["apply", "-f", "x"]], [["replace", "-f", "x"]], [["patch", "node", "n", "-p", "{}"]],
    [["delete", "node", "n"]],
  ])("leaves %j to kubectl", async (line) => {
    const { server, type } = await open();
    expect(await type(...line)).toEqual(
      { code: 1, out: "", err: `reflectd: ${line[0] ?? ""}: the datastore is Kubernetes (kubectl does this)\n` });
    expect(server.seen).toEqual([]);
  });
});
