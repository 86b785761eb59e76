/** Sessions over real loopback sockets: coming up, both ends dialling, stopping with words, floods, slow readers. */

import { createConnection } from "node:net";
import type { Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { encodeUpdate } from "../../src/messages/update.ts";
import { encodeOpen } from "../../src/messages/open.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { Framer } from "../../src/messages/framer.ts";
import { isFault, resetFault } from "../../src/messages/fault.ts";
import { RecordingOwner, sessionParameters, SMALL_UPDATE } from "../sim/virtual-speaker.ts";
import { LoopbackSpeaker, until } from "./loopback-speaker.ts";

const SOAK = process.env["REFLECTD_SOAK"] === "1";
const speakers: LoopbackSpeaker[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(speakers.splice(0).map((speaker) => speaker.close()));
});

async function speaker(address: string): Promise<LoopbackSpeaker> {
  const opened = await LoopbackSpeaker.open(address);
  speakers.push(opened);
  return opened;
}

async function pair() {
  const a = await speaker("127.0.0.2");
  const b = await speaker("127.0.0.3");
  const atA = a.peer(sessionParameters({ address: b.address, port: b.port, routerId: 1 }));
  const atB = b.peer(sessionParameters({ address: a.address, port: a.port, routerId: 2 }));
  return { a, b, atA, atB };
}

/** A raw peer at `from` that records the messages it gets. */
function rawPeer(to: LoopbackSpeaker, from: string) {
  const messages: Uint8Array[] = [];
  const framer = new Framer();
  const socket = createConnection({ host: to.address, port: to.port, localAddress: from });
  sockets.push(socket);
  let closed = false;
  socket.on("error", () => undefined).on("close", () => { closed = true; });
  socket.on("data", (chunk: Buffer) => {
    framer.push(chunk);
    for (let m = framer.next(); m !== undefined && !isFault(m); m = framer.next()) messages.push(m);
  });
  return { socket, messages, closed: () => closed };
}
const OPEN_OF_2 = encodeOpen({ asNumber: 64512, holdTimeSeconds: 90, routerId: 2, capabilities: [] });
const established = (...sessions: { session: { view(): { state: string } } }[]) => (): boolean =>
  sessions.every(({ session }) => session.view().state === "Established");

describe("two sessions over loopback", () => {
  it("come up and hand over facts, UPDATEs and ROUTE-REFRESH", async () => {
    const { atA, atB } = await pair();
    atA.session.start();
    atB.session.start();
    await until("Established", established(atA, atB));
    expect(atA.owner.facts).toMatchObject({
      remoteAddress: "127.0.0.3", localAddress: "127.0.0.2", remote: { routerId: 2 },
      negotiated: { families: ["ipv4-unicast"], holdTimeSeconds: 90 },
    });
    atA.owner.queue.push(SMALL_UPDATE, SMALL_UPDATE);
    atA.session.wake();
    expect(atB.session.requestRefresh({ afi: 1, safi: 1 })).toBe(true);
    await until("UPDATEs", () => atB.owner.updates === 2 && atA.owner.refreshes.length === 1);
    await until("completion", () => atA.owner.sentOctets === 2 * SMALL_UPDATE.length);
    expect(atA.session.traffic.snapshot().messages.out.update).toBe(2);
    expect(atB.session.traffic.snapshot().messages.in.update).toBe(2);
  });

  it("stop with the operator's words and stay down, and come back when started", async () => {
    const { atA, atB } = await pair();
    atA.session.start();
    atB.session.start();
    await until("Established", established(atA, atB));
    atA.session.stop({ text: "back at noon ☕" });
    await until("down", () => atB.owner.downs.length === 1);
    expect(atB.owner.downs[0]).toMatchObject({
      direction: "received", code: 6, subcode: 2, name: "Cease/Administrative Shutdown", text: "back at noon ☕",
    });
    expect(atA.owner.downs[0]).toMatchObject({ direction: "sent", code: 6, subcode: 2 });
    expect(atA.session.view()).toMatchObject({ state: "Idle", started: false, flaps: 1 });
    atA.session.start();
    await until("Established again", established(atA, atB));
  });

  const runs = SOAK ? 200 : 20;
  it(`keep one of two connections in ${runs} runs with both ends dialling`, async () => {
    for (let run = 0; run < runs; run++) {
      const { a, b, atA, atB } = await pair();
      if (run % 3 !== 0) {
        atA.session.start();
        if (run % 3 === 1) await new Promise((resolve) => { setImmediate(resolve); });
        atB.session.start();
      } else {
        atB.session.start();
        atA.session.start();
      }
      await until("Established", established(atA, atB));
      const ports = { of: atA.owner.facts?.localPort, seen: atB.owner.facts?.remotePort };
      expect(ports.of).toBe(ports.seen);
      expect([atA.owner.ups.length, atB.owner.ups.length]).toEqual([1, 1]);
      await Promise.all([a.close(), b.close()]);
    }
  });
});

describe("one neighbour", () => {
  it("ends the session with the owner's fault and rests", async () => {
    const { atA, atB } = await pair();
    atA.owner.answer = () => resetFault(3, 1, new Uint8Array([1, 2]), "planted");
    atA.session.start();
    atB.session.start();
    await until("Established", established(atA, atB));
    atB.owner.queue.push(SMALL_UPDATE);
    atB.session.wake();
    await until("reset", () => atB.owner.downs.length === 1);
    expect(atB.owner.downs[0]).toMatchObject({ direction: "received", code: 3, subcode: 1 });
    expect(atA.session.view()).toMatchObject({ state: "Idle", waiting: "idle hold after an error" });
  });

  it("waits with its reason where no provider can honour what it demands", async () => {
    const a = await speaker("127.0.0.2");
    const { session } = a.peer(sessionParameters({ address: "127.0.0.3", routerId: 1, unavailable: "no password" }));
    session.start();
    const raw = rawPeer(a, "127.0.0.3");
    await until("closed", raw.closed);
    expect(raw.messages).toEqual([]);
    expect(session.view()).toMatchObject({ state: "Idle", waiting: "no password", started: true });
  });

  it("never blocks another by being slow to read", async () => {
    const a = await speaker("127.0.0.2");
    const slow = a.peer(sessionParameters({ address: "127.0.0.3", routerId: 1, passive: true }));
    const fast = a.peer(sessionParameters({ address: "127.0.0.4", routerId: 1, passive: true }));
    slow.session.start();
    fast.session.start();
    const big = encodeUpdate({ family: "ipv4-unicast", withdrawn: Array.from({ length: 800 }, (_, i) => (
      { prefix: { address: new Uint8Array([10, i >> 8, i & 255, 0]), length: 24 } })) });
    const total = 16 * 1024 * 1024;
    let pulled = 0;
    class Flood extends RecordingOwner {
      override pull(): Uint8Array | undefined {
        pulled += big.length;
        return pulled > total ? undefined : big;
      }
    }
    const flood = new Flood();
    const stuck = a.peer(sessionParameters({ address: "127.0.0.5", routerId: 1, passive: true }), flood);
    stuck.session.start();
    const raw = rawPeer(a, "127.0.0.5");
    raw.socket.write(OPEN_OF_2);
    raw.socket.write(KEEPALIVE);
    await until("stuck is up", established(stuck));
    raw.socket.pause();
    const other = rawPeer(a, "127.0.0.4");
    other.socket.write(OPEN_OF_2);
    other.socket.write(KEEPALIVE);
    await until("fast is up", established(fast));
    fast.owner.queue.push(SMALL_UPDATE);
    fast.session.wake();
    await until("fast is served", () => other.messages.some((m) => m[18] === 2));
    expect(pulled).toBeLessThan(total); // the rest stays with its owner, not in the socket
    expect(pulled - flood.sentOctets).toBeLessThanOrEqual(256 * 1024 + big.length);
  });
});

describe("floods", () => {
  it("costs unknown sources nothing but a counter", async () => {
    const a = await speaker("127.0.0.2");
    const { session } = a.peer(sessionParameters({ address: "127.0.0.3", routerId: 1, passive: true }));
    session.start();
    const raws = Array.from({ length: 50 }, () => rawPeer(a, "127.0.0.9"));
    for (const raw of raws) raw.socket.write(OPEN_OF_2);
    await until("all closed", () => raws.every((raw) => raw.closed()));
    expect(a.acceptor.refused.unknownSource).toBe(50);
    expect(raws.every((raw) => raw.messages.length === 0)).toBe(true);
  });

  it("keeps the newest of many silent connections from a known source, and the peer comes up", async () => {
    const a = await speaker("127.0.0.2");
    const peer = a.peer(sessionParameters({ address: "127.0.0.3", routerId: 1, passive: true }));
    peer.session.start();
    const silent = Array.from({ length: 50 }, () => rawPeer(a, "127.0.0.3"));
    await until("one left", () => silent.filter((raw) => !raw.closed()).length === 1);
    const good = rawPeer(a, "127.0.0.3");
    good.socket.write(OPEN_OF_2);
    good.socket.write(KEEPALIVE);
    await until("Established", established(peer));
    const late = rawPeer(a, "127.0.0.3");
    const told = (): boolean => late.messages.some((m) => m[18] === 3 && m[19] === 6 && m[20] === 7);
    await until("told 6/7", () => told() && late.closed());
    expect(peer.session.view().state).toBe("Established");
  });

  it.each([
    ["a wrong marker", new Uint8Array(19), [1, 1]],
    ["an oversized message", new Uint8Array([...new Array<number>(16).fill(255), 0xff, 0xff, 2]), [1, 2]],
    ["a message shorter than its header", new Uint8Array([...new Array<number>(16).fill(255), 0, 18, 4]), [1, 2]],
    ["an unknown type", new Uint8Array([...new Array<number>(16).fill(255), 0, 19, 9]), [1, 3]],
    ["a KEEPALIVE in OpenSent", KEEPALIVE, [5, 1]],
  ])("answers %s and lets the real peer in afterwards", async (_what, bytes, answer) => {
    const a = await speaker("127.0.0.2");
    const peer = a.peer(sessionParameters({ address: "127.0.0.3", routerId: 1, passive: true }));
    peer.session.start();
    const bad = rawPeer(a, "127.0.0.3");
    bad.socket.write(bytes);
    await until("closed", bad.closed);
    expect(bad.messages.map((m) => m[18])).toEqual([1, 3]);
    expect([...bad.messages[1]!.subarray(19, 21)]).toEqual(answer);
    const good = rawPeer(a, "127.0.0.3");
    good.socket.write(OPEN_OF_2);
    good.socket.write(KEEPALIVE);
    await until("Established", established(peer));
  });

  it("takes an OPEN octet by octet, and a cut one costs nothing", async () => {
    const a = await speaker("127.0.0.2");
    const peer = a.peer(sessionParameters({ address: "127.0.0.3", routerId: 1, passive: true }));
    peer.session.start();
    const cut = rawPeer(a, "127.0.0.3");
    cut.socket.end(OPEN_OF_2.subarray(0, 20));
    await until("closed", cut.closed);
    const good = rawPeer(a, "127.0.0.3");
    for (const octet of OPEN_OF_2) {
      good.socket.write(new Uint8Array([octet]));
      await new Promise((resolve) => { setImmediate(resolve); });
    }
    good.socket.write(KEEPALIVE);
    await until("Established", established(peer));
  });
});
