/** How a kubeconfig and a pod's account are read. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { kubeconfigAccess } from "../../../../src/calico/datastore/kubernetes/kubeconfig.ts";
import { podNamespace, serviceAccount } from "../../../../src/calico/datastore/kubernetes/service-account.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

let folder: string;
beforeEach(() => { folder = temporaryFolder(); });
const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);

const PEM = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

const config = (cluster: string, user: string): string => `
apiVersion: v1
kind: Config
current-context: here
preferences: {}
contexts:
- name: other
  context: {cluster: x, user: y}
- name: here
  context:
    cluster: c1
    user: u1
    namespace: default
clusters:
- cluster:
    server: https://10.0.0.1:6443
${cluster.replace(/^/gm, "    ")}
  name: c1
users:
- name: u1
  user:
    ignored: x
${user.replace(/^/gm, "    ")}
`;

/** The access, or the words of the fault without the folder. */
async function read(text: string): Promise<unknown> {
  write("config", text);
  const found = await kubeconfigAccess(join(folder, "config"))();
  return "fault" in found ? found.fault.replaceAll(folder, "") : { ...found, server: found.server.href };
}

const TLS = { ca: undefined, certificate: undefined, key: undefined, serverName: undefined, isInsecure: false };

describe("a kubeconfig", () => {
  it("gives the current context's cluster and user, from data and from files beside it", async () => {
    mkdirSync(join(folder, "pki"));
    write("pki/key.pem", PEM);
    expect(await read(config(`certificate-authority-data: ${base64(PEM)}\ntls-server-name: kubernetes`,
      `client-certificate-data: ${base64(PEM)}\nclient-key: pki/key.pem`))).toEqual({
      server: "https://10.0.0.1:6443/", token: undefined,
      tls: { ...TLS, ca: PEM, certificate: PEM, key: PEM, serverName: "kubernetes" },
    });
  });

  it("prefers data to files, and a file's token to a written one", async () => {
    write("token", "from-file\n");
    write("ca.pem", "other");
    expect(await read(config(`certificate-authority-data: ${base64(PEM)}\ncertificate-authority: ca.pem`,
      "token: written\ntokenFile: token"))).toMatchObject({ token: "from-file", tls: { ca: PEM } });
    expect(await read(config("", "token: written"))).toMatchObject({ token: "written", tls: TLS });
  });

  it("does not look at certificates where it says so", async () => {
    expect(await read(config("insecure-skip-tls-verify: true\ncertificate-authority: gone.pem", "token: t")))
      .toMatchObject({ tls: { ...TLS, isInsecure: true } });
  });

  it("is read again each time", async () => {
    write("config", config("", "token: one"));
    const source = kubeconfigAccess(join(folder, "config"));
    expect(await source()).toMatchObject({ token: "one" });
    write("config", config("", "token: two"));
    expect(await source()).toMatchObject({ token: "two" });
  });

  it("reads what kubectl writes, and JSON", async () => {
    const value = { "current-context": "a", contexts: [{ name: "a", context: { cluster: "b", user: "" } }],
      clusters: [{ name: "b", cluster: { server: "http://127.0.0.1:8001" } }], users: null };
    expect(await read(JSON.stringify(value))).toMatchObject({ server: "http://127.0.0.1:8001/", token: undefined });
  });

  it.each([
    ["a program", config("", "exec: {command: aws}"), '/config: "exec" is not supported (no programs are run for '
      + "credentials: use a token, a tokenFile or a client certificate)"],
    ["a provider", config("", "auth-provider: {name: gcp}"), '"auth-provider" is not supported'],
    ["a password", config("", "username: admin\npassword: x"), '"username" is not supported'],
    ["another's name", config("", "as: root"), '"as" is not supported'],
    ["a proxy", config("proxy-url: http://proxy:3128", ""), '"proxy-url" is not supported'],
    ["no context", "kind: Config\n", "/config: it has no current-context"],
    ["a missing context", "current-context: x\n", 'it has no context "x"'],
    ["a missing cluster", "current-context: x\ncontexts: [{name: x, context: {cluster: gone}}]",
      'no cluster "gone"'],
    ["a missing user", config("", "").replace("name: u1", "name: u2"), 'no user "u1"'],
    ["no URL", config("", "").replace("https://10.0.0.1:6443", "10.0.0.1"), "its cluster has no server URL"],
    ["a missing file", config("certificate-authority: gone.pem", ""), "/gone.pem cannot be read: no such file"],
    ["half a certificate", config("", `client-certificate-data: ${base64(PEM)}`), "client-certificate without a key"],
    ["data that is none", config("certificate-authority-data: bm9uZQ==", ""), "is no PEM in base64"],
    ["a text that is no YAML", "a: [\n", "/config:"],
  ])("with %s is refused by name", async (_, text, words) => {
    expect(await read(text)).toContain(words);
  });

  it("says no secret in a fault", async () => {
    const found = await read(config("", "token: s3cret\nexec: {command: s3cret}"));
    expect(found).not.toContain("s3cret");
  });
});

describe("a pod's account", () => {
  const environment = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443" };

  it("is read from its folder, again each time", async () => {
    write("token", "one\n");
    write("ca.crt", PEM);
    write("namespace", "calico-system");
    const source = serviceAccount(environment, folder);
    expect(await source()).toMatchObject({ token: "one", tls: { ...TLS, ca: PEM } });
    write("token", "two");
    const found = await source();
    expect(found).toMatchObject({ token: "two" });
    expect("server" in found && found.server.href).toBe("https://[fd00::1]/");
    expect(await podNamespace(folder)).toBe("calico-system");
  });

  it("is missed by name", async () => {
    expect(await serviceAccount({}, folder)()).toEqual({ fault: expect.stringContaining("this is no pod") });
    expect(await serviceAccount(environment, folder)())
      .toEqual({ fault: `${join(folder, "token")} cannot be read: no such file` });
    expect(await podNamespace(folder)).toBeUndefined();
  });
});
