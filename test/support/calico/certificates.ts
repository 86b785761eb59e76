/** Certificates of a day, made by openssl: an authority, a server's and a client's. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** PEM texts. The server is 127.0.0.1 and "kubernetes". */
export interface Certificates {
  readonly ca: string;
  readonly server: { readonly key: string; readonly cert: string };
  readonly client: { readonly key: string; readonly cert: string };
}

/** Whether they can be made here. */
export const hasOpenssl = (): boolean => existsSync("/usr/bin/openssl");

/** Makes them. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(join(tmpdir(), "reflectd-certificates-"));
  const openssl = (...words: readonly string[]): void => {
    execFileSync("/usr/bin/openssl", words, { cwd: folder, stdio: "ignore" });
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const text = (name: string): string => readFileSync(join(folder, name), "utf8");
  const signed = (name: string, names: string): { key: string; cert: string } => {
    writeFileSync(join(folder, `${name}.ext`), names);
    openssl("req", ...newKey, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    openssl("x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
      "-out", `${name}.pem`, "-days", "1", "-extfile", `${name}.ext`);
    return { key: text(`${name}.key`), cert: text(`${name}.pem`) };
  };
  try {
    openssl("req", "-x509", ...newKey, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority", "-days", "1");
    return {
      ca: text("ca.pem"),
      server: signed("server", "subjectAltName=IP:127.0.0.1,DNS:kubernetes\n"),
      client: signed("client", "extendedKeyUsage=clientAuth\n"),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
