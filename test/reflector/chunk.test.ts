/** Streams of chunks: every reader gets exactly the octets meant for it, in order, however the stream grows. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ChunkStream, Cursor } from "../../src/reflector/chunk.ts";
import type { Audience, Reader } from "../../src/reflector/chunk.ts";
import type { PeerId } from "../../src/rib/ids.ts";

const EVERYONE: Audience = { toPeer: 0, toId: 0, notPeer: 0, notId: 0 };
const READERS: readonly Reader[] = [[1, 11], [2, 11], [3, 0], [4, 14]].map(([peer, routerId]) => (
  { peer: peer as PeerId, routerId: routerId! }
));

/** The rule as the comment of Audience has it. */
function isFor({ toPeer, toId, notPeer, notId }: Audience, { peer, routerId }: Reader): boolean {
  if (notPeer === peer || (routerId !== 0 && notId === routerId)) return false;
  return (toPeer === 0 && toId === 0) || toPeer === peer || (routerId !== 0 && toId === routerId);
}

const audience = fc.record({
  toPeer: fc.constantFrom(0, 0, 1, 2), toId: fc.constantFrom(0, 0, 11, 14), notPeer: fc.constantFrom(0, 1, 3),
    notId: fc.constantFrom(0, 0, 11),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("write" as const), octets: fc.constantFrom(1, 2, 5, 5000),
    audience }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("read" as const), reader: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("start" as const), large: fc.boolean() }) },
);

describe("a stream of chunks", () => {
  it("gives each reader what is meant for it, whenever it reads", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const stream = new ChunkStream(1);
      const first = stream.tail;
      const cursors = READERS.map(() => new Cursor(first));
      const have = READERS.map((): number[] => []);
      const want = READERS.map((): number[] => []);
      let octet = 0;
      const read = (i: number): void => {
        for (let view = cursors[i]!.next(READERS[i]!); view !== undefined;
          view = cursors[i]!.next(READERS[i]!)) have[i]!.push(...view);
      };
      for (const what of steps) {
        if (what.do === "read") read(what.reader);
        else if (what.do === "start") stream.start(stream.tail.epoch + 1, what.large);
        else {
          const chunk = stream.withRoom(what.octets);
          const written = Array.from({ length: what.octets }, () => (octet = (octet + 1) & 255));
          chunk.bytes.set(written, chunk.used);
          chunk.commit(chunk.used + what.octets, what.audience);
          READERS.forEach((reader, i) => { if (isFor(what.audience, reader)) want[i]!.push(...written); });
        }
      }
      READERS.forEach((_, i) => {
        read(i);
        expect(have[i]).toEqual(want[i]);
        expect(cursors[i]!.atEnd).toBe(true);
        expect(cursors[i]!.position).toBe(stream.octets);
      });
    }), { numRuns: 300 });
  });

  it("tells apart whom many runs name, also while readers are in the middle of it", () => {
    const name = fc.constantFrom(0, 0, 0, 1, 3, 11, 14, 99, 100, 8_191, 0x7f010001);
    const many = fc.array(fc.record({
      toPeer: fc.constant(0), toId: fc.oneof({ weight: 60, arbitrary: fc.constant(0) }, fc.constant(11)),
      notPeer: name, notId: name,
    }), { minLength: 6, maxLength: 40 });
    fc.assert(fc.property(many, fc.nat(40), (audiences, readAfter) => {
      const stream = new ChunkStream(1);
      const cursors = READERS.map(() => new Cursor(stream.tail));
      const have = READERS.map((): number[] => []);
      const readAll = (): void => cursors.forEach((cursor, i) => {
        for (let view = cursor.next(READERS[i]!); view !== undefined; view = cursor.next(READERS[i]!)) {
          have[i]!.push(...view);
        }
      });
      audiences.forEach((each, n) => {
        stream.tail.bytes[n] = n;
        stream.tail.commit(n + 1, each);
        if (n === readAfter) readAll();
      });
      readAll();
      READERS.forEach((reader, i) => {
        expect(have[i]).toEqual([...audiences.keys()].filter((n) => isFor(audiences[n]!, reader)));
      });
    }), { numRuns: 300 });
  });

  it("lets readers of the same octets share a view", () => {
    const stream = new ChunkStream(1);
    const cursors = READERS.map(() => new Cursor(stream.tail));
    for (let i = 1; i < 30; i++) stream.tail.commit(i, { ...EVERYONE, notPeer: 100 + i });
    const views = cursors.map((cursor, i) => cursor.next(READERS[i]!));
    expect(views[0]).toHaveLength(29);
    expect(new Set(views).size).toBe(1);
  });

  it("lets a reader stay in a run that grows", () => {
    const stream = new ChunkStream(1);
    const cursor = new Cursor(stream.tail);
    stream.tail.commit(3, EVERYONE);
    expect(cursor.next(READERS[0]!)).toHaveLength(3);
    stream.tail.commit(8, EVERYONE);
    expect(stream.tail.runCount).toBe(1);
    expect(cursor.atEnd).toBe(false);
    expect(cursor.next(READERS[0]!)).toHaveLength(5);
    expect(cursor.atEnd).toBe(true);
  });

  it("starts a chunk only where the tail is not one already", () => {
    const stream = new ChunkStream(1);
    expect(stream.start(1)).toBe(stream.tail);
    const before = stream.tail;
    expect(stream.start(2)).not.toBe(before);
    stream.tail.commit(4, EVERYONE);
    const cursor = new Cursor(before);
    expect(cursor.chunk.epoch).toBe(2);
  });
});
