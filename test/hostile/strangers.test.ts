/**
 * Before a session: whoever can reach the port, from addresses that nobody configured and from those that somebody did.
 * Each costs its own connection, is told what its mistake calls for, and is forgotten.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { encodeNotification } from "../../src/messages/notification.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { finishMessage, MESSAGE, startMessage } from "../../src/messages/header.ts";
import { Arena, client, pause, SOAK } from "./arena.ts";
import type { RawSpeaker } from "./speaker.ts";
import { openOf } from "./speaker.ts";
import { joined, update } from "./updates.ts";

const KNOWN = "127.0.0.21";
const STRANGER = "127.0.0.99";
const FLOOD = SOAK ? 5_000 : 600;
let arena: Arena;

beforeAll(async () => {
  arena = await Arena.start([client(KNOWN), { ...client(""), address: undefined, range: "127.1.0.0/16" }]);
});
afterAll(async () => { await arena?.stop(); });
beforeEach(() => { arena.rest(); });

/** Every source address of the range is a neighbour of its own, not yet held back for anything. */
let members = 0;
function nextMember(): string {
  members++;
  return `127.1.${members >>> 8}.${members & 0xff}`;
}

function stillOpen(speakers: readonly RawSpeaker[]): number {
  return speakers.filter(({ closed }) => !closed).length;
}

/** An OPEN with these octets after the BGP Identifier. */
function openWith(...parameters: readonly number[]): Uint8Array {
  const writer = startMessage(MESSAGE.OPEN).u8(4).u16(64_512).u16(90).u32(0x01020304);
  return finishMessage(writer.bytes(Uint8Array.from(parameters)));
}

const GOOD = openOf("1.2.3.4");
const edited = (at: number, ...octets: readonly number[]): Uint8Array => {
  const copy = GOOD.slice();
  copy.set(octets, at);
  return copy;
};
const bomb = Array.from({ length: 126 }, () => [200, 0]).flat();

/** What is said first on a connection, and the NOTIFICATION that answers it. */
const BEGINNINGS: readonly (readonly [what: string, said: Uint8Array, answer: RegExp])[] = [
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), /^1\/1$/],
  ["zeros", new Uint8Array(70_000), /^1\/1$/],
  ["a header of length 0", edited(16, 0, 0), /^1\/2 0000$/],
  ["a header of length 18", edited(16, 0, 18), /^1\/2 0012$/],
  ["an OPEN of length 28", edited(16, 0, 28), /^1\/2 001c$/],
  ["a header of length 4097", edited(16, 16, 1), /^1\/2 1001$/],
  ["a header of length 65535", edited(16, 255, 255), /^1\/2 ffff$/],
  ["a KEEPALIVE of length 20", joined([KEEPALIVE.slice(0, 16), Uint8Array.of(0, 20, 4, 0)]), /^1\/2 0014$/],
  ["type 0", edited(18, 0), /^1\/3 00$/],
  ["type 6", edited(18, 6), /^1\/3 06$/],
  ["type 255", edited(18, 255), /^1\/3 ff$/],
  ["version 5", edited(19, 5), /^2\/1 0004$/],
  ["AS 0", edited(20, 0, 0), /^2\/2$/],
  ["another AS", openOf("1.2.3.4", { asNumber: 65_001 }), /^2\/2$/],
  ["another AS in the field than in the capability", edited(20, 0xfc, 1), /^2\/2$/],
  ["BGP Identifier 0.0.0.0", openOf("0.0.0.0"), /^2\/3$/],
  ["our own BGP Identifier", openOf("10.0.0.1"), /^2\/3$/],
  ["Hold Time 1", edited(22, 0, 1), /^2\/6$/],
  ["Hold Time 2", edited(22, 0, 2), /^2\/6$/],
  ["parameters longer than the OPEN", edited(28, 255), /^2\/0$/],
  ["parameters shorter than the OPEN", edited(28, 1), /^2\/0$/],
  ["authentication (parameter 1)", openWith(4, 1, 2, 0, 0), /^2\/4$/],
  ["a parameter cut at its length", openWith(1, 2), /^2\/0$/],
  ["a capability cut at its length", openWith(3, 2, 1, 65), /^2\/0$/],
  ["a capability longer than its parameter", openWith(4, 2, 2, 65, 4), /^2\/0$/],
  ["a 4-octet AS of two octets", openWith(6, 2, 4, 65, 2, 252, 0), /^2\/0$/],
  ["a lying host name", openWith(7, 2, 5, 73, 3, 255, 1, 1), /^2\/0$/],
  ["extended parameters cut", openWith(255, 255), /^2\/0$/],
  ["extended parameters of a lying length", openWith(255, 255, 255, 255, 2, 0, 0), /^2\/0$/],
  ["a bomb of capabilities",
    openWith(255, 255, 0x03, 0xfc, ...Array.from({ length: 4 }, () => [2, 0, 252, ...bomb]).flat()), /^2\/0$/],
  ["an UPDATE first", update([], [], []), /^5\/1$/],
  ["a KEEPALIVE first", KEEPALIVE, /^5\/1$/],
  ["an UPDATE instead of KEEPALIVE", joined([GOOD, update([], [], [])]), /^5\/2$/],
];

describe("a known address that begins badly", () => {
  for (const [what, said, answer] of BEGINNINGS) {
    it(`with ${what} is answered ${answer.source}`, async () => {
      const speaker = arena.dial(nextMember());
      speaker.say(said);
      await arena.until("its end", () => speaker.closed);
      expect(speaker.notification).toMatch(answer);
    });
  }

  it("with every cut of an OPEN, octet by octet or all at once, waits and is forgotten", async () => {
    const cuts = Array.from({ length: GOOD.length }, (_, octets) => ({ speaker: arena.dial(nextMember()), octets }));
    for (const { speaker, octets } of cuts) speaker.say(...[...GOOD.subarray(0, octets)].map((o) => Uint8Array.of(o)));
    await arena.until("all connected", () => cuts.every(({ speaker }) => speaker.connected));
    for (const { speaker, octets } of cuts) {
      if (octets % 2 === 0) speaker.socket.resetAndDestroy();
      else speaker.socket.end();
    }
    await arena.until("all closed", () => cuts.every(({ speaker }) => speaker.closed));
    expect(cuts.map(({ speaker }) => speaker.notification).filter((told) => told !== undefined)).toEqual([]);
  });

  it("with a NOTIFICATION, whatever it says, is not answered", async () => {
    const lies = [
      encodeNotification({ code: 6, subcode: 2, data: Uint8Array.of(255, 0x41) }),
      encodeNotification({ code: 6, subcode: 2, data: new Uint8Array(4_000).fill(0xff) }),
      encodeNotification({ code: 6, subcode: 9, data: Uint8Array.of(6) }),
      encodeNotification({ code: 6, subcode: 2, data: Uint8Array.of(4, 0x0a, 0x1b, 0x5b, 0x48) }),
      encodeNotification({ code: 255, subcode: 255 }),
      encodeNotification({ code: 0, subcode: 0 }),
    ];
    for (const lie of lies) {
      const speaker = arena.dial(nextMember());
      speaker.say(GOOD, lie);
      await arena.until("its end", () => speaker.closed);
      expect(speaker.notification).toBeUndefined();
    }
    expect(arena.log()).not.toContain("\u001b");
  });
});

describe("connections without end", () => {
  it("of a stranger are closed before a word", async () => {
    const all = Array.from({ length: FLOOD }, () => arena.dial(STRANGER));
    for (const speaker of all) speaker.introduce();
    await arena.until("all closed", () => stillOpen(all) === 0);
    expect(all.reduce((sum, { octetsHeard }) => sum + octetsHeard, 0)).toBe(0);
  }, 60_000);

  it("of a known address without OPEN are two at most", async () => {
    const all = Array.from({ length: FLOOD }, () => arena.dial(KNOWN));
    for (const speaker of all) speaker.say(GOOD.subarray(0, 28));
    const answered = (): boolean => all.every((one) => one.connected || one.closed);
    await arena.until("all but two closed", () => stillOpen(all) <= 2 && answered());
    for (const speaker of all) speaker.hangUp();
  }, 60_000);

  it("of every address of a range are forgotten when they end", async () => {
    const all = Array.from({ length: FLOOD }, () => arena.dial(nextMember()));
    for (const speaker of all) speaker.say(GOOD.subarray(0, 28));
    await arena.until("all connected", () => all.every(({ connected }) => connected));
    await arena.holdsOut();
    for (const speaker of all) speaker.hangUp();
    for (;;) {
      const peers = JSON.parse(await arena.ask("/v1/peers")) as unknown[];
      if (peers.length === 3) break;
      await pause(50);
    }
  }, 60_000);

  it("that come and go at once leave nothing", async () => {
    for (let round = 0; round < (SOAK ? 20 : 3); round++) {
      const all = Array.from({ length: 100 }, () => arena.dial(KNOWN));
      for (const speaker of all) speaker.introduce({ routerId: `9.9.${round}.9` });
      await arena.until("some connected", () => all.some((one) => one.connected || one.closed));
      for (const speaker of all) speaker.socket.resetAndDestroy();
    }
    await arena.establish(KNOWN);
  }, 60_000);

  it("that speak an octet at a time get their session all the same", async () => {
    const speaker = arena.dial(nextMember());
    for (const octet of joined([GOOD, KEEPALIVE])) {
      speaker.say(Uint8Array.of(octet));
      await pause(2);
    }
    await arena.until("its session", () => speaker.accepted);
  });
});

it("nobody else has noticed", async () => {
  await arena.holdsOut();
});
