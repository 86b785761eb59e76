/** Several connections with much to say and little time for it: nothing is lost, doubled, or told in another order. */

import fc from "fast-check";
import { expect, it } from "vitest";
import type { Instant } from "../../src/base/ports.ts";
import { finishMessage, startMessage } from "../../src/messages/header.ts";
import { ConnectionDriver } from "../../src/transport/driver.ts";
import { InputTurns } from "../../src/transport/input-turns.ts";
import type { Connection, ConnectionHandler } from "../../src/transport/ports.ts";

const UPDATE = 2;
/** More than is read ahead of what is handled. */
const MANY: readonly number[] = Array.from({ length: 150 }, () => 3_000);

/** A far end: its messages, numbered, as octets that are still to be sent. */
class FarEnd {
  readonly heard: number[] = [];
  lost = 0;
  pauses = 0;
  reading = true;
  handler: ConnectionHandler | undefined;
  #left: Uint8Array;
  readonly driver: ConnectionDriver;

  constructor(sizes: readonly number[], turns: InputTurns, onMessage: () => void) {
    const messages = sizes.map((size, i) => {
      const writer = startMessage(UPDATE, size + 32).u32(i);
      return finishMessage(writer.bytes(new Uint8Array(size)));
    });
    this.#left = new Uint8Array(Buffer.concat(messages));
    const connection: Connection = {
      localAddress: "192.0.2.1", localPort: 1, remoteAddress: "192.0.2.2", remotePort: 2,
      attach: (handler) => { this.handler = handler; },
      write: () => true,
      writeAll: () => true,
      pause: () => {
        this.reading = false;
        this.pauses++;
      },
      resume: () => { this.reading = true; },
      end: () => undefined,
      destroy: () => undefined,
    };
    this.driver = new ConnectionDriver(connection, {
      message: (bytes) => {
        expect(this.lost).toBe(0);
        this.heard.push(new DataView(bytes.buffer, bytes.byteOffset).getUint32(19));
        onMessage();
      },
      runOver: () => undefined, framingFault: () => expect.unreachable(), lost: () => { this.lost++; },
      taken: () => undefined, progress: () => undefined, pull: () => undefined,
    }, 0, turns);
    this.driver.start();
  }

  /** Sends so many octets more; the end of them is the end of the connection. */
  send(octets: number): void {
    if (!this.reading || this.handler === undefined) return;
    const piece = this.#left.subarray(0, octets);
    this.#left = this.#left.subarray(octets);
    if (piece.length > 0) return this.handler.data(piece.slice());
    this.handler.closed({ why: "done" });
    this.handler = undefined;
  }
}

it("hands over what each said, then its end, however octets and turns fall", () => {
  let paused = 0;
  const size = fc.oneof(fc.constant(0), fc.nat(3_000));
  const sizes = fc.oneof(fc.array(size, { maxLength: 100, size: "max" }), fc.constant(MANY));
  const octets = fc.oneof(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 200_000 }));
  const step = fc.record({ n: fc.nat(3), octets });
  fc.assert(fc.property(
    fc.array(sizes, { minLength: 1, maxLength: 3 }),
    fc.array(step, { maxLength: 300, size: "max" }), fc.nat(20),
    (ends, steps, milliseconds) => {
      let now = 0;
      const queue: Array<() => void> = [];
      const turns = new InputTurns({ at: () => () => undefined, afterPoll: () => () => undefined,
        soon: (run) => { queue.push(run); } }, { now: () => now as Instant, wallMilliseconds: () => 0 });
      const farEnds = ends.map((sizes) => new FarEnd(sizes, turns, () => { now += milliseconds; }));
      for (const { n, octets } of steps) {
        const farEnd = farEnds[n];
        if (farEnd === undefined) queue.shift()?.();
        else farEnd.send(octets);
      }
      for (let i = 0; i < 10_000 && farEnds.some(({ lost }) => lost === 0); i++) {
        for (const farEnd of farEnds) farEnd.send(400_000);
        queue.shift()?.();
      }
      while (queue.length > 0) queue.shift()!();
      for (const { pauses } of farEnds) paused += pauses;
      expect(farEnds.map(({ lost }) => lost)).toEqual(ends.map(() => 1));
      expect(farEnds.map(({ heard }) => heard)).toEqual(ends.map((sizes) => sizes.map((_, i) => i)));
      expect([farEnds.some(({ driver }) => driver.behind), turns.busy]).toEqual([false, false]);
    },
  ), { numRuns: 40 });
  expect(paused).toBeGreaterThan(0);
});
