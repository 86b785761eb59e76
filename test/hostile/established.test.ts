/**
 * Behind a session: a client that turns hostile. It may lose its own session and its own routes; the others lose
 * nothing, and the daemon keeps its pace and its memory.
 */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Capability } from "../../src/messages/capabilities.ts";
import { MESSAGE } from "../../src/messages/header.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { encodeNotification } from "../../src/messages/notification.ts";
import { encodeRouteRefresh, REFRESH } from "../../src/messages/route-refresh.ts";
import { endOfRib } from "../../src/messages/update.ts";
import { Arena, client, SOAK } from "./arena.ts";
import { ADD_PATH, CAPABILITIES, EXTENDED_MESSAGE, openOf } from "./speaker.ts";
import type { RawSpeaker } from "./speaker.ts";
import {
  announcement, AS_PATH, attribute, hostRoutes, joined, LOCAL_PREF, NEXT_HOP, ORDINARY, ORIGIN, update, withdrawal,
  word,
} from "./updates.ts";

const ATTACKER = "127.0.0.21";
const ACCOMPLICE = "127.0.0.22";
/** Is sent three paths of each prefix, so that they have to be ranked. */
const FEW = "127.0.0.23";
const TALKER = "127.0.0.11";
const LISTENER = "127.0.0.12";
const FULL = [...CAPABILITIES, ADD_PATH, EXTENDED_MESSAGE];
let arena: Arena;
let members = 0;

beforeAll(async () => {
  arena = await Arena.start([
    client(ATTACKER), client(ACCOMPLICE), client(FEW, { addPathSendMax: 3 }),
    { ...client(""), address: undefined, range: "127.1.0.0/16" },
  ]);
});
afterAll(async () => { await arena?.stop(); });
beforeEach(() => { arena.rest(); });

/** A session from an address that was never held back. */
function fresh(capabilities: readonly Capability[] = FULL): Promise<RawSpeaker> {
  members++;
  return arena.establish(`127.1.${members >>> 8}.${members & 0xff}`, { capabilities });
}

/** What a session ends with after these octets. */
async function verdictOn(...said: readonly Uint8Array[]): Promise<string> {
  const speaker = await fresh(CAPABILITIES);
  speaker.say(...said);
  await arena.until("its end", () => speaker.closed);
  return speaker.notification ?? "nothing";
}

const repeated = (count: number, message: Uint8Array): Uint8Array =>
  joined(Array.from({ length: count }, () => message));
const refresh = (subtype: number, afi = 1): Uint8Array => encodeRouteRefresh({ afi, safi: 1, subtype });

/** MP_REACH_NLRI of IPv6 with one /16, the first octets as given. */
const reach = (first = 0x20, nextHop: readonly number[] = [0x20, 1, ...new Array<number>(13).fill(0), 9]): number[] =>
  attribute(0x80, 14, [0, 2, 1, nextHop.length, ...nextHop, 0, 16, first, 1]);
const unreach = attribute(0x80, 15, [0, 2, 1, 16, 0x20, 1]);

describe("UPDATEs that end the session that sent them", () => {
  const path = [...ORIGIN, ...AS_PATH, ...LOCAL_PREF];
  const rows: readonly (readonly [what: string, update: Uint8Array, answer: string])[] = [
    ["withdrawn routes longer than the message",
      joined([update([], [], []).slice(0, 19), Uint8Array.of(255, 255, 0, 0)]), "3/1"],
    ["attributes longer than the message", joined([update([], [], []).slice(0, 19), Uint8Array.of(0, 0, 0, 1)]), "3/1"],
    ["a prefix of 33 bits", update([], ORDINARY, [33, 1, 2, 3, 4, 5]), "3/10"],
    ["a prefix that is cut", update([], ORDINARY, [24, 1, 2]), "3/10"],
    ["a withdrawn prefix that is cut", update([32, 1], [], []), "3/10"],
    ["MP_REACH_NLRI twice", update([], [...reach(), ...path, ...reach()], []), "3/1"],
    ["MP_UNREACH_NLRI twice", update([], [...unreach, ...unreach], []), "3/1"],
    ["MP_REACH_NLRI of 4 octets", update([], [...path, ...attribute(0x80, 14, [0, 2, 1, 0])], []), "3/9"],
    ["a next hop past MP_REACH_NLRI", update([], [...path, ...attribute(0x80, 14, [0, 2, 1, 32, 0, 0])], []), "3/9"],
    ["MP_REACH_NLRI with a prefix of 129 bits",
      update([], [...path, ...attribute(0x80, 14, [0, 2, 1, 16, ...word(0x20010000), ...word(0), ...word(0), ...word(1),
        0, 129, ...new Array<number>(17).fill(1)])], []), "3/9"],
    ["an unknown well-known attribute", update([], [...ORDINARY, ...attribute(0x40, 77, [1])], [8, 10]), "3/2"],
  ];
  for (const [what, message, answer] of rows) {
    it(`${what}: ${answer}`, async () => {
      expect((await verdictOn(message)).split(" ")[0]).toBe(answer);
    });
  }

  it("OPEN: 5/3", async () => {
    expect(await verdictOn(openOf("1.2.3.4"))).toBe("5/3");
  });

  it("ROUTE-REFRESH of a wrong length: 7/1 with the message, or 1/2", async () => {
    const longer = (subtype: number): Uint8Array => {
      const message = joined([refresh(subtype), Uint8Array.of(0)]);
      message[17] = 24;
      return message;
    };
    expect(await verdictOn(longer(1))).toMatch(/^7\/1 (ff){16}0018050001010100$/);
    expect(await verdictOn(longer(0))).toBe("1/2 0018");
  });

  it("a NOTIFICATION amid a table is not answered", async () => {
    const lie = encodeNotification({ code: 6, subcode: 2, data: Uint8Array.of(200, 0x41) });
    expect(await verdictOn(hostRoutes(0, 5), lie, hostRoutes(0, 5))).toBe("nothing");
  });
});

describe("routes of others", () => {
  it("cannot be withdrawn, barred or taken over by forged identifiers", async () => {
    const table = arena.watch();
    arena.talk(announcement({ prefixes: [[10, 150, 1]] }));
    await arena.until("the route of the talker", () => table.has("10.150.1.0/24"));
    const twin = await arena.establish(ATTACKER, { routerId: TALKER });
    twin.say(withdrawal({ prefixes: [[10, 150, 1]] }));
    const forged = (code: number, value: readonly number[], localPref: number): Uint8Array => {
      const attributes = [...ORIGIN, ...AS_PATH, ...NEXT_HOP, ...attribute(0x40, 5, word(localPref))];
      return announcement({ prefixes: [[10, 150, 1]], attributes: [...attributes, ...attribute(0x80, code, value)] });
    };
    twin.say(forged(9, [127, 0, 0, 12], 50), forged(9, [127, 0, 0, 11], 50), forged(10, [244, 0, 0, 1], 500));
    twin.say(announcement({ prefixes: [[10, 150, 2]] }));
    await arena.until("the route of the twin", () => table.has("10.150.2.0/24"));
    expect(table.has("10.150.1.0/24")).toBe(true);
    twin.hangUp();
    await arena.until("the twin is gone", () => !table.has("10.150.2.0/24"));
    expect(table.has("10.150.1.0/24")).toBe(true);
    arena.talk(withdrawal({ prefixes: [[10, 150, 1]] }));
    await arena.until("the talker's route is gone", () => !table.has("10.150.1.0/24"));
  });

  it("are not touched by what is ignored: loops, our own next hop, foreign families, bad prefixes", async () => {
    const table = arena.watch();
    const one = await fresh(CAPABILITIES.filter(({ name }, i) => name !== "multiprotocol" || i === 0));
    const ours = attribute(0x40, 3, [127, 0, 0, 1]);
    const nowhere = [
      update([], [...ORDINARY, ...attribute(0x80, 9, [10, 0, 0, 1])], [24, 10, 151, 1]),
      update([], [...ORDINARY, ...attribute(0x80, 10, [1, 1, 1, 1, 244, 0, 0, 1])], [24, 10, 151, 2]),
      update([], [...ORIGIN, ...AS_PATH, ...ours, ...LOCAL_PREF], [24, 10, 151, 3]),
      update([], [...ORIGIN, ...AS_PATH, ...LOCAL_PREF, ...reach()], []),
      update([], unreach, []),
      update([], ORDINARY, [8, 127, 4, 224, 32, 239, 1, 1, 1]),
      endOfRib("ipv4-unicast"), endOfRib("ipv6-unicast"), update([], attribute(0x90, 15, [0, 2, 1]), []),
      refresh(7), refresh(0, 2), refresh(0, 99), refresh(REFRESH.EORR), refresh(REFRESH.BORR), refresh(REFRESH.BORR),
    ];
    // Host bits are no part of a prefix; 0.0.0.0/0 and class E are routes.
    one.say(...nowhere, update([], ORDINARY, [20, 10, 152, 0xff, 0, 4, 0xf7]));
    const good = ["10.152.240.0/20", "0.0.0.0/0", "240.0.0.0/4"];
    await arena.until("what is good", () => good.every((prefix) => table.has(prefix)));
    expect([...table].filter((prefix) => /^10\.151|^2001|^127|^2[23]\d\./.test(prefix))).toEqual([]);
    expect(one.closed).toBe(false);
    one.say(refresh(REFRESH.BORR), refresh(REFRESH.EORR));
    await arena.until("what is stale is swept", () => !table.has("10.152.240.0/20"));
    one.hangUp();
  });

  it("travel with both families, in whatever order attributes stand and however long their lengths are", async () => {
    const table = arena.watch();
    const one = await fresh(CAPABILITIES);
    const wide = (block: readonly number[]): number[] => {
      const out: number[] = [];
      for (let at = 0; at < block.length; at += 3 + block[at + 2]!) {
        out.push(...attribute(block[at]! | 0x10, block[at + 1]!, block.slice(at + 3, at + 3 + block[at + 2]!)));
      }
      return out;
    };
    one.say(update([], [...ORIGIN, ...reach(0x21), ...AS_PATH, ...NEXT_HOP, ...LOCAL_PREF], [24, 10, 153, 1]));
    one.say(update([], [...LOCAL_PREF, ...NEXT_HOP, ...AS_PATH, ...ORIGIN, ...reach(0x22)], [24, 10, 153, 2]));
    one.say(update([], wide([...reach(0x23), ...ORDINARY]), [24, 10, 153, 3]));
    for (const n of [1, 2, 3]) {
      await arena.until(`both of ${n}`, () => table.has(`10.153.${n}.0/24`) && table.has(`2${n}01::/16`));
    }
    // Malformed communities withdraw the routes of both families (RFC 7606 §2).
    one.say(update([], [...ORDINARY, ...reach(0x21), ...attribute(0xc0, 8, [1])], [24, 10, 153, 1]));
    await arena.until("both withdrawn", () => !table.has("10.153.1.0/24") && !table.has("2101::/16"));
    expect(one.closed).toBe(false);
    one.hangUp();
  });
});

describe("too much of something", () => {
  it("is too long to send on, and is counted, while the rest goes on", async () => {
    const table = arena.watch();
    const one = await fresh();
    const huge: readonly (readonly number[])[] = [
      attribute(0xd0, 8, new Array<number>(60_000).fill(7)),
      attribute(0xd0, 32, new Array<number>(12 * 5_000).fill(7)),
      attribute(0xd0, 200, new Array<number>(65_000).fill(7)),
      attribute(0x90, 10, new Array<number>(64_000).fill(7)),
    ];
    huge.forEach((more, i) => one.say(announcement(
      { prefixes: [[10, 154, i]], pathIds: [1], attributes: [...ORDINARY, ...more] })));
    const asPath = Array.from({ length: 60 }, () => [2, 255, ...new Array<number>(255 * 4).fill(1)]).flat();
    one.say(announcement({ prefixes: [[10, 154, 9]], pathIds: [1],
      attributes: [...ORIGIN, ...attribute(0x50, 2, asPath), ...NEXT_HOP, ...LOCAL_PREF] }));
    one.say(announcement({ prefixes: [[10, 154, 10]], pathIds: [1] }));
    await arena.until("the short route", () => table.has("10.154.10.0/24"));
    expect([...table].filter((prefix) => prefix.startsWith("10.154."))).toEqual(["10.154.10.0/24"]);
    const why = await arena.ask(`/v1/explain?prefix=10.154.9.0/24&to=${LISTENER}`);
    expect(why).toContain("too long");
    expect(one.closed).toBe(false);
    one.hangUp();
  });

  it("paths of one prefix end with 6/8 and cost nobody time", async () => {
    const one = await fresh();
    const count = 800;
    for (let from = 0; from < 40_000 && !one.closed; from += count) {
      one.say(announcement({ prefixes: new Array<number[]>(count).fill([10]),
        pathIds: Array.from({ length: count }, (_, i) => (from + i) * 2_654_435_761 >>> 0) }));
    }
    await arena.until("its end", () => one.closed);
    expect(one.notification).toBe("6/8");
    await arena.holdsOut();
  });

  it("paths of one prefix that have to be ranked, each time anew, cost nobody time", async () => {
    const few = await arena.establish(FEW, { capabilities: FULL });
    const one = await fresh();
    const count = SOAK ? 16_000 : 4_000;
    const pathsFrom = (from: number): Uint8Array => joined(Array.from({ length: count }, (_, i) => announcement({
      prefixes: [[10, 157]], pathIds: [i], attributes: [...ORIGIN, ...attribute(0x40, 2, [2, 1, ...word(1 + i)]),
        ...NEXT_HOP, ...attribute(0x80, 4, word(from + i)), ...LOCAL_PREF] })));
    for (let round = 0; round < 3; round++) {
      await one.sayAll(pathsFrom(round * count));
      await arena.holdsOut();
    }
    expect([one.closed, few.closed]).toEqual([false, false]);
    one.hangUp();
    few.hangUp();
  }, 60_000);

  it("one prefix of a thousand peers changes for all of them in time", async () => {
    const all = await Promise.all(Array.from({ length: SOAK ? 1_000 : 200 }, () => fresh(CAPABILITIES)));
    for (let round = 0; round < 4; round++) {
      for (const one of all) {
        one.say(update([], [...ORDINARY, ...attribute(0xc0, 8, word(round))], [24, 10, 158, 1]));
      }
      await arena.holdsOut();
    }
    for (const one of all) one.hangUp();
    await arena.holdsOut();
  }, 60_000);

  it("KEEPALIVEs, refreshes and faults are worked off in turn, and the log stays short", async () => {
    const before = arena.logOctets();
    const bad = update([], [...ORDINARY, ...attribute(0xc0, 8, [1, 2, 3])], [24, 10, 1, 1]);
    const one = await arena.establish(ATTACKER);
    one.say(repeated(SOAK ? 1_000_000 : 50_000, KEEPALIVE));
    await arena.holdsOut();
    one.say(repeated(SOAK ? 200_000 : 10_000, bad), repeated(20_000, refresh(0, 99)));
    await arena.holdsOut();
    await arena.swallowed(one);
    expect(arena.logOctets() - before).toBeLessThan(50_000);
    one.hangUp();
  }, 60_000);

  it("requests for a big table, read or not, are answered by few tables", async () => {
    const feeder = await arena.establish(ACCOMPLICE);
    await feeder.sayAll(hostRoutes(0, SOAK ? 286 : 70));
    const one = await arena.establish(ATTACKER);
    const storm = repeated(20_000, refresh(REFRESH.NORMAL));
    one.socket.pause();
    for (let round = 0; round < 3; round++) {
      await one.sayAll(storm);
      await arena.swallowed(one);
      await arena.holdsOut();
    }
    const before = one.octetsHeard;
    one.socket.resume();
    await one.sayAll(storm);
    await one.sayAll(repeated(20_000, joined([refresh(REFRESH.BORR), refresh(REFRESH.EORR)])));
    await arena.swallowed(one);
    await arena.holdsOut();
    // Eighty thousand requests: 20 GB and as many marks if each were obeyed.
    expect(one.octetsHeard - before).toBeLessThan(64 * 1024 * 1024);
    expect(one.heard[MESSAGE.ROUTE_REFRESH]).toBeLessThan(1_000);
    one.hangUp();
    feeder.hangUp();
  }, 60_000);

  it("attribute sets that replace each other leave nothing", async () => {
    const one = await arena.establish(ATTACKER);
    const filler = new Uint8Array(3_900);
    for (let round = 0; round < (SOAK ? 20 : 3); round++) {
      const all = Array.from({ length: 1_000 }, (_, i) => {
        filler.set(word(round * 1_000 + i));
        return update([], [...ORDINARY, ...attribute(0xd0, 99, filler)], [24, 10, 155, i & 0xff]);
      });
      await one.sayAll(joined(all));
      await arena.swallowed(one);
    }
    await arena.holdsOut(48);
    one.hangUp();
  }, 60_000);

  it("sessions of many that flap with their tables leave nothing", async () => {
    for (let round = 0; round < (SOAK ? 100 : 8); round++) {
      const one = arena.dial(`127.1.200.${round}`);
      one.introduce({ routerId: `9.9.9.${round}` });
      one.say(hostRoutes(round * 7_000, 10));
      await arena.until("it is there", () => one.accepted || one.closed);
      one.socket.resetAndDestroy();
    }
    await arena.holdsOut();
  }, 60_000);
});

describe("readers", () => {
  it("that never read, or an octet now and then, hold up nobody", async () => {
    const feeder = await arena.establish(ACCOMPLICE);
    await feeder.sayAll(hostRoutes(100_000, SOAK ? 286 : 70));
    const silent = arena.dial(ATTACKER, false);
    silent.introduce();
    const dribbler = await fresh(CAPABILITIES);
    dribbler.socket.pause();
    for (let round = 0; round < (SOAK ? 50 : 5); round++) {
      await feeder.sayAll(hostRoutes(1_000_000 + round * 35_000, 50));
      await arena.holdsOut();
      dribbler.socket.read(1);
      await feeder.sayAll(hostRoutes(1_000_000 + round * 35_000, 50, true));
      await arena.holdsOut();
    }
    expect((await arena.peer(ATTACKER))?.state).toBe("Established");
    for (const speaker of [silent, dribbler, feeder]) speaker.hangUp();
    await arena.holdsOut();
  }, 60_000);

  it("that close half of their connection, or break it amid a message, are gone", async () => {
    const table = arena.watch();
    const half = await arena.establish(ATTACKER);
    half.say(announcement({ prefixes: [[10, 156, 1]] }));
    const broken = await arena.establish(ACCOMPLICE);
    broken.say(announcement({ prefixes: [[10, 156, 2]] }), hostRoutes(0, 1).subarray(0, 2_000));
    await arena.until("both routes", () => table.has("10.156.1.0/24") && table.has("10.156.2.0/24"));
    half.socket.end();
    broken.socket.resetAndDestroy();
    await arena.until("neither route", () => !table.has("10.156.1.0/24") && !table.has("10.156.2.0/24"));
  });
});

it("nobody else has noticed", async () => {
  await arena.holdsOut();
});
