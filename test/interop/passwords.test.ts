/**
 * Passwords and TTL security between daemons on loopback, where REFLECTD_TEST_NODE names a Node with node:ffi (26.1 or
 * later); reported as skipped elsewhere.
 */

import { execFile, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const NODE = process.env["REFLECTD_TEST_NODE"] ?? "";
const TITLE = `Passwords and TTL security${NODE === "" ? " (missing: a Node in REFLECTD_TEST_NODE)" : ""}`;
const MAIN = join(import.meta.dirname, "../../dist/main.js");
const FLAGS = ["--experimental-ffi", "--no-warnings"];
let folder = "";
const daemons = new Map<string, ChildProcess>();
let port = 0;

afterAll(async () => {
  await Promise.all([...daemons.values()].map(async (daemon) => {
    const gone = new Promise((resolve) => daemon.once("exit", resolve));
    daemon.kill("SIGKILL");
    await gone;
  }));
  if (folder !== "") rmSync(folder, { recursive: true, force: true });
});

const file = (name: string): string => join(folder, name);
const password = (name: string, text: string): string => {
  writeFileSync(file(name), text);
  return file(name);
};

interface Seen {
  readonly name: string;
  readonly state: string;
  readonly since: string;
  readonly waiting: string | null;
}

function configure(name: string, address: string, neighbors: readonly object[]): void {
  writeFileSync(file(`${name}.json`), JSON.stringify({
    routerId: address.replace("127", "10"), asNumber: 64512, listen: [{ address, port }], http: false,
    control: { socket: file(`${name}.sock`) }, log: { level: "warn", format: "json" },
    neighbors: neighbors.map((neighbor) => ({
      ...("range" in neighbor ? {} : { port }), connectRetrySeconds: 1, idleHoldSeconds: [1, 1],
      ...("range" in neighbor ? {} : { localAddress: address }), ...neighbor,
    })),
  }));
}

function start(name: string): void {
  daemons.set(name, spawn(NODE, [...FLAGS, MAIN, "run", "--config", file(`${name}.json`)], { stdio: "ignore" }));
}

async function peersOf(name: string): Promise<readonly Seen[]> {
  const args = [...FLAGS, MAIN, "show", "peers", "-o", "json", "--socket", file(`${name}.sock`)];
  const { stdout } = await promisify(execFile)(NODE, args);
  return JSON.parse(stdout) as readonly Seen[];
}

async function become(what: string, name: string, holds: (peers: Readonly<Record<string, Seen>>) => boolean):
  Promise<Readonly<Record<string, Seen>>> {
  let last: unknown = undefined;
  for (const end = Date.now() + 60_000; Date.now() < end;) {
    try {
      const peers = Object.fromEntries((await peersOf(name)).map((peer) => [peer.name, peer]));
      if (holds(peers)) return peers;
      last = peers;
    } catch (error) { // expected while the daemon starts: nobody answers
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  throw new Error(`never: ${what}: ${JSON.stringify(last)} ${String(last)}`);
}
const isUp = (peer: Seen | undefined): boolean => peer?.state === "Established";
const pass = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof bound === "object" && bound !== null ? bound.port : 0;
}

describe.skipIf(NODE === "")(TITLE, () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "reflectd-passwords-")); // not where all is skipped: nobody would remove it
    port = await freePort();
    configure("rr", "127.0.0.2", [
      { name: "signed", address: "127.0.0.3", passwordFile: password("rr-signed", "one\n"), ttlSecurityHops: 1 },
      { name: "plain", address: "127.0.0.4" },
      { name: "wrong", address: "127.0.0.5", passwordFile: password("rr-wrong", "this\n") },
      { name: "without", address: "127.0.0.6", passwordFile: file("rr-signed") },
      { name: "dials", address: "127.0.0.7", passwordFile: file("rr-signed"), passive: true },
      { name: "listens", address: "127.0.0.8", passwordFile: file("rr-signed"), ttlSecurityHops: 1 },
      { name: "far", address: "127.0.0.9", ttlSecurityHops: 1, passive: true },
      { name: "nothing", address: "127.0.0.10", passwordFile: file("absent") },
      { name: "range", range: "127.0.1.0/24", passwordFile: password("rr-range", "members\n") },
    ]);
    const rr = { name: "rr", address: "127.0.0.2" };
    configure("signed", "127.0.0.3", [{ ...rr, passwordFile: password("signed", "one\n"), ttlSecurityHops: 1 }]);
    configure("plain", "127.0.0.4", [rr]);
    configure("wrong", "127.0.0.5", [{ ...rr, passwordFile: password("wrong", "that\n") }]);
    configure("without", "127.0.0.6", [rr]);
    configure("dials", "127.0.0.7", [{ ...rr, passwordFile: file("rr-signed") }]);
    configure("listens", "127.0.0.8", [{ ...rr, passwordFile: file("rr-signed"), ttlSecurityHops: 1, passive: true }]);
    configure("far", "127.0.0.9", [rr]);
    configure("nothing", "127.0.0.10", [rr]);
    configure("member", "127.0.1.1", [{ ...rr, passwordFile: file("rr-range") }]);
    configure("intruder", "127.0.1.2", [rr]);
    for (const name of ["rr", "signed", "plain", "wrong", "without", "dials", "listens", "far", "nothing", "member",
      "intruder"]) start(name);
  });

  it("have sessions with the right password, both ways and by ranges, and none with another or without", async () => {
    const right = ["signed", "plain", "dials", "listens", "127.0.1.1"];
    await become("the right ones", "rr", (peers) => right.every((name) => isUp(peers[name])));
    await pass(3);
    const peers = await become("still the right ones", "rr", (now) => right.every((name) => isUp(now[name])));
    expect(Object.values(peers).filter(isUp).map(({ name }) => name).sort()).toEqual(right.sort());
    expect(peers["nothing"]?.waiting).toMatch(/TCP-MD5 password: .*absent cannot be read: no such file/);
  }, 180_000);

  it("take over another password: that session only", async () => {
    const before = await become("all", "rr", (peers) => isUp(peers["signed"]));
    password("rr-signed", "twofold\n");
    daemons.get("rr")?.kill("SIGHUP");
    await become("it is down", "rr", (peers) => !isUp(peers["signed"]) && !isUp(peers["dials"]));
    await pass(2);
    const meanwhile = await become("one side has it", "rr", (peers) => !isUp(peers["signed"]));
    expect(["plain", "127.0.1.1"].map((name) => meanwhile[name]?.since))
      .toEqual(["plain", "127.0.1.1"].map((name) => before[name]?.since));
    password("signed", "twofold\n");
    daemons.get("signed")?.kill("SIGHUP");
    const after = await become("both sides have it", "rr", (peers) => isUp(peers["signed"]));
    expect(after["plain"]?.since).toBe(before["plain"]?.since);
  }, 180_000);

  it("never show a password", async () => {
    const args = [...FLAGS, MAIN, "show", "config", "--socket", file("rr.sock")];
    const { stdout } = await promisify(execFile)(NODE, args);
    expect(stdout).toContain("rr-signed");
    expect(stdout).not.toMatch(/twofold|members|this|"password"/);
  });
});
