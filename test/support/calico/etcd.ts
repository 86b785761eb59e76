/**
 * A real etcd on a free port of loopback, in a folder of its own. Rule: what a test reads and writes by itself goes
 * through etcd's own client, so that our client is never its own witness.
 */

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Background, isExecutable, must } from "../lab/processes.ts";
import { pause } from "../lab/waiting.ts";
import { makeCertificates } from "./certificates.ts";

const ETCD = "/usr/bin/etcd";
const ETCDCTL = "/usr/bin/etcdctl";
/** What must be installed. */
export const ETCD_PROGRAMS: readonly string[] = [ETCD, ETCDCTL];

/** Declares a suite that needs etcd; skipped by name without it, which counts as a failure in CI as root on Debian. */
export function etcdSuite(title: string, body: () => void): void {
  const missing = [...ETCD_PROGRAMS, "/usr/bin/openssl"].filter((file) => !isExecutable(file));
  const mustHave = process.env.CI === "true" && process.getuid?.() === 0 && existsSync("/etc/debian_version");
  if (missing.length === 0) describe(title, body);
  else if (mustHave) describe(title, () => { it("has its programs", () => { expect(missing).toEqual([]); }); });
  else describe.skip(`${title} (missing: ${missing.join(", ")})`, body);
}

/** Files of an authority, a server on 127.0.0.1 and a client. */
export interface CertificateFiles {
  readonly ca: string;
  readonly serverCert: string;
  readonly serverKey: string;
  readonly clientCert: string;
  readonly clientKey: string;
}

/** Makes them in a folder. */
function certificatesIn(folder: string): CertificateFiles {
  const { ca, server, client } = makeCertificates();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  return { ca: file("ca.pem", ca),
    serverCert: file("server.pem", server.cert), serverKey: file("server.key", server.key),
    clientCert: file("client.pem", client.cert), clientKey: file("client.key", client.key) };
}

/** How one is started. */
export interface EtcdOptions {
  /** It asks clients for certificates. */
  readonly tls?: boolean;
  /** What runs its programs elsewhere: in a namespace. */
  readonly inside?: (words: readonly string[]) => readonly string[];
}

/** An etcd of one member. */
export class Etcd {
  readonly folder: string = mkdtempSync(join(tmpdir(), "reflectd-etcd-"));
  /** Set for what our witness does once there are users: `name:password`. */
  user: string | undefined;
  certificates: CertificateFiles | undefined;
  readonly #inside: (words: readonly string[]) => readonly string[];
  #ports: readonly number[] = [];
  #process: Background | undefined;
  #starts = 0;

  private constructor({ inside = (words) => words }: EtcdOptions) {
    this.#inside = inside;
  }

  /** Starts one. */
  static async start(options: EtcdOptions = {}): Promise<Etcd> {
    const etcd = new Etcd(options);
    etcd.certificates = options.tls === true ? certificatesIn(etcd.folder) : undefined;
    etcd.#ports = [await freePort(), await freePort()];
    await etcd.run();
    return etcd;
  }

  get port(): number { return this.#ports[0] ?? 0; }
  get url(): string { return `${this.certificates === undefined ? "http" : "https"}://127.0.0.1:${this.port}`; }

  /** Starts it on its data as they are, and waits until it serves. */
  async run(): Promise<void> {
    const peer = `http://127.0.0.1:${this.#ports[1]}`;
    const { certificates: files } = this;
    this.#process = new Background(this.#inside([ETCD, "--name", "one", "--data-dir", join(this.folder, "data"),
      "--listen-client-urls", this.url, "--advertise-client-urls", this.url, "--listen-peer-urls", peer,
      "--initial-advertise-peer-urls", peer, "--initial-cluster", `one=${peer}`, "--logger", "zap",
      // Alone, it waits for an election all the same.
      "--heartbeat-interval", "10", "--election-timeout", "100",
      ...(files === undefined ? [] : ["--client-cert-auth", "--trusted-ca-file", files.ca,
        "--cert-file", files.serverCert, "--key-file", files.serverKey]),
    ]), join(this.folder, `log${this.#starts++}`));
    for (let attempt = 0; attempt < 2000; attempt++) {
      // Its client, asked too early, is silent for a second before it tries again.
      if (this.#process.tail(50).includes("serving client traffic")) return;
      await pause(10);
    }
    throw new Error(`etcd does not serve: ${this.#process.tail()}`);
  }

  async kill9(): Promise<void> {
    await this.#process?.kill9();
  }

  /** Runs etcd's own client; answers what it printed. */
  ctl(...words: readonly string[]): Promise<string> {
    return must(this.#words(...words));
  }

  async put(key: string, value: unknown): Promise<void> {
    await this.ctl("put", "--", key, typeof value === "string" ? value : JSON.stringify(value));
  }

  /** The value of a key as it stands there. */
  async get(key: string): Promise<string> {
    return (await this.ctl("get", "--print-value-only", key)).trimEnd();
  }

  /** Of the store. */
  async revision(): Promise<number> {
    return (JSON.parse(await this.ctl("get", "-w", "json", "/none")) as { header: { revision: number } })
      .header.revision;
  }

  async close(): Promise<void> {
    await this.#process?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  #words(...words: readonly string[]): readonly string[] {
    const { certificates: files, user } = this;
    return this.#inside([ETCDCTL, `--endpoints=${this.url}`, ...(user === undefined ? [] : [`--user=${user}`]),
      ...(files === undefined ? [] : [`--cacert=${files.ca}`, `--cert=${files.clientCert}`,
        `--key=${files.clientKey}`]),
      ...words]);
  }
}

/** A port that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
