/** What the verbs say, and what of metadata they take over. */

import { describe, expect, it } from "vitest";
import { faultsOf, identityFaults } from "../../../src/calico/verbs/check.ts";
import { exported, forCreate, forUpdate } from "../../../src/calico/verbs/metadata.ts";
import { faultText, refusalText, report } from "../../../src/calico/verbs/words.ts";
import type { JsonObject } from "../../../src/config/json.ts";

describe("a report", () => {
  const [peer, pool] = ["BGPPeer", "IPPool"];
  it.each([
    ["create", [peer], [], "Successfully created 1 'BGPPeer' resource(s)\n", []],
    ["apply", [peer, peer], [], "Successfully applied 2 'BGPPeer' resource(s)\n", []],
    ["replace", [peer, pool], [], "Successfully replaced 2 resource(s)\n", []],
    ["delete", [pool], [], "Successfully deleted 1 'IPPool' resource(s)\n", []],
    ["patch", [pool], [], "Successfully patched 1 'IPPool' resource\n", []],
    ["create", [peer], ["x"], "", ["Failed to create 'BGPPeer' resource: [x]"]],
    ["apply", [peer, peer], ["x", "y"], "", ["Failed to apply any 'BGPPeer' resources: [x; y]"]],
    ["replace", [peer, pool], ["x", "y"], "", ["Failed to replace any resources: [x; y]"]],
    ["apply", [peer, peer], ["x"], "Partial success: applied the first 1 out of 2 'BGPPeer' resources:\n",
      ["Hit error(s): [x]"]],
    ["create", [peer, pool], ["x"], "Partial success: created the first 1 out of 2 resources:\n", ["Hit error: [x]"]],
    ["delete", [pool, pool], ["x"], "Successfully deleted 1 'IPPool' resource(s)\n",
      ["Failed to delete 'IPPool' resource: x"]],
    ["delete", [peer, pool], ["x", "y"], "", ["Failed to delete resource: x", "Failed to delete resource: y"]],
    ["patch", [pool], ["x"], "", ["Hit error: x"]],
  ] as const)("of %s of %j with errors %j", (verb, kinds, errors, out, err) => {
    expect(report({ verb, kinds, errors })).toEqual({ out, err });
  });
});

it("refusals and faults in words", () => {
  expect(refusalText({ refused: "exists" }, "Node", "a")).toBe("resource already exists: Node(a)");
  expect(refusalText({ refused: "absent" }, "Node", "a")).toBe("resource does not exist: Node(a)");
  expect(refusalText({ refused: "conflict" }, "Node", "a")).toBe("update conflict: Node(a)");
  expect(refusalText({ refused: "failed", why: "disk full" }, "Node", "a")).toBe("disk full");
  expect(faultText([{ field: "spec.a", why: "is b" }])).toBe("error with field spec.a: is b");
  expect(faultText([{ field: "spec.a", why: "is b" }, { field: "", why: "c" }]))
    .toBe("error with the following fields: spec.a: is b, c");
});

const peer = (fields: JsonObject, metadata: JsonObject = { name: "a" }): JsonObject =>
  ({ apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata, spec: fields });

describe("a check", () => {
  const fieldsOf = (resource: JsonObject): readonly string[] => faultsOf(resource).map(({ field }) => field);

  it("is that of the readers", () => {
    expect(fieldsOf(peer({ peerIP: "192.0.2.1", asNumber: 1 }))).toEqual([]);
    expect(fieldsOf(peer({ peerIP: "x", asNumber: "y" }))).toEqual(
      expect.arrayContaining(["spec.asNumber", "spec.peerIP"]));
    expect(fieldsOf(peer({ peerSelector: "!!" }))).toEqual(["spec.peerSelector"]);
    expect(fieldsOf({ apiVersion: "projectcalico.org/v3", kind: "FelixConfiguration", metadata: { name: "default" } }))
      .toEqual([]);
  });

  it("looks at the name, which becomes a file's", () => {
    for (const name of ["../a", "A", "a/b", ".a", "a.", "a".repeat(254), "a\nb"]) {
      expect(fieldsOf(peer({ peerIP: "192.0.2.1", asNumber: 1 }, { name }))).toEqual(["metadata.name"]);
    }
    expect(fieldsOf(peer({ peerIP: "192.0.2.1", asNumber: 1 }, { name: "node.a-1" }))).toEqual([]);
  });

  it("refuses what nobody reads of a Kubernetes Node", () => {
    const spec = { podCIDR: "10.0.0.0/24" };
    const node: JsonObject = { apiVersion: "v1", kind: "Node", metadata: { name: "a" }, spec };
    expect(fieldsOf(node)).toEqual([]);
    expect(fieldsOf({ ...node, spec: { bgp: { routeReflectorClusterID: "244.0.0.1" } } })).toEqual(["spec.bgp"]);
  });

  it("lets no patch make another resource of one", () => {
    expect(identityFaults(peer({}), peer({ a: 1 }))).toEqual([]);
    expect(identityFaults(peer({}), peer({}, { name: "b" })).length).toBe(1);
    expect(identityFaults(peer({}), { ...peer({}), kind: "Node" }).length).toBe(1);
  });
});

describe("metadata", () => {
  it("of a new resource: name, labels, annotations", () => {
    const metadata = { name: "a", uid: "u", labels: { x: "y" }, resourceVersion: "7", creationTimestamp: null };
    expect(forCreate(peer({}, metadata))).toEqual(peer({}, { name: "a", labels: { x: "y" } }));
  });

  it("of an update: the stored one, the new labels over its own", () => {
    const stored = peer({ a: 1 }, { name: "a", uid: "u", labels: { x: "1", y: "2" }, resourceVersion: "7" });
    expect(forUpdate(stored, peer({ b: 2 }, { name: "a", uid: "other", labels: { y: "3" }, annotations: { n: "m" } })))
      .toEqual(peer({ b: 2 }, { name: "a", uid: "u", labels: { x: "1", y: "3" }, resourceVersion: "7",
        annotations: { n: "m" } }));
    expect(forUpdate(stored, peer({}, { name: "a", resourceVersion: "5" }))["metadata"])
      .toMatchObject({ resourceVersion: "5", labels: { x: "1", y: "2" } });
  });

  it("of an export: nothing of the cluster", () => {
    const metadata = { name: "a", labels: {}, uid: "u", resourceVersion: "7", creationTimestamp: "2024-01-01" };
    expect(exported(peer({}, metadata))).toEqual(peer({}, { name: "a", labels: {} }));
  });
});
