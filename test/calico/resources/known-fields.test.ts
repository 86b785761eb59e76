/** Unknown fields: found wherever they stand, with what was meant; nothing that a reader reads is one. */

import { describe, expect, it } from "vitest";
import { unknownFields } from "../../../src/calico/resources/known-fields.ts";
import { ResourceStore } from "../../../src/calico/store.ts";

const peer = (spec: object, more: object = {}): object =>
  ({ apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata: { name: "x" }, spec, ...more });
const said = (kind: string, resource: unknown): readonly string[] =>
  unknownFields(kind, resource).map(({ field, why }) => `${field}: ${why}`);

describe("unknown fields", () => {
  it.each([
    ["BGPPeer", peer({ nodeSelecter: "all()" }), "spec.nodeSelecter: unknown field; did you mean nodeSelector?"],
    ["BGPPeer", peer({ peerIp: "192.0.2.1" }), "spec.peerIp: unknown field; did you mean peerIP?"],
    ["BGPPeer", peer({ zzzzzzzz: 1 }), "spec.zzzzzzzz: unknown field"],
    ["BGPPeer", peer({ "": 1 }), "spec.: unknown field"],
    ["BGPPeer", peer({ __proto__x: 1, constructor: 1 }), "spec.constructor: unknown field"],
    ["BGPPeer", peer({}, { speck: {} }), "speck: unknown field; did you mean spec?"],
    ["BGPPeer", peer({}, { metadata: { name: "x", lables: {} } }),
      "metadata.lables: unknown field; did you mean labels?"],
    ["BGPPeer", peer({ password: { secretKeyRef: { name: "s", kye: "k" } } }),
      "spec.password.secretKeyRef.kye: unknown field; did you mean key?"],
    ["BGPConfiguration", { spec: { serviceClusterIPs: [{ cidr: "10.0.0.0/8" }, { cdir: "" }] } },
      "spec.serviceClusterIPs[1].cdir: unknown field; did you mean cidr?"],
    ["BGPFilter", { spec: { exportV4: [{ action: "Accept", operations: [{ setPriority: { vale: 1 } }] }] } },
      "spec.exportV4[0].operations[0].setPriority.vale: unknown field; did you mean value?"],
    ["IPPool", { spec: { disableBgpExport: true } },
      "spec.disableBgpExport: unknown field; did you mean disableBGPExport?"],
    ["Node", { spec: { bgp: { ipv4Adress: "" }, podCIDR: "", anything: 1 }, anything: 1 },
      "spec.bgp.ipv4Adress: unknown field; did you mean ipv4Address?"],
  ])("of a %s: %j", (kind, resource, line) => {
    expect(said(kind, resource)).toContain(line);
  });

  it.each([
    ["Service", { spec: { anything: 1 } }], ["Secret", { anything: 1 }], ["FelixConfiguration", { spec: { a: 1 } }],
    ["toString", { anything: 1 }], ["BGPPeer", null], ["BGPPeer", 7], ["BGPPeer", { spec: "text" }],
    ["BGPPeer", { metadata: { labels: { anything: "1" }, annotations: { anything: "1" } }, status: { anything: 1 } }],
    ["Node", { spec: { bgp: [] } }], ["Node", { spec: null }],
  ])("are none in a %s: %j", (kind, resource) => {
    expect(said(kind, resource)).toEqual([]);
  });

  it("are ten at most, and their names short", () => {
    const spec = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`${at}${"x".repeat(500)}`, at]));
    const found = unknownFields("BGPPeer", { spec });
    expect(found).toHaveLength(10);
    expect(found.every(({ field }) => field.length < 80)).toBe(true);
  });

  it("are a note: the object counts", () => {
    const store = new ResourceStore();
    const faults = store.put([peer({ peerIP: "192.0.2.1", asNumber: 1, nodeSelecter: "rack == 'a'" })]);
    expect(faults).toEqual([{ kind: "BGPPeer", name: "x", field: "spec.nodeSelecter", note: true,
      why: "unknown field; did you mean nodeSelector?" }]);
    expect(store.resources.peers.size).toBe(1);
    store.remove("BGPPeer", "x");
    expect(store.faults).toEqual([]);
  });

  it("are not those that the readers read", () => {
    const asked = new Set<string>();
    const spy = (path: string, holds: Readonly<Record<string, unknown>> = {}): object => new Proxy(holds, {
      getOwnPropertyDescriptor(target, key) {
        asked.add(`${path}${String(key)}`);
        return Reflect.getOwnPropertyDescriptor(target, key);
      },
    });
    const operations = [spy("o.", { addCommunity: spy("o.addCommunity.") }),
      spy("o.", { prependASPath: spy("o.prependASPath.") }), spy("o.", { setPriority: spy("o.setPriority.") })];
    const rule = spy("r.", { cidr: "10.0.0.0/8", matchOperator: "In", action: "Accept", operations,
      prefixLength: spy("r.prefixLength."), communities: spy("r.communities.") });
    const range = [spy("c.")];
    const specs: Readonly<Record<string, object>> = {
      BGPPeer: spy("BGPPeer ", { password: { secretKeyRef: spy("BGPPeer password.secretKeyRef.") } }),
      BGPConfiguration: spy("BGPConfiguration ", { communities: [spy("v.")], prefixAdvertisements: [spy("p.")],
        serviceClusterIPs: range }),
      BGPFilter: spy("BGPFilter ", { importV4: [rule] }),
      IPPool: spy("IPPool ", { cidr: "10.0.0.0/8" }),
    };
    for (const [kind, spec] of Object.entries(specs)) {
      new ResourceStore().put([{ apiVersion: "projectcalico.org/v3", kind, metadata: { name: "default" }, spec }]);
    }
    const places: Readonly<Record<string, string>> = { o: "BGPFilter importV4.operations", r: "BGPFilter importV4",
      c: "BGPConfiguration serviceClusterIPs", v: "BGPConfiguration communities",
      p: "BGPConfiguration prefixAdvertisements" };
    const paths = [...asked].map((path) => path.replace(/^([ocrvp])\./, (_, short: string) => `${places[short]!}.`));
    expect(paths.length).toBeGreaterThan(60);
    for (const path of paths) {
      const [kind = "", keys = ""] = path.split(" ");
      const spec = keys.split(".").reduceRight<unknown>((value, key) => ({ [key]: value }), 1);
      expect(said(kind, { spec }), path).toEqual([]);
    }
  });
});
