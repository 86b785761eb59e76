/** Both ends dial at once, in virtual time: whatever the timing, exactly one session survives and both ends agree. */

import { describe, expect, it } from "vitest";
import type { Capability } from "../../src/messages/capabilities.ts";
import type { SessionView } from "../../src/transport/ports.ts";
import { VirtualClock } from "../sim/virtual-clock.ts";
import { VirtualNetwork } from "../sim/virtual-network.ts";
import { LetterSpeaker } from "../sim/letter-speaker.ts";
import { sessionParameters, VirtualSpeaker } from "../sim/virtual-speaker.ts";

const GRACEFUL: Capability = {
  name: "gracefulRestart", restarting: false, notification: false, restartTimeSeconds: 120, families: [],
};
const SOAK = process.env["REFLECTD_SOAK"] === "1";
const RUNS = SOAK ? 2000 : 200;
const A = "192.0.2.1";
const B = "192.0.2.2";

interface Run { readonly seed: number; readonly fifo: boolean; readonly startSpreadMilliseconds: number }

function play({ seed, fifo, startSpreadMilliseconds }: Run) {
  const clock = new VirtualClock(seed);
  const slow = clock.random() < 0.3;
  const network = new VirtualNetwork(clock, {
    delayMilliseconds: slow ? [20, 120] : [0.02, 2], fifo, readOctetsMax: clock.random() < 0.5 ? 7 : 4096,
  });
  const a = new VirtualSpeaker(network, A);
  const b = new VirtualSpeaker(network, B);
  const higherIsA = clock.random() < 0.5;
  const delayOpenSeconds = clock.random() < 0.1 ? 0.5 : 0;
  const atA = a.peer(sessionParameters({ address: B, routerId: higherIsA ? 9 : 5, delayOpenSeconds }));
  const atB = b.peer(sessionParameters({ address: A, routerId: 7 }));
  for (const { session } of [atA, atB]) {
    clock.schedule(clock.now() + clock.random() * startSpreadMilliseconds, 0, undefined, () => session.start());
  }
  for (const at of [0.5, 2, 4, 20]) { // pauses, after which everything is there at once
    if (clock.random() < 0.3) clock.schedule(clock.now() + at, 0, undefined, () => a.host.stop(0.03));
  }
  clock.run(60_000);
  return { atA, atB };
}

function expectOneSession({ atA, atB }: ReturnType<typeof play>): void {
  const states = (view: SessionView) => view.state;
  expect([states(atA.session.view()), states(atB.session.view())]).toEqual(["Established", "Established"]);
  expect(atA.owner.facts?.localPort).toBe(atB.owner.facts?.remotePort);
  expect(atA.owner.facts?.incoming).toBe(!atB.owner.facts?.incoming);
}

describe("two ends that dial at once", () => {
  for (const startSpreadMilliseconds of [0, 5, 100]) {
    it(`keep exactly one session, never lost, when started within ${startSpreadMilliseconds} ms`, () => {
      const kept = { incoming: 0, outgoing: 0 };
      for (let seed = 1; seed <= RUNS; seed++) {
        const run = play({ seed, fifo: true, startSpreadMilliseconds });
        try {
          expectOneSession(run);
          expect(run.atA.owner.ups.length + run.atB.owner.ups.length).toBe(2);
        } catch (error) {
          throw new Error(`seed ${seed}`, { cause: error });
        }
        kept[run.atA.owner.facts?.incoming === true ? "incoming" : "outgoing"]++;
      }
      expect(Math.min(kept.incoming, kept.outgoing)).toBeGreaterThan(RUNS / 10); // both outcomes are reached
    });
  }

  it("end with one session even where the network reorders across connections", () => {
    for (let seed = 1; seed <= RUNS; seed++) {
      const run = play({ seed, fifo: false, startSpreadMilliseconds: 3 });
      try {
        expectOneSession(run);
      } catch (error) {
        throw new Error(`seed ${seed}`, { cause: error });
      }
    }
  });

  for (const ours of [5, 9]) {
    it(`keep one session with a peer of Identifier 7 that follows the RFC's letter while we are ${ours}`, () => {
      for (let seed = 1; seed <= 3 * RUNS; seed++) {
        const clock = new VirtualClock(seed);
        const network = new VirtualNetwork(clock, {
          delayMilliseconds: clock.random() < 0.3 ? [1, 40] : [0.02, 2], fifo: true, readOctetsMax: 4096,
        });
        const a = new VirtualSpeaker(network, A);
        const atA = a.peer(sessionParameters({ address: B, routerId: ours }));
        const b = new LetterSpeaker(network, B, A, 7, seed % 2 === 0 ? [] : [GRACEFUL]);
        const spread = [0, 3, 40][seed % 3]!;
        clock.schedule(clock.now() + clock.random() * spread, 0, undefined, () => atA.session.start());
        clock.schedule(clock.now() + clock.random() * spread, 0, undefined, () => b.start());
        for (const at of [0.5, 2, 4, 20]) { // pauses, after which everything is there at once
          if (clock.random() < 0.4) clock.schedule(clock.now() + at, 0, undefined, () => a.host.stop(0.03));
        }
        clock.run(60_000);
        const seen = { port: atA.owner.facts?.localPort, ups: atA.owner.ups.length, theirs: b.ups };
        expect(seen, `seed ${seed}`).toEqual({ port: b.established?.remotePort, ups: 1, theirs: 1 });
        expect(seen.port).toBeDefined();
      }
    });
  }
});
