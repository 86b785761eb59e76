/**
 * Restarts that nobody notices, read from the tables of the others (RFC 4724): reflectd is killed, stopped and started
 * under BIRD 1.6.8, BIRD 2, FRR and GoBGP, then these under reflectd. Every table is read again and again meanwhile.
 */

import { afterAll, beforeAll, expect, it } from "vitest";
import { startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { capture } from "../support/lab/capture.ts";
import type { Capture } from "../support/lab/capture.ts";
import {
  allEstablished, blockOf, expected, expectSoundBytes, hasEverywhere, lacksEverywhere,
} from "../support/lab/cluster.ts";
import { startFrr } from "../support/lab/frr.ts";
import { startGobgp } from "../support/lab/gobgp.ts";
import { Lab } from "../support/lab/lab.ts";
import type { LabNode } from "../support/lab/lab.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import type { Announcement, Router } from "../support/lab/router.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { missing, unnoticed } from "../support/lab/unnoticed.ts";
import { pause, staysFor, waitFor } from "../support/lab/waiting.ts";

const CLUSTER_ID = "244.0.0.1";
const RESTART_SECONDS = 60;
const graceful = { gracefulRestart: { restartTimeSeconds: RESTART_SECONDS } };

const NEEDS = ["bird-1.6.8", "bird2", "frr", "gobgpd", "tshark"] as const;

interopSuite("restarts of the only reflector under BIRD 1.6.8, BIRD 2, FRR and GoBGP", NEEDS, () => {
  let lab: Lab;
  let hub: LabNode;
  let pcap: Capture;
  let reflector: Reflectd;
  let clients: Router[];
  /** Everyone, dead or alive: the place in it is the number of one's blocks. */
  let roster: readonly Router[];

  const blocksOf = (router: Router): ReturnType<typeof blockOf> => blockOf(router, roster.indexOf(router));
  const prefixesFor = (router: Router): string[] => clients.filter((other) => other !== router)
    .flatMap((other) => blocksOf(other).map(({ prefix }) => prefix))
    .filter((prefix) => !router.name.startsWith("bird1") || !prefix.includes(":"));
  const look = (): Promise<string[]> => missing(clients, prefixesFor);

  async function everybodyHasEverything(): Promise<void> {
    for (const router of clients) {
      const others = clients.filter((other) => other !== router);
      await hasEverywhere(lab, others, expected(router, blocksOf(router), [CLUSTER_ID]));
    }
  }

  beforeAll(async () => {
    lab = await Lab.create();
    hub = await lab.node("rr");
    pcap = await capture(hub);
    const [a, b, c, d] = [await lab.node("bird1"), await lab.node("bird2"), await lab.node("frr"),
      await lab.node("gobgp")];
    reflector = await startReflectd(hub, "reflectd", { clusterId: CLUSTER_ID,
      neighbors: [a, b, c, d].map((node) => client(node.v4, graceful)) });
    clients = await Promise.all([
      startBird(a, "bird1", { version: "1.6", peers: [{ address: hub.v4 }] }),
      startBird(b, "bird2", { version: "2", peers: [{ address: hub.v4 }] }),
      startFrr(c, "frr", [hub.v4]), // a helper as it comes
      startGobgp(d, "gobgp", [hub.v4], { restartSeconds: RESTART_SECONDS }),
    ]);
    roster = [...clients];
    await allEstablished(lab, [...clients, reflector]);
    for (const router of clients) await router.announce(...blocksOf(router));
    await everybodyHasEverything();
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("kill -9: no client withdraws anything, before or after it is back", async () => {
    await unnoticed(lab, look, async () => {
      await reflector.kill9();
      await pause(2000);
      await reflector.again();
      await allEstablished(lab, [...clients, reflector]);
    }, 6000);
    await everybodyHasEverything();
  }, 90_000);

  it.each([
    ["SIGTERM", 0, () => reflector.stop()],
    ["the command restart", 75, async () => {
      await reflector.cli("restart");
      await reflector.ended;
    }],
  ] as const)("%s, which means back soon: the same", async (_, exitCode, leave) => {
    await unnoticed(lab, look, async () => {
      await leave();
      expect(reflector.exitCode).toBe(exitCode);
      await reflector.again();
      await allEstablished(lab, [...clients, reflector]);
    }, 6000);
    await everybodyHasEverything();
  }, 90_000);

  it("one client dead meanwhile costs the others nothing but the wait, and is cleaned up", async () => {
    const [dead] = clients.splice(2, 1) as [Router];
    const gone = blocksOf(dead).map(({ prefix }) => prefix);
    await unnoticed(lab, look, async () => {
      await reflector.kill9();
      await dead.kill9();
      await reflector.again();
      await lacksEverywhere(lab, clients, gone, 30_000); // not before the bound of the wait
    }, 1000);
  }, 90_000);

  it("goodbye is goodbye: every client withdraws at once", async () => {
    const all = clients.flatMap((router) => [...prefixesFor(router)]);
    expect((await reflector.cli("shutdown")).status).toBe(0);
    await lacksEverywhere(lab, clients, all, 10_000);
  }, 30_000);

  it("sent nothing that tshark faults", async () => {
    await expectSoundBytes(pcap, hub, { opens: 12, updates: 12 });
  }, 60_000);
});

interopSuite("restarts of BIRD 1.6.8, BIRD 2, FRR and GoBGP under reflectd", NEEDS, () => {
  /** One that is killed and started again. */
  interface Mortal {
    readonly name: string;
    readonly routes: readonly Announcement[];
    /** `routes`: its own from the start on; `recovers`: after a crash. */
    start(routes: readonly Announcement[], recovers: boolean): Promise<Router>;
    router: Router | undefined;
  }
  const restartSeconds = 8;
  let lab: Lab;
  let reflector: Reflectd;
  let witness: Bird;
  let mortals: Mortal[];
  const prefixes = (): string[] => mortals.flatMap(({ routes }) => routes.map(({ prefix }) => prefix));
  const look = (): Promise<string[]> => missing([witness], prefixes);
  /** GoBGP has its routes from its client, after the start: it may say End-of-RIB before. */
  const lookAtTheSure = async (): Promise<string[]> =>
    (await look()).filter((gone) => mortals[3]!.routes.every(({ prefix }) => !gone.endsWith(prefix)));
  const everybody = (): Promise<void> => allEstablished(lab, [...mortals.map(({ router }) => router!), reflector]);
  const kill = async (): Promise<void> => {
    await Promise.all(mortals.map(({ router }) => router!.kill9()));
  };
  const start = async (withRoutes: boolean, recovers: boolean): Promise<void> => {
    await Promise.all(mortals.map(async (mortal) => {
      mortal.router = await mortal.start(withRoutes ? mortal.routes : [], recovers);
    }));
  };

  beforeAll(async () => {
    lab = await Lab.create();
    const hub = await lab.node("rr");
    const nodes = [await lab.node("bird1"), await lab.node("bird2"), await lab.node("frr"), await lab.node("gobgp")];
    const last = await lab.node("witness");
    const peers = [{ address: hub.v4 }];
    let starts = 0;
    const startOf: Mortal["start"][] = [
      (routes, recovers) => startBird(nodes[0]!, "bird1", { version: "1.6", peers, restartSeconds, routes, recovers }),
      (routes, recovers) => startBird(nodes[1]!, "bird2", { version: "2", peers, restartSeconds, routes, recovers }),
      (routes) => startFrr(nodes[2]!, `frr-${++starts}`, [hub.v4],
        { restartSeconds, routes: routes.map(({ prefix }) => prefix) }),
      async (routes, recovers) => {
        const gobgp = await startGobgp(nodes[3]!, `gobgp-${++starts}`, [hub.v4], { restartSeconds, recovers });
        await gobgp.announce(...routes);
        return gobgp;
      },
    ];
    mortals = startOf.map((begin, number) => ({ name: nodes[number]!.name, start: begin, router: undefined,
      routes: [{ prefix: `10.65.${number}.64/26` }] }));
    reflector = await startReflectd(hub, "reflectd", { clusterId: CLUSTER_ID,
      neighbors: [...nodes, last].map((node) => client(node.v4, graceful)) });
    witness = await startBird(last, "bird1-witness", { version: "1.6", peers });
    await start(true, false);
    await everybody();
    await waitFor(lab, "all routes", look, (gone) => gone.length === 0);
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  it("kill -9 and back: the other client sees no withdrawal", async () => {
    await unnoticed(lab, lookAtTheSure, async () => {
      await kill();
      await start(true, true);
      await everybody();
    }, 6000);
    await waitFor(lab, "all routes", look, (gone) => gone.length === 0);
  }, 60_000);

  it("what they do not say again goes with their End-of-RIB", async () => {
    await kill();
    await start(false, true);
    await lacksEverywhere(lab, [witness, reflector], prefixes(), 20_000);
    await kill();
    await start(true, true);
    await waitFor(lab, "all routes", look, (gone) => gone.length === 0);
  }, 60_000);

  it("who does not come back is cleaned up after its Restart Time, not before", async () => {
    await kill();
    await staysFor(lab, "kept for the Restart Time", look, (gone) => gone.length === 0, 5000);
    await lacksEverywhere(lab, [witness, reflector], prefixes(), 10_000);
  }, 60_000);
});
