/**
 * A process that stood still for longer than the hold time, over real sockets: timers fire first when it goes on, but
 * the KEEPALIVEs that prove the peer alive are already in the kernel's buffer (docs/adr/0006).
 */

import { Worker } from "node:worker_threads";
import { afterEach, expect, it } from "vitest";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { encodeOpen } from "../../src/messages/open.ts";
import { sessionParameters } from "../sim/virtual-speaker.ts";
import { LoopbackSpeaker, until } from "./loopback-speaker.ts";

const HOLD_SECONDS = 3;
const workers: Worker[] = [];
const speakers: LoopbackSpeaker[] = [];
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
  await Promise.all(speakers.splice(0).map((speaker) => speaker.close()));
});

/** A peer in a thread of its own, so that it lives while this one stands still. */
const PEER = `
  const { workerData } = require("node:worker_threads");
  const { host, port, from, open, keepalive, intervalMilliseconds } = workerData;
  const socket = require("node:net").connect({ host, port, localAddress: from });
  socket.on("error", () => {}).resume();
  socket.write(open);
  socket.write(keepalive);
  if (intervalMilliseconds > 0) setInterval(() => socket.write(keepalive), intervalMilliseconds);
`;

function peerInThread(to: LoopbackSpeaker, from: string, intervalMilliseconds: number): void {
  const open = encodeOpen({ asNumber: 64512, holdTimeSeconds: HOLD_SECONDS, routerId: 9, capabilities: [] });
  const workerData = { host: to.address, port: to.port, from, open, keepalive: KEEPALIVE, intervalMilliseconds };
  workers.push(new Worker(PEER, { eval: true, workerData }));
}

it("keeps the session of a peer that kept sending, and ends that of one that did not", async () => {
  const speaker = await LoopbackSpeaker.open("127.0.0.2");
  speakers.push(speaker);
  const passive = { routerId: 1, passive: true, holdTimeSeconds: HOLD_SECONDS };
  const lively = speaker.peer(sessionParameters({ address: "127.0.0.3", ...passive }));
  const silent = speaker.peer(sessionParameters({ address: "127.0.0.4", ...passive }));
  for (const { session } of [lively, silent]) session.start();
  peerInThread(speaker, "127.0.0.3", 300);
  peerInThread(speaker, "127.0.0.4", 0);
  await until("both up", () => lively.owner.ups.length === 1 && silent.owner.ups.length === 1);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, HOLD_SECONDS * 1000 + 300); // as SIGSTOP would
  await until("the silent one is down", () => silent.owner.downs.length === 1);
  expect(silent.owner.downs[0]).toMatchObject({ direction: "sent", code: 4, subcode: 0 });
  expect(lively.owner.downs).toEqual([]);
  expect(lively.session.view().state).toBe("Established");
});
