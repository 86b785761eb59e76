/** Frames between the daemon and its kernel processes. */

import fc from "fast-check";
import { expect, it } from "vitest";
import { FRAME, frame, FrameReader, readReady, readyPayload } from "../../../src/kernel/child/frames.ts";

const aFrame = fc.record({
  kind: fc.constantFrom(...Object.values(FRAME)), payload: fc.uint8Array({ maxLength: 40 }),
});

it("are read as they were written, wherever the stream is cut", () => {
  fc.assert(fc.property(fc.array(aFrame), fc.array(fc.nat(200)), (frames, cuts) => {
    const stream = Uint8Array.from(frames.flatMap(({ kind, payload }) => [...frame(kind, payload)]));
    const ends = [...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort((a, b) => a - b);
    const read: { kind: number; payload: Uint8Array }[] = [];
    const reader = new FrameReader((kind, payload) => read.push({ kind, payload: Uint8Array.from(payload) }));
    let at = 0;
    for (const end of ends) {
      expect(reader.push(stream.subarray(at, end))).toBe(true);
      at = end;
    }
    expect(read).toEqual(frames);
  }));
});

it("that are longer than any of ours are not waited for", () => {
  const reader = new FrameReader(() => { throw new Error("no frame was written"); });
  expect(reader.push(Uint8Array.of(0, 0, 0, 255, 2, 0, 0, 0))).toBe(false);
});

it("name the version of their program, and one that names none has none", () => {
  const ready = { version: 7, receiveOctets: 425_984 };
  expect(readReady(readyPayload(ready))).toEqual(ready);
  expect(readReady(Uint8Array.of(1, 0)).version).toBe(0);
});
