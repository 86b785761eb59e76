/**
 * TCP-MD5 and TTL security with BIRD 1.6.8 and FRR: by reflectd's own calls in Calico mode, where REFLECTD_TEST_NODE
 * names a Node that has them; and on a listener that was handed over, with any Node. Whoever has another password or
 * none never has a session.
 */

import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import type { Bird, BirdPeer } from "../support/lab/bird.ts";
import { startFrr } from "../support/lab/frr.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd, ShownPeer } from "../support/lab/reflectd.ts";
import { LAB_AS, LAB_HOLD_SECONDS } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { staysFor, waitFor } from "../support/lab/waiting.ts";

const NODE = process.env["REFLECTD_TEST_NODE"] ?? "";
const LAUNCHER = join(import.meta.dirname, "../support/lab/launcher.py");

/** Of the suite that runs. */
let lab: Lab;
let hub: LabNode;
let reflector: Reflectd;

const isUp = (peer: ShownPeer | undefined): boolean => peer?.state === "Established";
const nameOf = ({ v4 }: LabNode): string => `Node_${v4.replaceAll(".", "_")}`;
const bird = (node: LabNode, name: string, peer: Omit<BirdPeer, "address">): Promise<Bird> =>
  startBird(node, `bird1-${name}`, { version: "1.6", peers: [{ address: hub.v4, ...peer }] });
function become(what: string, holds: (peers: ReadonlyMap<string, ShownPeer>) => boolean):
  Promise<ReadonlyMap<string, ShownPeer>> {
  return waitFor(lab, what, async () => new Map((await reflector.peers()).map((peer) => [peer.name, peer])), holds,
    40_000);
}
/** For a while exactly these are up. */
function stays(...names: readonly string[]): Promise<void> {
  return staysFor(lab, `up: ${names.join()}`, () => reflector.peers(),
    (peers) => peers.filter(isUp).map(({ name }) => name).sort().join() === [...names].sort().join(), 5_000);
}

function ownCalls(): void {
  let folder: string;
  let w1: LabNode;
  let w2: LabNode;
  let w3: LabNode;
  let tor: LabNode;
  let oldBird: Bird;

  /** Writes a manifest as editors do: beside it, then over it. */
  function put(name: string, text: string): void {
    writeFileSync(join(folder, `${name}.tmp`), text);
    renameSync(join(folder, `${name}.tmp`), join(folder, name));
  }
  const peerText = ({ name, v4 }: LabNode, more = ""): string => `
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: ${name}}
spec:
  node: rr1
  peerIP: ${v4}
  asNumber: ${LAB_AS}
  password: {secretKeyRef: {name: bgp, key: ${name}}}
${more}---
`;
  const putSecret = (ofW1: string): void => put("secret.yaml", `
apiVersion: v1
kind: Secret
metadata: {name: bgp, namespace: kube-system}
stringData: {w1: ${ofW1}, w2: of-w2, w3: of-w3, tor: of-tor}
`);

  beforeAll(async () => {
    lab = await Lab.create();
    folder = join(lab.folder, "resources");
    mkdirSync(folder);
    hub = await lab.node("rr1");
    [w1, w2, w3, tor] = [await lab.node("w1"), await lab.node("w2"), await lab.node("w3"), await lab.node("tor")];
    put("node.yaml", `
apiVersion: projectcalico.org/v3
kind: Node
metadata: {name: rr1}
spec: {bgp: {ipv4Address: ${hub.v4}/24}}
---
apiVersion: projectcalico.org/v3
kind: BGPConfiguration
metadata: {name: default}
spec: {nodeToNodeMeshEnabled: false}
`);
    put("peers.yaml", [peerText(w1), peerText(w2, "  ttlSecurity: 1\n"), peerText(w3), peerText(tor)].join(""));
    putSecret("of-w1");
    [oldBird] = await Promise.all([
      bird(w1, "w1", { password: "of-w1" }),
      bird(w2, "w2", { password: "of-w2", ttlSecurity: true }),
      bird(w3, "w3", {}),
      startFrr(tor, "frr-tor", [hub.v4], { more: ["password of-tor"] }),
    ]);
    reflector = await startReflectd(hub, "reflectd", { node: [NODE, "--experimental-ffi", "--no-warnings"],
      calico: { datastore: "files", files: [folder], nodeName: "rr1", holdTimeSeconds: LAB_HOLD_SECONDS } });
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("sessions with the right password, none with a router that has none", async () => {
    const right = [w1, w2, tor].map(nameOf);
    await become("the right ones", (peers) => right.every((name) => isUp(peers.get(name))));
    await stays(...right);
  }, 60_000);

  it("another password in the Secret costs its session, and no other", async () => {
    const others = [w2, tor].map(nameOf);
    const before = await become("all", (peers) => isUp(peers.get(nameOf(w1))));
    putSecret("another");
    await become("it is down", (peers) => !isUp(peers.get(nameOf(w1))));
    await oldBird.stop();
    await bird(w1, "w1-another", { password: "another" });
    const after = await become("it is up", (peers) => isUp(peers.get(nameOf(w1))));
    expect(others.map((name) => after.get(name)?.since)).toEqual(others.map((name) => before.get(name)?.since));
  }, 60_000);

  it("without the Secret they wait and say so, and come back with it", async () => {
    rmSync(join(folder, "secret.yaml"));
    const waiting = await become("nobody", (peers) => [...peers.values()].every((peer) => peer.waiting !== null));
    expect([...waiting.values()].map((peer) => peer.waiting))
      .toEqual(Array(4).fill("waits for its TCP-MD5 password: no Secret bgp"));
    putSecret("another");
    await become("all", (peers) => [w1, w2, tor].every((node) => isUp(peers.get(nameOf(node)))));
  }, 60_000);
}

if (NODE !== "") interopSuite("Calico's passwords with BIRD 1.6.8 and FRR", ["bird-1.6.8", "frr"], ownCalls);
else describe.skip("Calico's passwords with BIRD 1.6.8 and FRR (missing: a Node in REFLECTD_TEST_NODE)", ownCalls);

interopSuite("A listener that was handed over, with BIRD 1.6.8", ["bird-1.6.8"], () => {
  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr1");
    const [signed, unsigned, plain] = [await lab.node("signed"), await lab.node("unsigned"), await lab.node("plain")];
    const passwordFile = join(lab.folder, "password");
    writeFileSync(passwordFile, "of-both\n");
    await Promise.all([
      bird(signed, "signed", { password: "of-both", ttlSecurity: true }),
      bird(unsigned, "unsigned", { ttlSecurity: true }),
      bird(plain, "plain", {}),
    ]);
    // The launcher's network has the first two: 10.99.0.2 and 10.99.0.3.
    reflector = await startReflectd(hub, "reflectd", {
      node: ["/usr/bin/python3", LAUNCHER, signed.v4, "31", "of-both", "1", process.execPath],
      neighbors: [client(signed.v4, { name: "signed", passwordFile, ttlSecurityHops: 1 }),
        client(unsigned.v4, { name: "unsigned", passwordFile }), client(plain.v4, { name: "plain" }),
        client("10.99.0.77", { name: "not-named", passwordFile })],
    });
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("whoever dials it with the password has a session; whoever is asked for nothing is dialled", async () => {
    await become("two sessions", (peers) => isUp(peers.get("signed")) && isUp(peers.get("plain")));
    await stays("signed", "plain");
  }, 60_000);

  it("a neighbour that was not vouched for waits, and says so", async () => {
    const peers = await become("an answer", () => true);
    expect(peers.get("not-named")?.waiting).toContain("REFLECTD_LISTEN_PASSWORDS does not name 10.99.0.77/32");
  });
});
