/**
 * A prefix announced by two clients, its best path moving between them. The one whose route is best must not hold it
 * as learned; the other must; nobody keeps what is no longer so (a stale route at a source is a forwarding loop).
 */

import { afterAll, beforeAll, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import { allEstablished, expectSoundBytes, lacksEverywhere } from "../support/lab/cluster.ts";
import { startFrr } from "../support/lab/frr.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Router } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { waitFor } from "../support/lab/waiting.ts";

const PREFIX = "10.65.0.0/26";
const MODES = [{ addPath: "off", title: "one path per prefix" }, { addPath: "both", title: "ADD-PATH" }] as const;

for (const { addPath, title } of MODES) {
  interopSuite(`a best path that moves between clients (${title})`, ["bird-1.6.8", "bird2", "frr", "tshark"], () => {
    let lab: Lab;
    let hub: LabNode;
    let pcap: Capture;
    let left: Router;
    let right: Router;
    let watcher: Router;

    beforeAll(async () => {
      lab = await Lab.create();
      hub = await lab.node("rr");
      pcap = await capture(hub);
      const [a, b, c] = [await lab.node("a"), await lab.node("b"), await lab.node("c")];
      await startReflectd(hub, "reflectd", { neighbors: [a, b, c].map((node) => client(node.v4, { addPath })) });
      [left, right, watcher] = await Promise.all([
        startBird(a, "bird1-left", { version: "1.6", peers: [{ address: hub.v4 }] }),
        addPath === "both" ? startBird(b, "bird2-right", { version: "2", peers: [{ address: hub.v4 }] })
          : startFrr(b, "frr-right", [hub.v4]),
        startBird(c, "bird1-watcher", { version: "1.6", peers: [{ address: hub.v4 }] }),
      ]);
      await allEstablished(lab, [left, right, watcher]);
    }, 60_000);
    afterAll(async () => { await lab?.close(); }, 60_000);

    /** The originators of the paths that each one holds: what left announced, then what right did. */
    async function holds(atLeft: string, atRight: string, atWatcher: string): Promise<void> {
      const letters = new Map([[left.routerId, "L"], [right.routerId, "R"]]);
      const wanted = [atLeft, atRight, atWatcher];
      await waitFor(lab, `paths ${wanted.join(" | ")}`, () => Promise.all([left, right, watcher].map(async (router) =>
        (await router.routes()).filter((route) => route.prefix === PREFIX)
          .map((route) => letters.get(route.originatorId ?? "") ?? "?").sort().join(""))),
      (seen) => JSON.stringify(seen) === JSON.stringify(wanted));
    }
    const announce = (router: Router, localPref: number): Promise<void> =>
      router.announce({ prefix: PREFIX, localPref, med: 0 });
    const all = addPath === "both";

    it("settles on the first", async () => {
      await announce(left, 200);
      await holds("", "L", "L");
      await announce(right, 100);
      await holds(all ? "R" : "", "L", all ? "LR" : "L");
    });

    it("moves there and back as preferences change", async () => {
      for (let turn = 0; turn < 3; turn++) {
        await announce(left, 50);
        await holds("R", all ? "L" : "", all ? "LR" : "R");
        await announce(right, 40);
        await holds(all ? "R" : "", "L", all ? "LR" : "L");
        await announce(right, 100);
        await holds("R", all ? "L" : "", all ? "LR" : "R");
        await announce(left, 200);
        await holds(all ? "R" : "", "L", all ? "LR" : "L");
      }
    }, 60_000);

    it("moves when the best one is withdrawn, and leaves nothing when the last one is", async () => {
      await left.withdraw(PREFIX);
      await holds("R", "", "R");
      await announce(left, 200);
      await holds(all ? "R" : "", "L", all ? "LR" : "L");
      await right.withdraw(PREFIX);
      await holds("", "L", "L");
      await left.withdraw(PREFIX);
      await holds("", "", "");
    }, 60_000);

    it("moves when the client of the best one dies", async () => {
      await announce(right, 100);
      await announce(left, 200);
      await holds(all ? "R" : "", "L", all ? "LR" : "L");
      await left.kill9();
      await waitFor(lab, "the other path at the watcher", () => watcher.routes(), (routes) =>
        routes.length === 1 && routes[0]?.originatorId === right.routerId);
      await lacksEverywhere(lab, [right], [PREFIX]);
    }, 60_000);

    it("sent nothing that tshark faults", async () => {
      await expectSoundBytes(pcap, hub, { opens: 3, updates: 20 });
    }, 60_000);
  });
}
