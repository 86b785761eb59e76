/** Which datastore is opened, by configuration and Calico's environment. */

import { expect, it } from "vitest";
import { EtcdDatastore } from "../../src/calico/datastore/etcd/etcd.ts";
import type { CalicoSettings } from "../../src/config/settings.ts";
import { readConfiguration } from "../../src/config/reader.ts";
import { etcdSettings, openDatastore } from "../../src/main/calico-datastore.ts";

const ENV = { DATASTORE_TYPE: "etcdv3", ETCD_ENDPOINTS: "https://a:2379, https://b:2379", ETCD_CA_CERT_FILE: "/ca",
  ETCD_CERT_FILE: "/cert", ETCD_KEY_FILE: "" };
const NOTHING = { endpoints: [], ca: undefined, cert: undefined, key: undefined, username: undefined,
  passwordFile: undefined };

function settingsOf(calico: object): CalicoSettings {
  const read = readConfiguration(JSON.stringify({ calico }), "f");
  if ("faults" in read || read.settings.calico === undefined) throw new Error("the test has a mistake");
  return read.settings.calico;
}

it("etcd is where the file says, else where Calico's environment says, key by key", () => {
  expect(etcdSettings(undefined, {})).toEqual(NOTHING);
  expect(etcdSettings(undefined, ENV)).toEqual({ ...NOTHING, endpoints: ["https://a:2379", "https://b:2379"],
    ca: "/ca", cert: "/cert" });
  expect(etcdSettings({ ...NOTHING, endpoints: ["https://c:2379"], ca: "/other" }, ENV))
    .toEqual({ ...NOTHING, endpoints: ["https://c:2379"], ca: "/other", cert: "/cert" });
});

it("etcd takes Secrets from Kubernetes, where there is a way to it", async () => {
  for (const [calico, more] of [[{ kubeconfig: "/k" }, {}], [{}, { KUBECONFIG: "/k" }],
    [{}, { KUBERNETES_SERVICE_HOST: "10.96.0.1" }]] as const) {
    const opened = await openDatastore(settingsOf(calico), "n", { env: { ...ENV, ...more } });
    expect(opened).toMatchObject({ kind: "etcd", datastore: { writeNodeStatus: expect.any(Function) } });
    expect("datastore" in opened && opened.datastore).not.toBeInstanceOf(EtcdDatastore);
  }
});

it("etcd is opened by the environment alone, and not without endpoints", async () => {
  expect(await openDatastore(settingsOf({}), "n", { env: ENV })).toMatchObject({ kind: "etcd",
    datastore: expect.any(EtcdDatastore) });
  expect(await openDatastore(settingsOf({ datastore: "etcd" }), "n", { env: {} }))
    .toEqual({ refused: "etcd has no endpoints (add calico.etcd.endpoints)" });
});
