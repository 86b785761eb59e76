/** Resources as files have them, and the command that shows what a node makes of them. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { readDocuments } from "../../src/calico/documents.ts";
import type { NodeView } from "../../src/calico/translate/view.ts";
import { FaultList } from "../../src/config/fault.ts";
import { calicoSessions } from "../../src/main/calico.ts";
import { cliIo, Sink } from "../control/terminal.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const read = (text: string): unknown => readDocuments(text, new FaultList("x", text));

it("reads several documents, lists, and a kind's own list whose items leave out what it says", () => {
  expect(read("kind: A\n---\nkind: List\nitems:\n- kind: B\n- {kind: C}\n---\n")).toEqual(
    [{ kind: "A" }, { kind: "B" }, { kind: "C" }]);
  expect(read('{"kind": "BGPPeerList", "apiVersion": "v", "items": [{"metadata": {"name": "x"}}]}')).toEqual(
    [{ kind: "BGPPeer", apiVersion: "v", metadata: { name: "x" } }]);
});

it("keeps what is no resource, for the store to complain of", () => {
  expect(read("- 7\n- kind: A\n---\ntext\n")).toEqual([7, { kind: "A" }, "text"]);
  expect(read("kind: List\nitems: [7]")).toEqual([7]);
});

/** Runs the command on files that are written first. */
async function sessions(
  texts: Readonly<Record<string, string>>, node: string, output: "table" | "json" = "json",
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  const [stdout, stderr] = [new Sink(), new Sink()];
  const code = await calicoSessions({ node, files: [folder], output }, cliIo(stdout, stderr));
  return { code, out: stdout.text, err: stderr.text.replaceAll(folder, "FOLDER") };
}

const CLUSTER = `
apiVersion: v1
kind: Node
metadata:
  name: r1
  annotations: {projectcalico.org/IPv4Address: 10.0.0.11/24, projectcalico.org/RouteReflectorClusterID: 244.0.0.1}
---
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: w1}
spec: {bgp: {ipv4Address: 10.0.0.1/24}}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: p}
spec: {node: r1, peerSelector: "all()", asNumber: "x"}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: q}
spec: {peerSelector: all()}
`;

it("calico sessions: the node's part as the interface has it, with each faulty resource by name", async () => {
  const { code, out } = await sessions({ "a.yaml": CLUSTER, "notes.txt": "{" }, "r1");
  expect(code).toBe(0);
  const { node, families, faults } = JSON.parse(out) as Record<string, never> & { families: Record<string, unknown> };
  expect(node).toBe("r1");
  expect(families["ipv4"]).toMatchObject({ enabled: true, routerId: "10.0.0.11", localAs: 64512,
    listen: { address: "0.0.0.0", port: 179 }, mesh: false, originated: [], aggregates: [], kernelFilter: [],
    peers: [{ name: "Global_10_0_0_1", type: "global", address: "10.0.0.1", port: 179, remoteAs: 64512, localAs: 64512,
      routeReflectorClient: true, clusterId: "244.0.0.1", passive: false, passwordSecret: null,
      sourceAddress: "10.0.0.11", nextHopMode: "auto", ttlSecurity: 0, keepaliveSeconds: null, restartSeconds: 120,
      allowOwnAs: 0, reachableBy: null, importFilters: [], exportFilters: [] }] });
  expect(families["ipv6"]).toMatchObject({ enabled: false, peers: [] });
  expect(faults).toEqual([{ kind: "BGPPeer", name: "p", field: "spec.asNumber",
    why: 'expected an AS number, found "x"' }]);
});

/** Keys that scripts rely on; issue 4 and the interface promise them. */
const KEYS = {
  node: "node families faults",
  family: "enabled routerId localAs listen mesh peers originated aggregates exportFilter kernelFilter",
  peer: "name type address port remoteAs localAs routeReflectorClient clusterId passive passwordSecret sourceAddress "
    + "nextHopMode ttlSecurity keepaliveSeconds restartSeconds allowOwnAs reachableBy importFilters exportFilters",
  originated: "prefix kind reason", aggregate: "prefix state", fault: "kind name field why",
};

it("calico sessions: every key is there, of both families, whether there is something to say or not", async () => {
  const block = "---\n{kind: BlockAffinity, metadata: {name: b}, spec: {cidr: 10.1.0.0/26, node: r1}}\n";
  const { out } = await sessions({ "a.yaml": CLUSTER, "b.yaml": block }, "r1");
  const view = JSON.parse(out) as NodeView;
  const keysOf = (value: object | undefined): string => Object.keys(value ?? {}).join(" ");
  const { ipv4, ipv6 } = view.families;
  expect({ node: keysOf(view), family: keysOf(ipv4), peer: keysOf(ipv4.peers[0]),
    originated: keysOf(ipv4.originated[0]), aggregate: keysOf(ipv4.aggregates[0]), fault: keysOf(view.faults[0]) })
    .toEqual(KEYS);
  expect([keysOf(ipv6), keysOf(ipv4.listen)]).toEqual([KEYS.family, "address port"]);
  const missing = JSON.parse((await sessions({ "a.yaml": CLUSTER }, "nobody")).out) as NodeView;
  expect([keysOf(missing), keysOf(missing.families.ipv4)]).toEqual([KEYS.node, KEYS.family]);
});

it("calico sessions: of an object that is given twice the last one counts, whatever the first was", async () => {
  const again = "kind: BGPPeer\nmetadata: {name: q}\nspec: {peerIP: 10.9.9.9, asNumber: 65000}\n";
  const { code, out } = await sessions({ "a.yaml": CLUSTER, "b.yaml": `${again}---\n${again}` }, "r1");
  const { families: { ipv4 }, faults } = JSON.parse(out) as NodeView;
  expect([code, ipv4.peers.map(({ name }) => name)]).toEqual([0, ["Global_10_9_9_9"]]);
  const noted = { kind: "BGPPeer", name: "q", field: "", note: true };
  expect(faults.filter(({ name }) => name === "q")).toEqual([
    { ...noted, why: expect.stringMatching(/^is also in .*a\.yaml; the one in/) },
    { ...noted, why: "is twice in its file; the last one counts" }]);
  const wrong = "kind: BGPPeer\nmetadata: {name: q}\nspec: {peerIP: x}\n";
  const last = JSON.parse((await sessions({ "a.yaml": CLUSTER, "b.yaml": wrong }, "r1")).out) as NodeView;
  expect([last.families.ipv4.peers, JSON.stringify(last.faults).includes("last good")]).toEqual([[], false]);
});

it("calico sessions: as a table", async () => {
  const { out } = await sessions({ "a.yaml": CLUSTER }, "r1", "table");
  expect(out).toMatch(/^IPv4: router id 10\.0\.0\.11, AS 64512, listens on 0\.0\.0\.0 port 179, mesh off$/m);
  expect(out).toMatch(/^Global_10_0_0_1 +10\.0\.0\.1 +179 +64512 +64512 +global +yes +no$/m);
  expect(out).toMatch(/^BGPPeer p +spec\.asNumber +expected an AS number, found "x"$/m);
});

it("calico sessions: from standard input, whose chunks may cut a character", async () => {
  const octets = Buffer.from(CLUSTER.replace("{name: p}", "{name: pé}"));
  const cut = octets.indexOf(0xc3) + 1;
  const stdin = Readable.from([octets.subarray(0, cut), octets.subarray(cut)], { objectMode: false });
  const [stdout, stderr] = [new Sink(), new Sink()];
  expect(await calicoSessions({ node: "r1", files: ["-"], output: "json" }, cliIo(stdout, stderr, { stdin }))).toBe(0);
  expect(JSON.parse(stdout.text)).toMatchObject({ faults: [{ kind: "BGPPeer", name: "pé" }] });
});

it("calico sessions: a node that is not there, a mistake of syntax", async () => {
  expect((await sessions({ "a.yaml": CLUSTER }, "nobody")).code).toBe(1);
  const trap = "kind: BGPPeer\nspec: {nodeSelector: !has(x)}\n";
  const { code, out, err } = await sessions({ "a.yaml": CLUSTER, "b.yml": trap }, "r1");
  expect([code, out]).toEqual([1, ""]);
  expect(err).toMatch(/^reflectd: FOLDER\/b\.yml:2:22 \S+: a selector .* \(quote it: "!has\(x\)"\)\n$/);

});
