/** The kinds and their tables, to the octet as calicoctl prints them. */

import { describe, expect, it } from "vitest";
import { clusterOf, KINDS, kindOfResource, kindTyped } from "../../../src/calico/verbs/kinds.ts";
import { formatFault, printed } from "../../../src/calico/verbs/output.ts";
import { psTable } from "../../../src/calico/verbs/table.ts";
import type { JsonObject } from "../../../src/config/json.ts";

const resource = (kind: string, name: string, spec: JsonObject, apiVersion = "projectcalico.org/v3"): JsonObject =>
  ({ apiVersion, kind, metadata: { name }, spec });

describe("a kind", () => {
  it.each([
    ["node", "Node"], ["NOS", "Node"], ["bgppeers", "BGPPeer"], ["bgpp", "BGPPeer"], ["bp", "BGPPeer"],
    ["BGPConfiguration", "BGPConfiguration"], ["bgpconfig", "BGPConfiguration"], ["bfs", "BGPFilter"],
    ["bgpfilters", "BGPFilter"], ["pool", "IPPool"], ["ipp", "IPPool"], ["blockAffinities", "BlockAffinity"],
    ["nodestatus", "CalicoNodeStatus"], ["felixconfig", "FelixConfiguration"], ["ipamconfigs", "IPAMConfiguration"],
  ])("may be typed %s", (typed, kind) => {
    expect(kindTyped(typed)?.kind).toBe(kind);
  });

  it("has names of its own, and columns that it can fill", () => {
    expect(["", "peer", "service", "__proto__"].map(kindTyped)).toEqual([undefined, undefined, undefined, undefined]);
    const names = KINDS.flatMap((row) => row.names);
    expect(new Set(names).size).toBe(names.length);
    for (const { kind, names: own, narrow, wide, cells } of KINDS) {
      expect(own).toContain(kind.toLowerCase());
      expect([...narrow, ...wide].filter((heading) => !cells.has(heading))).toEqual([]);
      const empty = resource(kind, "x", {});
      for (const cell of cells.values()) expect(cell(empty, clusterOf(undefined))).toEqual(expect.any(String));
    }
  });

  it("is that of a resource in an apiVersion that is read", () => {
    const kindOf = (kind: string, apiVersion: string): string | undefined =>
      kindOfResource(resource(kind, "x", {}, apiVersion))?.kind;
    expect(kindOf("BGPPeer", "projectcalico.org/v3")).toBe("BGPPeer");
    expect(kindOf("BGPPeer", "crd.projectcalico.org/v1")).toBe("BGPPeer");
    expect(kindOf("Node", "v1")).toBe("Node");
    expect([kindOf("BGPPeer", "v1"), kindOf("bgppeer", "projectcalico.org/v3"), kindOf("Service", "v1")])
      .toEqual([undefined, undefined, undefined]);
    expect(kindOfResource({ kind: "BGPPeer" })).toBeUndefined();
  });
});

/** The lines of a table of these resources. */
function table(format: string, ...resources: readonly JsonObject[]): readonly string[] {
  const row = kindOfResource(resources[0] ?? {});
  if (row === undefined) throw new Error("no kind");
  const cluster = clusterOf(resource("BGPConfiguration", "default", { asNumber: "1.1" }));
  return printed([{ row, resources, isList: true }], format, cluster).split("\n");
}

describe("a table", () => {
  it("has columns of five at least, three blanks behind the last one too, and an empty line", () => {
    expect(psTable(["N"], [["a"]])).toBe("N    \na    \n\n");
    expect(psTable(["NAME"], [])).toBe("NAME   \n\n");
    expect(psTable(["NAME", "B"], [["ä", "\u001b[2J"]])).toBe(
      `NAME   ${"B".padEnd(12)}\nä      ${"\\u{1b}[2J".padEnd(12)}\n\n`);
  });

  it("of pools, as calicoctl's own tests have it", () => {
    const pool = resource("IPPool", "ippool-name1", { cidr: "10.0.1.0/24", ipipMode: "Always",
      nodeSelector: "foo == 'bar'" });
    expect(table("ps", pool)).toEqual([
      "NAME           CIDR          SELECTOR       ",
      "ippool-name1   10.0.1.0/24   foo == 'bar'   ", "", ""]);
    expect(table("wide", pool)).toEqual([
      "NAME           CIDR          NAT     IPIPMODE   VXLANMODE   DISABLED   DISABLEBGPEXPORT   SELECTOR       "
      + "ASSIGNMENTMODE   ",
      "ippool-name1   10.0.1.0/24   false   Always     Never       false      false              foo == 'bar'   "
      + "Automatic        ", "", ""]);
  });

  it("of peers: local side and AS number", () => {
    expect(table("ps",
      resource("BGPPeer", "a", { peerIP: "192.0.2.1", asNumber: 64514, node: "n1" }),
      resource("BGPPeer", "b", { peerIP: "[fd00::1]:1179", asNumber: "1.10" }),
      resource("BGPPeer", "c", { peerSelector: "all()", nodeSelector: "rr == 'x'" }),
    )).toEqual([
      "NAME   PEERIP           NODE        ASN     ",
      "a      192.0.2.1        n1          64514   ",
      "b      [fd00::1]:1179   (global)    65546   ",
      "c                       rr == 'x'   0       ", "", ""]);
  });

  it("of nodes: own AS number, that of the cluster, none; Calico's form and Kubernetes'", () => {
    const kubernetes: JsonObject = { apiVersion: "v1", kind: "Node", metadata: { name: "k", annotations: {
      "projectcalico.org/IPv4Address": "10.0.0.9/24", "projectcalico.org/ASNumber": "64999" } } };
    expect(table("wide",
      resource("Node", "a", { bgp: { ipv4Address: "10.0.0.1/24", asNumber: 65001 } }),
      resource("Node", "b", { bgp: { ipv6Address: "fd00::1/64" } }), resource("Node", "c", {}), kubernetes,
    )).toEqual([
      "NAME   ASN       IPV4          IPV6         ",
      "a      65001     10.0.0.1/24                ",
      "b      (65537)                 fd00::1/64   ",
      "c                                           ",
      "k      64999     10.0.0.9/24                ", "", ""]);
    expect(table("ps", kubernetes)).toEqual(["NAME   ", "k      ", "", ""]);
  });

  it("of configurations and filters", () => {
    expect(table("ps", resource("BGPConfiguration", "default", { logSeverityScreen: "Info",
      nodeToNodeMeshEnabled: false }), resource("BGPConfiguration", "node.a", {}))).toEqual([
      "NAME      LOGSEVERITY   MESHENABLED   ASNUMBER   ",
      "default   Info          false         -          ",
      "node.a    -             -             -          ", "", ""]);
    expect(table("wide", resource("BGPFilter", "f", { exportV4: [{}, {}], importV6: [{}] }))).toEqual([
      "NAME   NUMEXPORTV4   NUMIMPORTV4   NUMEXPORTV6   NUMIMPORTV6   ",
      "f      2             0             0             1             ", "", ""]);
  });

  it("of chosen columns", () => {
    const peer = resource("BGPPeer", "a", { peerIP: "192.0.2.1" });
    expect(table("custom-columns=ASN,NAME", peer)).toEqual(["ASN   NAME   ", "0     a      ", "", ""]);
    const row = kindTyped("bgppeer");
    expect(formatFault("custom-columns=ASN,X", row))
      .toBe("Unknown heading X, valid values are: NAME, PEERIP, NODE, ASN");
    expect(formatFault("custom-columns=", row)).toBe("need to specify at least one column");
    expect(formatFault("go-template=x", row)).toBe("unrecognized output format 'go-template=x'");
    expect(formatFault("yml", row)).toBeUndefined();
  });
});

it("documents: one alone, several in a list, all of a kind in its List", () => {
  const [a, b] = [resource("BGPPeer", "a", {}), resource("BGPPeer", "b", {})];
  const row = kindTyped("bgppeer");
  if (row === undefined) throw new Error("no kind");
  const one = { row, resources: [a], isList: false };
  const cluster = clusterOf(undefined);
  expect(JSON.parse(printed([one], "json", cluster))).toEqual(a);
  expect(JSON.parse(printed([one, { ...one, resources: [b] }], "json", cluster))).toEqual([a, b]);
  expect(JSON.parse(printed([{ row, resources: [a], isList: true }], "json", cluster))).toEqual(
    { apiVersion: "projectcalico.org/v3", kind: "BGPPeerList", metadata: {}, items: [a] });
  expect(printed([one], "yaml", cluster)).toBe(
    "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: a\nspec: {}\n");
  expect(printed([{ row, resources: [a, b], isList: true }], "jsonl", cluster).split("\n").length).toBe(3);
});
