/** The loop of one connection: slices, pausing, the order of ends, how much is out of our hands. */

import { describe, expect, it } from "vitest";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import type { Instant } from "../../src/base/ports.ts";
import { ConnectionDriver } from "../../src/transport/driver.ts";
import { InputTurns } from "../../src/transport/input-turns.ts";
import type { Connection, ConnectionHandler, Scheduler } from "../../src/transport/ports.ts";

const KIB = 1024;

function world() {
  const log: string[] = [];
  const turns: Array<() => void> = [];
  const writes: Uint8Array[] = [];
  const pieces: number[][] = [];
  const wire: { handler?: ConnectionHandler } = {};
  const connection: Connection = {
    localAddress: "192.0.2.1", localPort: 1, remoteAddress: "192.0.2.2", remotePort: 2,
    attach: (handler) => { wire.handler = handler; },
    write: (bytes) => {
      pieces.push([bytes.length]);
      writes.push(bytes);
      return out.atOnce;
    },
    writeAll: (all) => {
      pieces.push(all.map(({ length }) => length));
      writes.push(Buffer.concat(all));
      return out.atOnce;
    },
    pause: () => { log.push("pause"); },
    resume: () => { log.push("resume"); },
    end: () => { log.push("end"); },
    destroy: () => { log.push("destroy"); },
  };
  const scheduler: Scheduler = {
    at: () => () => undefined,
    afterPoll: () => () => undefined,
    soon: (run) => { turns.push(run); },
  };
  const seen = { messages: 0, progress: 0, waiting: false, told: 0 };
  const out = { chunk: undefined as Uint8Array | undefined, atOnce: false, onMessage: () => {} };
  const driver: ConnectionDriver = new ConnectionDriver(connection, {
    message: () => {
      seen.messages++;
      out.onMessage();
    },
    runOver: () => undefined,
    framingFault: (fault) => { log.push(`fault ${fault.code}/${fault.subcode}`); },
    lost: ({ why }) => { log.push(`lost ${why}`); },
    taken: (octets) => { seen.progress += octets; },
    progress: (waiting) => {
      seen.told++;
      seen.waiting = waiting;
    },
    pull: () => out.chunk,
  }, 0, new InputTurns(scheduler, { now: () => 0 as Instant, wallMilliseconds: () => 0 }));
  driver.start();
  const turn = (): void => { turns.shift()?.(); };
  return { driver, wire, log, turn, turns, writes, pieces, seen, out };
}
function keepalives(count: number): Uint8Array {
  const bytes = new Uint8Array(count * KEEPALIVE.length);
  for (let i = 0; i < count; i++) bytes.set(KEEPALIVE, i * KEEPALIVE.length);
  return bytes;
}
const PER_SLICE = Math.ceil((128 * KIB) / KEEPALIVE.length);

describe("input", () => {
  it("is handled in slices, one per turn of the event loop, and reading pauses above 256 KiB", () => {
    const { driver, wire, log, turn, turns, seen } = world();
    wire.handler?.data(keepalives(5 * PER_SLICE));
    expect([seen.messages, driver.behind, log]).toEqual([PER_SLICE, true, ["pause"]]);
    for (let slices = 2; slices <= 5; slices++) {
      turn();
      expect(seen.messages).toBe(slices * PER_SLICE);
    }
    turn();
    expect([log, driver.behind]).toEqual([["pause", "resume"], false]);
    turn();
    expect(turns).toEqual([]); // an idle connection asks for nothing
  });

  it("comes before the end of the connection, however much there is", () => {
    const { wire, log, turn, seen } = world();
    wire.handler?.data(keepalives(2 * PER_SLICE));
    wire.handler?.closed({ why: "ECONNRESET" });
    expect(log).toEqual([]);
    turn();
    turn();
    expect([seen.messages, log]).toEqual([2 * PER_SLICE, ["lost ECONNRESET"]]);
  });

  it("is forgotten once the connection is given up from inside a message", () => {
    const { driver, wire, log, turn, turns, seen, out } = world();
    out.onMessage = () => { driver.destroy(); };
    wire.handler?.data(keepalives(3));
    wire.handler?.data(keepalives(3));
    wire.handler?.closed({ why: "late" });
    turn();
    expect([seen.messages, log, turns]).toEqual([1, ["destroy"], []]);
  });

  it("that cannot be cut into messages is told once per look, never thrown", () => {
    const { wire, log } = world();
    wire.handler?.data(new Uint8Array(500));
    expect(log).toEqual(["fault 1/1"]);
  });
});

describe("output", () => {
  it("puts at most 256 KiB of routes into the socket, and goes on as the kernel takes them", () => {
    const { driver, wire, writes, seen, out } = world();
    out.chunk = new Uint8Array(64 * KIB);
    driver.pump();
    expect(writes.map(({ length }) => length)).toEqual([256 * KIB]); // together
    expect([seen.progress, seen.waiting]).toEqual([0, true]);
    driver.pump();
    expect(writes).toHaveLength(1);
    wire.handler?.taken?.();
    expect([writes.length, seen.progress, seen.waiting]).toEqual([2, 256 * KIB, true]);
    driver.send(KEEPALIVE); // not held up by a full socket
    expect(writes).toHaveLength(3);
    out.chunk = undefined;
    for (let i = 1; i < writes.length; i++) wire.handler?.taken?.();
    expect([writes.length, seen.progress, seen.waiting]).toEqual([3, 512 * KIB, false]);
  });

  it("writes what is pulled together, and one piece by itself", () => {
    const { driver, pieces, out } = world();
    const chunks = [1, 2, 3].map((length) => new Uint8Array(length * KIB));
    Object.defineProperty(out, "chunk", { get: () => chunks.shift() });
    driver.pump();
    chunks.push(new Uint8Array(4 * KIB));
    driver.pump();
    expect(pieces).toEqual([[1 * KIB, 2 * KIB, 3 * KIB], [4 * KIB]]);
  });

  it("is not written where it ends the connection to be asked for more", () => {
    const { driver, writes, out, log } = world();
    const chunks = [new Uint8Array(KIB)];
    Object.defineProperty(out, "chunk", { get: () => {
      if (chunks.length === 0) driver.destroy();
      return chunks.shift();
    } });
    driver.pump();
    expect([writes, log]).toEqual([[], ["destroy"]]);
  });

  it("that the kernel takes at once waits for nothing and starts no timer", () => {
    const { driver, writes, seen, out } = world();
    const chunks = Array.from({ length: 9 }, () => new Uint8Array(64 * KIB));
    out.atOnce = true;
    Object.defineProperty(out, "chunk", { get: () => chunks.shift() });
    driver.pump();
    driver.send(KEEPALIVE);
    expect([writes.length, seen.progress, seen.told]).toEqual([4, 9 * 64 * KIB, 0]);
  });

  it("is not pulled for a peer that has closed, while its owner has yet to hear of that", () => {
    const { driver, wire, log, turn, writes, out } = world();
    out.chunk = new Uint8Array(64 * KIB);
    wire.handler?.data(keepalives(PER_SLICE));
    wire.handler?.closed({ why: "closed by the peer" });
    driver.pump();
    expect([writes, log]).toEqual([[], []]);
    turn();
    expect(log).toEqual(["lost closed by the peer"]);
  });

  it("is pulled once for a run of messages that each ask for it", () => {
    const { driver, wire, writes, out } = world();
    out.atOnce = true;
    let waiting: Uint8Array | undefined;
    Object.defineProperty(out, "chunk", {
      get: () => {
        const chunk = waiting;
        waiting = undefined;
        return chunk;
      },
    });
    out.onMessage = () => {
      waiting = new Uint8Array(64 * KIB);
      driver.pump();
    };
    wire.handler?.data(keepalives(100));
    expect(writes).toHaveLength(1);
  });

  it("reports nothing after the end", () => {
    const { driver, wire, writes, seen, out, log } = world();
    out.chunk = new Uint8Array(64 * KIB);
    driver.pump();
    driver.end();
    driver.end();
    driver.send(KEEPALIVE);
    driver.pump();
    for (let i = 0; i < writes.length; i++) wire.handler?.taken?.();
    expect([writes.length, seen.progress, log]).toEqual([1, 0, ["end"]]);
  });
});
