/** Message headers and the cutting of a stream: RFC 4271 §6.1, RFC 8654. */

import { describe, expect, it } from "vitest";
import { isFault } from "../../src/messages/fault.ts";
import { Framer } from "../../src/messages/framer.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { framed } from "../support/arbitraries-messages.ts";

function header(length: number, type: number): Uint8Array {
  const octets = new Uint8Array(19).fill(0xff);
  octets[16] = length >>> 8;
  octets[17] = length;
  octets[18] = type;
  return octets;
}
function framerOf(octets: Uint8Array, maxOctets = 4096): Framer {
  const framer = new Framer();
  framer.maxOctets = maxOctets;
  framer.push(octets);
  return framer;
}

const BAD: readonly (readonly [string, Uint8Array, number, readonly [number, number], readonly number[]])[] = [
  ["a marker that is not all ones", header(19, 4).with(0, 0xfe), 4096, [1, 1], []],
  ["a marker whose last octet is wrong", header(19, 4).with(15, 0), 4096, [1, 1], []],
  ["length 0", header(0, 4), 4096, [1, 2], [0, 0]],
  ["length 18", header(18, 4), 4096, [1, 2], [0, 18]],
  ["length 4097", header(4097, 2), 4096, [1, 2], [16, 1]],
  ["an OPEN of 28", header(28, 1), 4096, [1, 2], [0, 28]],
  ["an OPEN of 4097 among extended messages", header(4097, 1), 65535, [1, 2], [16, 1]],
  ["an UPDATE of 22", header(22, 2), 4096, [1, 2], [0, 22]],
  ["a NOTIFICATION of 20", header(20, 3), 4096, [1, 2], [0, 20]],
  ["a KEEPALIVE of 20", header(20, 4), 4096, [1, 2], [0, 20]],
  ["type 0", header(19, 0), 4096, [1, 3], [0]],
  ["type 6", header(23, 6), 4096, [1, 3], [6]],
  ["type 255 (CVE-2023-46565)", header(23, 255), 4096, [1, 3], [255]],
];

describe("a header is refused", () => {
  it.each(BAD)("with %s", (_name, octets, maxOctets, [code, subcode], data) => {
    const framer = framerOf(octets, maxOctets);
    const fault = framer.next();
    expect(fault).toMatchObject({ disposition: "reset", code, subcode, data: Uint8Array.from(data) });
    framer.push(KEEPALIVE);
    expect(framer.next()).toBe(fault); // there is no way back into step with the stream
    expect(framer.bufferedOctets).toBe(0);
  });

  it.each(BAD)("with %s, octet by octet, without waiting for the body", (_name, octets, maxOctets, [code, subcode]) => {
    const framer = new Framer();
    framer.maxOctets = maxOctets;
    octets.forEach((octet, i) => {
      framer.push(Uint8Array.of(octet));
      if (i < 18) expect(framer.next()).toBeUndefined();
    });
    expect(framer.next()).toMatchObject({ code, subcode });
  });
});

describe("a whole message", () => {
  it.each([[4096, 4096], [65535, 65535]])("of %i octets passes where %i are allowed", (octets, maxOctets) => {
    const message = framed(2, new Uint8Array(octets - 19));
    expect(framerOf(message, maxOctets).next()).toEqual(message);
  });

  it("is a view of the chunk that holds it", () => {
    const message = framerOf(KEEPALIVE).next();
    expect(message).toBeInstanceOf(Uint8Array);
    expect((message as Uint8Array).buffer).toBe(KEEPALIVE.buffer);
  });

  it("that spans chunks survives a reuse of their memory", () => {
    const framer = new Framer();
    const memory = new Uint8Array(10);
    const update = framed(2, Uint8Array.of(0, 0, 0, 0));
    for (let at = 0; at < update.length; at += 10) {
      const chunk = update.subarray(at, at + 10);
      memory.set(chunk);
      framer.push(memory.subarray(0, chunk.length));
      const next = framer.next();
      if (at + 10 < update.length) expect(next).toBeUndefined();
      else expect(next).toEqual(update);
    }
  });

  it("counts as buffered until it is given out", () => {
    const framer = framerOf(Uint8Array.from([...KEEPALIVE, ...KEEPALIVE.subarray(0, 7)]));
    expect(framer.bufferedOctets).toBe(26);
    expect(isFault(framer.next())).toBe(false);
    expect(framer.bufferedOctets).toBe(7);
    expect(framer.next()).toBeUndefined();
    expect(framer.bufferedOctets).toBe(7);
  });
});

describe("tiny chunks", () => {
  it("cost work in proportion to the octets", () => {
    const message = framed(2, new Uint8Array(65535 - 19));
    const framer = new Framer();
    framer.maxOctets = 65535;
    let found = 0;
    for (const octet of message) {
      framer.push(Uint8Array.of(octet));
      if (framer.next() !== undefined) found++;
    }
    expect(found).toBe(1);
    expect(framer.bufferedOctets).toBe(0);
  });
});
