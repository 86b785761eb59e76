/** `check` in Calico mode: what is a fault, and what only a note. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { check } from "../../src/main/check.ts";
import { cli, recordingHandlers } from "../control/terminal.ts";
import type { Ran } from "../control/terminal.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** Checks a configuration that reads one BGPFilter of one rule, and a BGPPeer that names one or none. */
async function checked(rule: string, more: readonly string[] = [], filter: string = ""): Promise<Ran> {
  const folder = temporaryFolder();
  const [config, resources] = [join(folder, "reflectd.json"), join(folder, "a.yaml")];
  writeFileSync(config, JSON.stringify({ calico: { nodeName: "n", datastore: "files", files: [resources] } }));
  writeFileSync(resources, `apiVersion: projectcalico.org/v3
kind: BGPFilter
metadata: {name: f}
spec: {importV4: [${rule}]}
---
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: p}
spec: {peerIP: 10.9.9.9, asNumber: 65000, filters: [${filter}]}
`);
  const ran = await cli(["check", "--config", config, ...more], { handlers: { ...recordingHandlers(), check } });
  return { ...ran, out: ran.out.replaceAll(folder, "F"), err: ran.err.replaceAll(folder, "F") };
}

const NOTED = "{action: Accept, cidr: 10.0.0.0/8, matchOperator: Equal, prefixLength: {max: 26}}";

it("a fault fails", async () => {
  expect(await checked("{}")).toEqual({ code: 1, out: "",
    err: "reflectd: BGPFilter f: spec.importV4[0].action: missing (it is left out until it is correct)\n" });
});

it("a note is said, and does not", async () => {
  expect(await checked(NOTED)).toEqual({ code: 0, out: "F/reflectd.json: Calico mode, no fault\n",
    err: "reflectd: BGPFilter f: spec.importV4[0].prefixLength: has Equal never match, as in Calico "
      + "(it counts as it is)\n" });
  const { code, out } = await checked(NOTED, ["-o", "json"]);
  expect([code, JSON.parse(out)]).toEqual([0, { faults: [expect.objectContaining({ note: true })] }]);
});

it("an object that is given twice fails", async () => {
  const again = `${NOTED}]}\n---\nkind: BGPFilter\nmetadata: {name: f}\nspec: {importV4: [${NOTED}`;
  const { code, err } = await checked(again);
  expect([code, err]).toEqual([1,
    expect.stringContaining("BGPFilter f: is twice in its file; the last one counts (remove one of the two)")]);
});

it("what is wrong between two resources fails too", async () => {
  expect(await checked(NOTED, [], "g")).toMatchObject({ code: 1, out: "",
    err: expect.stringContaining("BGPPeer p: spec.filters[0]: there is no BGPFilter g: passed over (correct it") });
});

const NO_USER = "apiVersion: v1\nkind: Config\nclusters: []\n";
it.each<[string, object, string | undefined, RegExp]>([
  ["a kubeconfig that is not there", { datastore: "kubernetes", kubeconfig: "F/none" }, undefined,
    /^reflectd: calico: F\/none cannot be read: no such file \(nothing begins until it can be used\)\n$/],
  ["one that leads nowhere", { datastore: "kubernetes", kubeconfig: "F/kubeconfig" }, NO_USER, /^reflectd: calico: F/],
  ["a certificate of etcd that is not there", { datastore: "etcd", etcd: { endpoints: ["https://127.0.0.1:1"],
    ca: "F/ca.pem" } }, undefined, /^reflectd: calico: ca: F\/ca\.pem cannot be read: no such file/],
])("%s fails, and nobody is asked", async (_, calico, kubeconfig, want) => {
  const folder = temporaryFolder();
  const config = join(folder, "reflectd.json");
  writeFileSync(config, JSON.stringify({ calico: { nodeName: "n", ...calico } }).replaceAll("F/", `${folder}/`));
  if (kubeconfig !== undefined) writeFileSync(join(folder, "kubeconfig"), kubeconfig);
  const { code, out, err } = await cli(["check", "--config", config], { handlers: { ...recordingHandlers(), check } });
  expect([code, out, err.replaceAll(folder, "F")]).toEqual([1, "", expect.stringMatching(want)]);
});
