/** The member for which dead rows pile up, while others come and go: it is named, and only it. */

import { expect, it } from "vitest";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import { ACCEPT, Neighbour, OURS, TINY_LIMITS, World } from "../support/reflector-world.ts";
import type { Capabilities } from "../support/reflector-world.ts";
import type { NaiveAttributes } from "../support/naive-exporter.ts";

const PLAIN: Capabilities = {
  fourOctetAs: true, addPathReceive: false, addPathSend: false, extendedMessages: false, extendedNextHop: false,
  enhancedRefresh: true, families: ["ipv4-unicast"],
};
const ROUTE: NaiveAttributes = { origin: 0, asPath: [], nextHop: "192.0.2.1" };
const DEAD_ROWS_MAX = 20;

function client(i: number): Neighbour {
  return new Neighbour({
    name: `n${i}`, kind: "client", clusterId: OURS.clusterIds[0], asn: OURS.asn, localAs: OURS.asn, routerId: i + 1,
    address: `10.0.0.${i + 1}`, imports: ACCEPT, exports: ACCEPT, nextHop: "auto", addPathMax: 0,
    extendedNextHop: false, self: { "ipv4-unicast": OURS.ipv4, "ipv6-unicast": OURS.ipv6 }, messageOctetsMax: 4096,
  });
}

/** Announces and withdraws prefixes that were never seen; `readers` take what they are told. */
function churn(world: World, rounds: number, readers: readonly number[]): void {
  for (let round = 0; round < rounds; round++) {
    const prefix = `10.${round >>> 8}.${round & 0xff}.0/24`;
    for (const [announced, withdrawn] of [[[prefix], []], [[], [prefix]]]) {
      world.update(world.neighbours[0]!, IPV4_UNICAST, {
        announced: announced!, withdrawn: withdrawn!, receivedId: 0, attributes: ROUTE,
      });
      while (world.busy) {
        world.pump();
        for (const i of readers) world.pull(world.neighbours[i]!, 100);
      }
      for (const i of readers) world.pull(world.neighbours[i]!, 100);
    }
  }
  // A slice may end among rows that came alive again: as in the daemon, the next ones go on.
  for (let slices = 0; slices < rounds; slices++) world.reflectors[0]!.reap();
}

it("is the one that does not read, once there are too many dead rows", () => {
  const world = new World([client(0), client(1), client(2)], { ...TINY_LIMITS, deadRowsMax: DEAD_ROWS_MAX }, 1, {});
  for (const neighbour of world.neighbours) world.up(neighbour, PLAIN);
  world.drain();
  const reflector = world.reflectors[0]!;
  churn(world, 100, [0, 1, 2]);
  expect(reflector.laggard()).toBeUndefined();
  churn(world, 2, [0, 1]);
  expect(reflector.laggard()).toBeUndefined();
  churn(world, 100, [0, 1]);
  expect(reflector.laggard()?.name).toBe("n2");
  world.down(world.neighbours[2]!);
  world.drain();
  for (let slices = 0; slices < 100; slices++) reflector.reap();
  expect(world.tables.ribs[0]!.limboCount).toBe(0);
});
