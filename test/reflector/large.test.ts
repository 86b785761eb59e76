/** The bounds of the daemon itself, reached: a table of megabytes, members that lag by more than one, and join late. */

import { expect, it } from "vitest";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import { REFLECTOR_LIMITS } from "../../src/reflector/limits.ts";
import { ACCEPT, Neighbour, OURS, World } from "../support/reflector-world.ts";
import type { Capabilities } from "../support/reflector-world.ts";

const PLAIN: Capabilities = {
  fourOctetAs: true, addPathReceive: false, addPathSend: false, extendedMessages: false, extendedNextHop: false,
  enhancedRefresh: true, families: ["ipv4-unicast"],
};
const ROUTES = 15_000;

it("a large table reaches slow, quick and late members whole", { timeout: 60_000 }, () => {
  const neighbours = Array.from({ length: 4 }, (_, i) => new Neighbour({
    name: `n${i}`, kind: "client", clusterId: OURS.clusterIds[0], asn: OURS.asn, localAs: OURS.asn, routerId: i + 1,
    address: `10.0.0.${i + 1}`, imports: ACCEPT, exports: ACCEPT, nextHop: "auto", addPathMax: 0,
      extendedNextHop: false,
    self: { "ipv4-unicast": OURS.ipv4, "ipv6-unicast": OURS.ipv6 }, messageOctetsMax: 4096,
  }));
  const counts: Record<string, number> = {};
  const world = new World(neighbours, REFLECTOR_LIMITS, 1, counts);
  const [source, quick, slow, late] = neighbours as [Neighbour, Neighbour, Neighbour, Neighbour];
  for (const neighbour of [source, quick, slow]) world.up(neighbour, PLAIN);
  world.settle();
  const want = new Map<string, number>();
  const text = (i: number): string => `10.${(i >> 8) & 255}.${i & 255}.0/24`;
  const announce = (from: number, to: number, med: (i: number) => number): void => {
    for (let i = from; i < to; i++) {
      want.set(`ipv4-unicast ${text(i)}`, med(i));
      world.update(source, IPV4_UNICAST, {
        announced: [text(i)], withdrawn: [], receivedId: 0,
          attributes: { origin: 0, asPath: [], nextHop: "192.0.2.1", med: med(i) },
      });
    }
  };
  const work = (): void => {
    while (world.busy) world.pump();
    world.pull(quick, 1_000_000);
    world.deliver(quick, Infinity);
  };
  announce(0, ROUTES, (i) => i);
  work();
  world.up(late, PLAIN);
  announce(0, ROUTES / 2, (i) => i + 7);
  work();
  world.pull(late, 3);
  announce(0, 100, (i) => i + 9);
  work();
  expect(slow.session!.members[0]!.state).toBe("detached");
  expect(quick.session!.members[0]!.detachments).toBe(0);
  const gone = Array.from({ length: 500 }, (_, i) => text(i * 3));
  for (const prefix of gone) want.delete(`ipv4-unicast ${prefix}`);
  world.update(source, IPV4_UNICAST, { announced: [], withdrawn: gone, receivedId: 0,
    attributes: { origin: 0, asPath: [], nextHop: "192.0.2.1" } });
  world.settle();
  for (const { session } of [quick, slow, late]) {
    expect(session!.members[0]!.state).toBe("live");
    expect(new Map([...session!.receiver.table].map(([key, { med }]) => [key, med])).size).toBe(want.size);
    const wrong = [...want].filter(([key, med]) => session!.receiver.table.get(key)?.["med"] !== med);
    expect(wrong).toEqual([]);
  }
  expect(source.session!.receiver.table.size).toBe(0);
  expect(counts["rejoined"]).toBeGreaterThan(0);
  world.checkEmpty();
});
