/**
 * Churn on few prefixes by four real routers at once, half of them with ADD-PATH, sessions going down and up between:
 * whenever it stops, everybody holds what a model of two lines says. The seed is in the test's title.
 */

import { afterAll, beforeAll, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { allEstablished, expectSoundBytes } from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import { SOAK, interopSuite } from "../support/lab/suite.ts";
import { waitFor } from "../support/lab/waiting.ts";

const SEEDS = SOAK ? Array.from({ length: 20 }, (_, n) => n + 1) : [1, 2];
const ROUNDS = 6;
const PREFIXES = ["10.65.0.0/26", "10.65.0.64/26", "0.0.0.0/0", "10.65.0.0/24"];
const PREFERENCES = [100, 200, 300];

/** One of the four: whether it speaks ADD-PATH, and what it announces now, LOCAL_PREF by prefix. */
interface Player {
  readonly bird: Bird;
  readonly addPath: boolean;
  readonly announces: Map<string, number>;
  up: boolean;
}

interopSuite("churn between BIRD 1.6.8 and BIRD 2", ["bird-1.6.8", "bird2", "tshark"], () => {
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let players: Player[];

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const nodes: LabNode[] = [];
    for (const name of ["a", "b", "c", "d"]) nodes.push(await lab.node(name));
    await startReflectd(hub, "reflectd", { neighbors: nodes.map((node) => client(node.v4)) });
    players = await Promise.all(nodes.map(async (node, n) => ({
      bird: await startBird(node, `bird-${node.name}`, { version: n % 2 === 0 ? "1.6" : "2", addPaths: n < 2,
        peers: [{ address: hub.v4 }], connectDelaySeconds: 0 }),
      addPath: n < 2, announces: new Map<string, number>(), up: true,
    })));
    await allEstablished(lab, players.map(({ bird }) => bird));
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  /** What `who` must hold: prefix and originator of each path. */
  function wanted(who: Player): string[] {
    return PREFIXES.flatMap((prefix) => {
      const all = players.filter((one) => one.up && one.announces.has(prefix));
      // Everything else being equal, LOCAL_PREF decides, then the lowest BGP Identifier (RFC 4271 §9.1.2.2 f).
      const [best] = all.sort((a, b) => (b.announces.get(prefix) ?? 0) - (a.announces.get(prefix) ?? 0)
        || (a.bird.routerId < b.bird.routerId ? -1 : 1));
      const told = who.addPath ? all : best === undefined ? [] : [best];
      return told.filter((one) => one !== who).map((one) => `${prefix} ${one.bird.routerId}`);
    }).sort();
  }

  async function everybodyIsRight(): Promise<void> {
    const seen = async (): Promise<string[][]> => Promise.all(players.filter(({ up }) => up).map(async ({ bird }) =>
      (await bird.routes()).map((route) => `${route.prefix} ${route.originatorId}`).sort()));
    const right = JSON.stringify(players.filter(({ up }) => up).map(wanted));
    await waitFor(lab, `tables ${right}`, seen, (tables) => JSON.stringify(tables) === right);
  }

  /** Some changes of one player in one reconfiguration: a route more, less or of another preference. */
  async function change(player: Player, random: () => number): Promise<void> {
    const prefix = pick(PREFIXES, random);
    if (player.announces.has(prefix) && random() < 0.4) {
      player.announces.delete(prefix);
      await player.bird.withdraw(prefix);
      return;
    }
    const localPref = pick(PREFERENCES, random);
    player.announces.set(prefix, localPref);
    await player.bird.announce({ prefix, localPref, med: 0 });
  }

  async function toggle(player: Player): Promise<void> {
    player.up = !player.up;
    await player.bird.toggle(player.up ? "enable" : "disable");
  }

  for (const seed of SEEDS) {
    it(`settles on what the model says (seed ${seed})`, async () => {
      const random = mulberry32(seed);
      for (let round = 0; round < ROUNDS; round++) {
        // Every player at once, so that reflectd sees them interleaved.
        // (One that is down stays as it is: a reconfiguration would enable its session.)
        await Promise.all(players.filter(({ up }) => up).map(async (player) => {
          for (let n = 0; n < 3; n++) await change(player, random);
        }));
        if (random() < 0.5) await toggle(pick(players, random));
        await allEstablished(lab, players.filter(({ up }) => up).map(({ bird }) => bird));
        await everybodyIsRight();
      }
      for (const player of players.filter(({ up }) => !up)) await toggle(player);
      await allEstablished(lab, players.map(({ bird }) => bird));
      await everybodyIsRight();
      // The next seed starts from nothing, so that each repeats alone.
      for (const { bird, announces } of players) {
        announces.clear();
        await bird.withdraw(...PREFIXES);
      }
      await everybodyIsRight();
    }, 120_000);
  }

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 4, updates: 30 });
  }, 60_000);
});

function pick<T>(from: readonly T[], random: () => number): T {
  const one = from[Math.floor(random() * from.length)];
  if (one === undefined) throw new Error("nothing to pick from");
  return one;
}

/** A small seeded generator (public domain: Tommy Ettinger's mulberry32): runs must be repeatable. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
