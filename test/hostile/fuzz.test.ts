/**
 * Valid UPDATEs with octets flipped, lengths changed, parts cut and repeated, from sessions of every kind. Whatever
 * they are, they cost the session that sent them at most, and its NOTIFICATION is one that has a name.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import type { Capability } from "../../src/messages/capabilities.ts";
import { encodeRouteRefresh } from "../../src/messages/route-refresh.ts";
import { Arena, client, SOAK } from "./arena.ts";
import { ADD_PATH, CAPABILITIES, EXTENDED_MESSAGE } from "./speaker.ts";
import type { Introduction, RawSpeaker } from "./speaker.ts";
import { attribute, ORDINARY, update, word } from "./updates.ts";

const SESSIONS = SOAK ? 3_000 : 120;
const MESSAGES = SOAK ? 300 : 60;
const EXTERNAL_AS = 65_001;

let arena: Arena;
beforeAll(async () => {
  const anything = { import: { default: "accept" }, export: { default: "accept" } };
  arena = await Arena.start([
    { ...client(""), address: undefined, range: "127.1.0.0/16" },
    { ...client(""), address: undefined, range: "127.2.0.0/16", routeReflectorClient: false },
    { ...client(""), address: undefined, range: "127.3.0.0/16", routeReflectorClient: false, asNumber: EXTERNAL_AS,
      addPath: "both", ...anything },
  ]);
  arena.rest();
});
afterAll(async () => { await arena?.stop(); });

/** Numbers that look random and are the same in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % sides;
  };
}

const asPath = attribute(0x40, 2, [2, 2, ...word(EXTERNAL_AS), ...word(65_002), 1, 1, ...word(65_003)]);
const mpNextHop = [0x20, 1, ...new Array<number>(13).fill(0), 9];
const EVERYTHING: readonly number[] = [
  ...ORDINARY.slice(0, 4), ...asPath, ...attribute(0x40, 3, [10, 9, 9, 9]), ...attribute(0x80, 4, word(7)),
  ...attribute(0x40, 5, word(100)), ...attribute(0x40, 6, []), ...attribute(0xc0, 7, [...word(65_002), 1, 2, 3, 4]),
  ...attribute(0xc0, 8, [...word(0xffff0000), ...word(0xfc000001)]), ...attribute(0x80, 9, [1, 2, 3, 4]),
  ...attribute(0x80, 10, [9, 9, 9, 9, 8, 8, 8, 8]),
  ...attribute(0x80, 14, [0, 2, 1, 16, ...mpNextHop, 0, 32, 0x20, 1, 0xd, 0xb8, 0, 0]),
  ...attribute(0x80, 15, [0, 2, 1, 32, 0x20, 1, 0xd, 0xb9]), ...attribute(0xc0, 16, [0, 2, 0, 1, 0, 0, 0, 1]),
  ...attribute(0xc0, 17, [2, 1, ...word(70_000)]), ...attribute(0xc0, 18, [...word(70_000), 1, 2, 3, 4]),
  ...attribute(0xc0, 25, new Array<number>(20).fill(1)), ...attribute(0x80, 26, [1, 0, 11, ...word(0), ...word(9)]),
  ...attribute(0xc0, 32, new Array<number>(12).fill(2)), ...attribute(0xc0, 35, word(65_002)),
  ...attribute(0xc0, 40, [1, 0, 7, 0, 0, 0, 0, 0, 0, 1]), ...attribute(0xd0, 128, new Array<number>(300).fill(3)),
  ...attribute(0xe0, 255, []),
];
/** What is mutated. With ADD-PATH the NLRI reads differently, which is a mutation by itself. */
const SEEDS: readonly Uint8Array[] = [
  update([], EVERYTHING, [24, 10, 77, 1, 32, 10, 77, 2, 3]),
  update([], EVERYTHING, [0, 0, 0, 1, 24, 10, 77, 1, 0, 0, 0, 2, 32, 10, 77, 2, 3]),
  update([], ORDINARY, [24, 10, 77, 1]),
  update([24, 10, 77, 1], ORDINARY, [0, 0, 0, 9, 24, 10, 77, 1]),
  update([24, 10, 77, 1, 0], [], []),
  update([], attribute(0x80, 15, [0, 2, 1]), []),
  encodeRouteRefresh({ afi: 1, safi: 1, subtype: 0 }),
  encodeRouteRefresh({ afi: 2, safi: 1, subtype: 1 }),
];
const TELLING = [0, 1, 2, 3, 4, 5, 8, 14, 15, 16, 17, 32, 33, 64, 127, 128, 129, 254, 255];

/** One to four changes; the length in the header is made true again, but for one time in twenty. */
function mutate(seed: Uint8Array, roll: (sides: number) => number): Uint8Array {
  let octets = [...seed];
  for (let changes = 1 + roll(4); changes > 0; changes--) {
    const at = 19 + roll(Math.max(1, octets.length - 19));
    const some = octets.slice(at, at + 1 + roll(24));
    switch (roll(6)) {
      case 0: octets[at] = TELLING[roll(TELLING.length)]!; break;
      case 1: octets[at] = (octets[at] ?? 0) ^ (1 << roll(8)); break;
      case 2: octets.splice(at, 1 + roll(8)); break;
      case 3: octets.splice(at, 0, ...some); break;
      case 4: octets.push(...some); break;
      default: octets[19 + roll(4)] = roll(256); break;
    }
  }
  if (roll(20) === 0) return Uint8Array.from(octets);
  octets = octets.slice(0, 4_096);
  if (octets.length < 23) octets.push(0, 0, 0, 0);
  octets[16] = octets.length >>> 8;
  octets[17] = octets.length & 0xff;
  return Uint8Array.from(octets);
}

const INTRODUCTIONS: readonly (readonly Capability[])[] = [
  CAPABILITIES, [...CAPABILITIES, ADD_PATH], [...CAPABILITIES, EXTENDED_MESSAGE], CAPABILITIES.slice(0, 1),
  [...CAPABILITIES, { name: "extendedNextHop", entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] }],
];

function introduction(session: number): { readonly address: string; readonly how: Introduction } {
  const network = 1 + (session % 3);
  const asNumber = network === 3 ? EXTERNAL_AS : 64_512;
  const capabilities = INTRODUCTIONS[session % INTRODUCTIONS.length]!.map((one): Capability =>
    (one.name === "fourOctetAs" ? { ...one, asNumber } : one));
  return { address: `127.${network}.${session >>> 8}.${session & 0xff}`, how: { asNumber, capabilities } };
}

it("costs the sessions that send it at most", async () => {
  const verdicts = new Map<string, number>();
  const open: RawSpeaker[] = [];
  for (let session = 1; session <= SESSIONS; session++) {
    const roll = dice(session);
    const { address, how } = introduction(session);
    const speaker = await arena.establish(address, how);
    for (let i = 0; i < MESSAGES; i++) speaker.say(mutate(SEEDS[roll(SEEDS.length)]!, roll));
    open.push(speaker);
    if (session % 40 !== 0) continue;
    await arena.holdsOut(256);
    for (const one of open.splice(0)) {
      const verdict = one.notification?.split(" ")[0] ?? "none";
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
      one.hangUp();
    }
  }
  const known = /^(none|1\/[123]|3\/(1|2|3|4|5|6|8|9|10|11)|7\/1)$/;
  expect([...verdicts.keys()].filter((verdict) => !known.test(verdict))).toEqual([]);
  expect(verdicts.size).toBeGreaterThan(4);
}, 600_000);
