/** The floor copies what it is told to the right sessions, however the octets are cut. */

import { Duplex } from "node:stream";
import { setImmediate } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { Copier } from "../../../bench/floor/copier.ts";
import { withdrawalsOf } from "../../../bench/floor/withdrawals.ts";
import type { NlriForm } from "../../../bench/floor/withdrawals.ts";
import { KEEPALIVE, MESSAGE, endOfRib, message } from "../../../bench/generator/wire.ts";

const FORM: NlriForm = { family: "ipv4", addPath: false };
const OPEN = message(MESSAGE.OPEN, Buffer.from([4, 0xfc, 0, 0, 240, 10, 1, 0, 1, 4, 2, 2, 2, 0]));
const END_OF_RIB = endOfRib("ipv4");
const clients: Client[] = [];
afterEach(() => { for (const { end } of clients.splice(0)) end.emit("close"); });

interface Client { readonly end: Duplex; said(bytes: Buffer): void; heard(): Buffer }
function client(copier: Copier, isUp: boolean = true): Client {
  let heard: Buffer[] = [];
  const end = new Duplex({
    read: () => undefined,
    write: (bytes: Buffer, _, done) => { heard.push(bytes); done(); },
    writev: (chunks, done) => { heard.push(...chunks.map(({ chunk }) => chunk as Buffer)); done(); },
  });
  copier.accept(end);
  const one: Client = {
    end, said: (bytes) => { end.emit("data", bytes); },
    heard: () => { const all = Buffer.concat(heard); heard = []; return all; },
  };
  clients.push(one);
  if (!isUp) return one;
  one.said(Buffer.concat([OPEN, KEEPALIVE]));
  one.heard();
  return one;
}

/** An UPDATE that announces 10.N.0.0/16 and 11.N.0.0/16 without attributes. */
function announcement(n: number): Buffer {
  return message(MESSAGE.UPDATE, Buffer.from([0, 0, 0, 0, 16, 10, n, 16, 11, n]));
}
function withdrawal(...ns: number[]): Buffer {
  const nlri = ns.flatMap((n) => [16, 10, n, 16, 11, n]);
  return message(MESSAGE.UPDATE, Buffer.from([0, nlri.length, ...nlri, 0, 0]));
}

describe("the copier", () => {
  it("answers an OPEN with its own identifier and End-of-RIB", () => {
    const one = client(new Copier(FORM), false);
    one.said(OPEN);
    const answer = one.heard();
    expect(answer.subarray(0, OPEN.length - 9)).toEqual(OPEN.subarray(0, OPEN.length - 9));
    expect(answer.readUInt32BE(24)).toBe(0xc0000201);
    expect(answer.subarray(OPEN.length)).toEqual(KEEPALIVE);
    one.said(KEEPALIVE);
    expect(one.heard()).toEqual(END_OF_RIB);
  });

  it("copies UPDATEs cut anywhere, not KEEPALIVEs, not back, not End-of-RIB", async () => {
    const input = Buffer.concat([announcement(1), KEEPALIVE, announcement(2), announcement(3)]);
    for (let cut = 1; cut < input.length; cut += 2) {
      const copier = new Copier(FORM);
      const [from, to] = [client(copier), client(copier)];
      const other = Math.min(cut + 7, input.length);
      from.said(END_OF_RIB);
      for (const piece of [input.subarray(0, cut), input.subarray(cut, other), input.subarray(other)]) from.said(piece);
      await setImmediate();
      expect(to.heard(), `cut at ${cut}`).toEqual(Buffer.concat([1, 2, 3].map(announcement)));
      expect(from.heard()).toHaveLength(0);
    }
  });

  it("leaves out of a common write what a source said itself", async () => {
    const copier = new Copier(FORM);
    const all = [client(copier), client(copier), client(copier)];
    all.forEach((one, index) => one.said(announcement(index)));
    await setImmediate();
    expect(all.map((one) => one.heard())).toEqual([[1, 2], [0, 2], [0, 1]]
      .map((ns) => Buffer.concat(ns.map(announcement))));
  });

  it("tells a newcomer everything, and everybody when a session is lost", async () => {
    const copier = new Copier(FORM);
    const [first, second] = [client(copier), client(copier)];
    first.said(announcement(1));
    second.said(Buffer.concat([announcement(2), announcement(3)]));
    const third = client(copier, false);
    third.said(Buffer.concat([OPEN, KEEPALIVE]));
    expect(third.heard().subarray(OPEN.length + KEEPALIVE.length)).toEqual(
      Buffer.concat([announcement(1), announcement(2), announcement(3), END_OF_RIB]));
    second.end.emit("close");
    await setImmediate();
    expect(third.heard()).toEqual(withdrawal(2, 3));
    const fourth = client(copier, false);
    fourth.said(Buffer.concat([OPEN, KEEPALIVE]));
    expect(fourth.heard().subarray(OPEN.length + KEEPALIVE.length)).toEqual(
      Buffer.concat([announcement(1), END_OF_RIB]));
  });
});

describe("prepared withdrawals", () => {
  it("fit messages of 4,096 octets", () => {
    const pieces = Array.from({ length: 900 }, (_, n) => announcement(n & 255));
    const bytes = withdrawalsOf(pieces, FORM);
    const lengths: number[] = [];
    for (let at = 0; at < bytes.length; at += bytes.readUInt16BE(at + 16)) lengths.push(bytes.readUInt16BE(at + 16));
    expect(Math.max(...lengths)).toBeLessThanOrEqual(4_096);
    expect(lengths).toHaveLength(2);
    expect(bytes.length - lengths.length * 23).toBe(900 * 6);
  });
  it("take IPv6 prefixes with their path identifiers out of MP_REACH_NLRI", () => {
    const nlri = [0, 0, 0, 7, 32, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 8, 16, 0x20, 2];
    const reach = [0x90, 14, 0, 21 + nlri.length, 0, 2, 1, 16, ...new Array<number>(16).fill(0xfd), 0, ...nlri];
    const origin = [0x40, 1, 1, 0];
    const update = message(MESSAGE.UPDATE, Buffer.from([0, 0, 0, origin.length + reach.length, ...origin, ...reach]));
    const unreach = [0x90, 15, 0, 3 + nlri.length, 0, 2, 1, ...nlri];
    expect(withdrawalsOf([update], { family: "ipv6", addPath: true }))
      .toEqual(message(MESSAGE.UPDATE, Buffer.from([0, 0, 0, unreach.length, ...unreach])));
  });
});
