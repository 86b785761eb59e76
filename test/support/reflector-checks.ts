/** What must hold of the simulated reflector when it has come to rest, and when nothing is left of it. */

import type { FamilyRow } from "../../src/messages/families.ts";
import type { PathIndex } from "../../src/rib/ids.ts";
import { sentPathId } from "../../src/rib/path-id.ts";
import type { NaivePeer } from "./naive-exporter.ts";
import { familiesOf } from "./reflector-neighbour.ts";
import type { Neighbour, Session } from "./reflector-neighbour.ts";
import type { World } from "./reflector-world.ts";

/** Every far end holds what the model says, and its member has come to rest. */
export function compareTables(world: World, { naive, session }: Neighbour): void {
  if (session === undefined) return;
  if (session.receiver.waiting > 0) throw new Error(`${naive.name} was sent half a message`);
  for (const family of familiesOf(session.capabilities)) {
    const member = session.members[family.index]!;
    if (member.state !== "live") throw new Error(`${naive.name} is ${member.state} after everything`);
    const want = [...world.naive.table(naive, family.name)].map(([key, route]) => [key, route] as const);
    const have = [...session.receiver.table].filter(([key]) => key.startsWith(family.name))
      .map(([key, route]) => [meaningOf(world, family, key), route] as const);
    const text = (routes: readonly (readonly [string, object])[]): string => routes
      .map(([key, route]) => `${key}: ${JSON.stringify(Object.entries(route).sort(([a], [b]) => (a < b ? -1 : 1)))}`)
      .sort().join("\n");
    if (text(want) !== text(have)) {
      const whose = `${naive.name} (${naive.kind}) ${family.name}`;
      throw new Error(`${whose}\nholds\n${text(have)}\nshould hold\n${text(want)}`);
    }
    checkWithdrawals(world, session, family, naive);
    if (!session.receiver.marks.includes(`eor ${family.name}`)) throw new Error(`${naive.name} had no End-of-RIB`);
  }
}

/** The key of a told route in the words of the model: a path id stands for its prefix, source and received id. */
function meaningOf(world: World, family: FamilyRow, key: string): string {
  const [, prefix, pathId] = key.split(" ");
  if (pathId === undefined) return prefix!;
  const rib = world.tables.ribs[family.index]!;
  const rows = Array.from({ length: rib.pathsMax }, (_, at) => (at + 1) as PathIndex);
  const path = rows.find((one) => rib.isLive(one) && rib.prefixes.format(rib.prefixOf(one)) === prefix
    && sentPathId(rib, world.tables.peers, one) === Number(pathId));
  if (path === undefined) return `${prefix} withdrawn path ${pathId}`;
  return `${prefix} ${world.names.get(rib.peerOf(path))} ${rib.receivedPathIdOf(path)}`;
}

/** In a session that had everything before, nothing may be withdrawn that was never told. */
function checkWithdrawals(world: World, session: Session, family: FamilyRow, naive: NaivePeer): void {
  const { receiver } = session;
  const unfounded = receiver.withdrawnKeys.length > 0 ? receiver.unfounded : 0;
  if (session.strict.every((strict) => strict) && session.strict.length > 0 && unfounded > 0) {
    throw new Error(`${naive.name} was withdrawn ${unfounded} routes that it was never told`);
  }
  for (const key of receiver.withdrawnKeys.splice(0)) {
    const [of, prefix] = key.split(" ");
    if (world.naive.best(of!, prefix!)?.peer === naive) world.count("horizon withdrawal");
  }
  receiver.unfounded = 0;
  session.strict[family.index] = true;
}

/** After everything was withdrawn, told and reaped no store may hold anything. */
export function checkEmpty(world: World): void {
  for (const neighbour of world.neighbours) world.down(neighbour);
  world.own([], undefined);
  for (let i = 0; i < 50; i++) {
    world.settle();
    world.reap();
  }
  const { store, peers, ribs, sources } = world.tables;
  store.collect();
  const known = world.neighbours.filter(({ id }) => id !== 0);
  const left: Record<string, number> = {
    sets: store.size, rawForms: store.rawForms, retired: world.retired.size,
    sources: sources.size - 1 - known.length,
    peers: peers.size - 1 - known.length,
    groups: world.reflectors.reduce((sum, reflector) => sum + [...reflector.groups()].length, 0),
    prefixes: ribs.reduce((sum, rib) => sum + rib.prefixes.size, 0),
    paths: ribs.reduce((sum, rib) => sum + rib.liveCount, 0),
    limbo: ribs.reduce((sum, rib) => sum + rib.limboCount + rib.orphanCount, 0),
    rows: known.filter(({ id }) => ribs.some((rib) => rib.refersTo(id))).length,
  };
  for (const [what, count] of Object.entries(left)) {
    if (count !== 0) throw new Error(`${count} ${what} are left over`);
  }
}

/** With the sessions up and nothing announced, the groups must have let go of everything. */
export function checkNothingTold(world: World): void {
  for (const reflector of world.reflectors) {
    for (const group of reflector.groups()) {
      if (group.advertised !== 0 || group.exports.size !== 0) {
        throw new Error(`group ${group.id} still tells ${group.advertised}, ${group.exports.size} exports`);
      }
    }
  }
}
