/** Nobody is told twice what it holds just so: not who fell behind, and not who joins while the table changes. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import type { ReflectorLimits } from "../../src/reflector/limits.ts";
import { ACCEPT, Neighbour, OURS, TINY_LIMITS, World } from "../support/reflector-world.ts";
import type { Capabilities, Counts } from "../support/reflector-world.ts";

const CAPABILITIES: Capabilities = {
  fourOctetAs: true, addPathReceive: false, addPathSend: false, extendedMessages: false, extendedNextHop: false,
  enhancedRefresh: true, families: ["ipv4-unicast"],
};
const PREFIXES = Array.from({ length: 12 }, (_, i) => `10.0.${i}.0/26`);
/** A flush fits into what a member may lag behind, and several into an epoch. */
const LIMITS: ReflectorLimits = { ...TINY_LIMITS, lagOctetsMax: 600, epochOctetsMax: 300, octetsPerSlice: 10_000 };

/** Three clients; every announcement of the first has a MED of its own. */
class Clients extends World {
  #med = 0;

  constructor(limits: ReflectorLimits, counts: Counts = {}) {
    super([0, 1, 2].map((i) => new Neighbour({
      name: `n${i}`, kind: "client", clusterId: OURS.clusterIds[0], asn: OURS.asn, localAs: OURS.asn, routerId: i + 1,
      address: `10.0.0.${i + 1}`, imports: ACCEPT, exports: ACCEPT, nextHop: "auto", addPathMax: 0,
      extendedNextHop: false, self: { "ipv4-unicast": OURS.ipv4 }, messageOctetsMax: 4096,
    })), limits, 1, counts);
    for (const neighbour of this.neighbours) this.up(neighbour, CAPABILITIES);
    this.drain();
  }

  announce(prefixes: readonly string[]): void {
    for (const prefix of prefixes) {
      this.update(this.neighbours[0]!, IPV4_UNICAST, {
        announced: [prefix], withdrawn: [], receivedId: 0,
        attributes: { origin: 0, asPath: [], nextHop: "192.0.2.1", med: ++this.#med },
      });
    }
  }

  /** One takes so many pieces and gets them. */
  take(i: number, pieces: number): void {
    this.pull(this.neighbours[i]!, pieces);
    this.deliver(this.neighbours[i]!, Infinity);
  }

  get repeated(): number {
    return this.neighbours.reduce((sum, { session }) => sum + (session?.receiver.repeated ?? 0), 0);
  }
}

describe("a member that fell behind", () => {
  it("in the middle of what was written together is told each change once", () => {
    const made = new Clients({ ...LIMITS, epochOctetsMax: 900, lagOctetsMax: 1_200 });
    made.announce(PREFIXES.slice(0, 3));
    made.pump();
    made.take(1, 20);
    for (let i = 0; i < 10; i++) {
      made.announce(PREFIXES.slice(3));
      while (made.busy) made.pump();
    }
    expect(made.neighbours[1]!.session!.members[0]!.state).toBe("detached");
    made.drain();
    expect(made.repeated).toBe(0);
  });
});

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("announce" as const),
    prefixes: fc.uniqueArray(fc.nat(PREFIXES.length - 1), { maxLength: 6 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("pump" as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("take" as const), n: fc.integer({ min: 1, max: 2 }),
    pieces: fc.constantFrom(1, 2, 9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("join" as const), n: fc.integer({ min: 1, max: 2 }) }) },
);

describe("whatever happens in whatever order", () => {
  it("nobody is told twice what it holds", () => {
    const counts: Counts = {};
    fc.assert(fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
      const made = new Clients(LIMITS, counts);
      for (const what of steps) {
        if (what.do === "announce") made.announce(what.prefixes.map((i) => PREFIXES[i]!));
        else if (what.do === "pump") made.pump();
        else if (what.do === "take") made.take(what.n, what.pieces);
        else {
          made.down(made.neighbours[what.n]!);
          made.up(made.neighbours[what.n]!, CAPABILITIES);
        }
        expect(made.repeated).toBe(0);
      }
      made.drain();
      expect(made.repeated).toBe(0);
    }), { numRuns: 300 });
    const mustHappen = ["detached", "rejoined", "left while fed", "ring fallback"];
    for (const what of mustHappen) expect(counts).toHaveProperty([what]);
  });
});
