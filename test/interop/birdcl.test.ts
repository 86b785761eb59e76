/**
 * BIRD's own clients asked of reflectd what they ask of a BIRD: beside it stands a BIRD 1.6.8 as reflector of the same
 * clients, and what both must know is said by both in the same octets.
 */

import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { rawReply } from "../control/bird/client.ts";
import { BIRD_PROGRAMS, startBird } from "../support/lab/bird.ts";
import type { Bird } from "../support/lab/bird.ts";
import { allEstablished, blockOf, expected, hasEverywhere } from "../support/lab/cluster.ts";
import { Lab } from "../support/lab/lab.ts";
import { must, run } from "../support/lab/processes.ts";
import { client, startReflectd } from "../support/lab/reflectd.ts";
import type { Reflectd } from "../support/lab/reflectd.ts";
import { interopSuite } from "../support/lab/suite.ts";
import { waitFor } from "../support/lab/waiting.ts";

const BIRDCL2 = "/usr/sbin/birdcl";
const CLIENTS = [...new Set([BIRD_PROGRAMS["1.6"][1], BIRD_PROGRAMS["2"][1], BIRDCL2])];

/** Without what must differ: moments, the interface that only a BIRD knows, our own address, the rest of timers. */
function common(text: string): string {
  return text.replaceAll(/\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d)?|\d\d:\d\d:\d\d/g, "TIME")
    .replaceAll(/ on \S+ \[/g, " on IF [").replaceAll(/(Source address: +)\S+/g, "$1OURS")
    .replaceAll(/timer: +\S+\//g, "timer: REST/");
}

interopSuite("BIRD's clients", ["bird-1.6.8", "bird2"], () => {
  let lab: Lab;
  let reflector: Reflectd;
  let a: Bird;
  let b: Bird;
  let sockets: { readonly ours: string; readonly ours6: string; readonly theirs: string };

  beforeAll(async () => {
    lab = await Lab.create();
    const [hub, other, first, second] = [
      await lab.node("rr"), await lab.node("old"), await lab.node("a"), await lab.node("b"),
    ];
    sockets = { ours: join(lab.folder, "ours.ctl"), ours6: join(lab.folder, "ours6.ctl"),
      theirs: join(lab.folder, "bird1-reference", "bird.ctl") };
    const cluster = { clusterId: "244.0.0.1" };
    reflector = await startReflectd(hub, "reflectd", { ...cluster, birdSockets: [sockets.ours, sockets.ours6],
      neighbors: [client(first.v4, { families: ["ipv4-unicast"] }), client(second.v4, { families: ["ipv4-unicast"] }),
        client("10.99.0.99", { families: ["ipv4-unicast"] })] });
    await startBird(other, "bird1-reference", { version: "1.6", peers: [
      { address: first.v4, client: cluster }, { address: second.v4, client: cluster },
      { address: "10.99.0.99", client: cluster }] });
    const peers = [{ address: hub.v4 }, { address: other.v4 }];
    a = await startBird(first, "bird1-a", { version: "1.6", peers });
    b = await startBird(second, "bird1-b", { version: "1.6", peers });
    await allEstablished(lab, [a, b]);
    await a.announce(...blockOf(a, 0));
    await b.announce(...blockOf(b, 1), { prefix: "10.66.0.0/24" });
    await hasEverywhere(lab, [b], expected(a, blockOf(a, 0), ["244.0.0.1"]));
    const tables = (): Promise<string[]> =>
      Promise.all([sockets.ours, sockets.theirs].map((path) => rawReply(path, "show route")));
    await waitFor(lab, "both reflectors to hold all three routes", tables,
      (texts) => texts.every((text) => text.match(/Node_/g)?.length === 3));
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  const name = (bird: Bird): string => `Node_${bird.node.v4.replaceAll(".", "_")}`;
  const both = (command: string): Promise<string[]> =>
    Promise.all([sockets.ours, sockets.theirs].map((path) => rawReply(path, command)));
  const asked = (program: string, path: string, ...words: string[]): Promise<string> =>
    must([program, "-s", path, ...words]);

  describe.each(CLIENTS)("%s", (program) => {
    it("shows status, sessions and routes", async () => {
      expect(await asked(program, sockets.ours, "show", "status")).toMatch(
        /^BIRD v1\.6\.8\S* ready\.\nBIRD v1\.6\.8\+reflectd\S*\nRouter ID is [^]*\nDaemon is up and running\n$/);
      const protocols = await asked(program, sockets.ours, "show", "protocols");
      expect(protocols).toMatch(new RegExp(`^${name(a)} BGP +master +up +\\S+ +Established`, "m"));
      const routes = await asked(program, sockets.ours, "show", "route", "for", "10.65.0.70");
      expect(routes).toContain(`10.65.0.64/26      via ${a.node.v4} on - [${name(a)} `);
      expect(await asked(program, sockets.ours, "show", "route", "count")).toContain("3 of 3 routes for 3 networks");
      expect(await asked(program, sockets.ours6, "show", "route")).not.toContain("via");
    });
    it("shows what can be asked", async () => {
      expect(await asked(program, sockets.ours, "help")).toContain("\nshow status: Show router status\nshow memory");
    });
    it("may change nothing", async () => {
      // BIRD 2's clients end with 1 where a command is refused, those of 1.6 with 0.
      for (const words of [["configure"], ["disable", "all"]]) {
        expect((await run([program, "-s", sockets.ours, ...words])).stdout).toMatch(/Access denied\n$/);
      }
      expect(await asked(program, sockets.ours, "-r", "show", "status")).toContain("Access restricted\n");
    });
  });

  it("says of sessions that are up what BIRD says", async () => {
    for (const command of [`show protocols ${name(a)}`, `show protocols "${name(b)}*"`]) {
      const [ours, theirs] = (await both(command)).map(common);
      expect(ours).toBe(theirs);
    }
  });

  it("says of a session that is not up what BIRD says", async () => {
    const words = async (): Promise<string> => (await both("show protocols Node_10_99_0_99"))
      .map((text) => /Socket: .*/.exec(text)?.[0] ?? text).join("\n");
    // Each says it from its first failed dial on, at a moment of its own.
    const found = "Socket: No route to host";
    await waitFor(lab, "both to have found nobody", words, (text) => text === `${found}\n${found}`, 20_000);
  }, 30_000);

  it("says the details that both have in the same lines", async () => {
    const details = (await both(`show protocols all ${name(a)}`)).map((text) => common(text).split("\n")
      .filter((line) => /^ +(Routes|BGP state|Neighbor (address|AS|ID|caps)|Session|Source address|\S+ timer):/
        .test(line))
      // BIRD says how many it filtered where it keeps them.
      .map((line) => line.replace(/(?<=Routes:.*), \d+ filtered/, "")));
    expect(details[0]).toEqual(details[1]);
    expect(details[0]).toHaveLength(10);
    expect(details[0]?.[0]).toMatch(/1 imported, 2 exported, 1 preferred$/);
  });

  it.each([
    ["of one network", "show route 10.65.0.64/26"], ["of an address", "show route for 10.65.0.70"],
    ["of a network inside", "show route for 10.65.0.96/27"], ["of one session", "show route protocol NAME"],
    ["told to one session", "show route export NAME"],
    ["with attributes", "show route 10.65.0.64/26 all"], ["without optional attributes", "show route 10.66.0.0/24 all"],
    ["the best", "show route 10.65.0.64/26 primary"],
  ])("prints routes as BIRD does: %s", async (_, command) => {
    const [ours, theirs] = (await both(command.replace("NAME", name(b)))).map(common);
    expect(ours).toContain("via");
    expect(sorted(ours)).toEqual(sorted(theirs));
  });

  it.each([
    "nonsense", "", "  ", "restrict", "show", "show status now", "show protocols Nobody", 'show protocols "Nobody*"',
    "show route 192.0.2.0/24", "show route for 192.0.2.1", "show route 10.0.0.1/8", "show route protocol Nobody",
    "show route fd00::/64", "show route for fd00::1", "show route for nowhere", "show route nowhere/8",
    "show route 10.0.0.0/33", "show route for 10.0.0.1/8", "show route 10.0.0.1", "show route table nowhere",
    "show route 10.0.0.0/8 10.0.0.0/8", 'show "status"', "echo off",
  ])("answers %j as BIRD does", async (command) => {
    const [ours, theirs] = await both(command);
    expect(ours).toBe(theirs);
  });

  it("says why a session ended as BIRD does", async () => {
    await b.toggle("disable");
    const words = async (): Promise<string[]> => (await both(`show protocols ${name(b)}`)).map((text) =>
      /Received: .*/.exec(text)?.[0] ?? text);
    const heard = await waitFor(lab, "both to have heard", words,
      (texts) => texts.every((text) => text.startsWith("Received")));
    expect(heard).toEqual(Array(2).fill("Received: Administrative shutdown"));
    await b.toggle("enable");
  }, 30_000);

  it("lets the daemon end while somebody is connected", async () => {
    await reflector.stop();
    expect(reflector.exitCode).toBe(0);
  });
});

interopSuite("bird6's client", ["bird-1.6.8"], () => {
  let lab: Lab;
  let ours: string;
  let theirs: string;
  let source: Bird;

  beforeAll(async () => {
    lab = await Lab.create();
    const [hub, other, first] = [await lab.node("rr"), await lab.node("old"), await lab.node("a")];
    ours = join(lab.folder, "ours6.ctl");
    theirs = join(lab.folder, "bird6-reference", "bird.ctl");
    const cluster = { clusterId: "244.0.0.1" };
    await startReflectd(hub, "reflectd", { ...cluster, birdSockets: [join(lab.folder, "ours.ctl"), ours],
      neighbors: [client(first.v6, { families: ["ipv6-unicast"] })] });
    await startBird(other, "bird6-reference", { version: "1.6-ipv6", peers: [{ address: first.v6, client: cluster }] });
    source = await startBird(first, "bird6-a",
      { version: "1.6-ipv6", peers: [{ address: hub.v6 }, { address: other.v6 }] });
    await allEstablished(lab, [source]);
    await source.announce(...blockOf(source, 0));
    await waitFor(lab, "both reflectors to hold the route", () => both("show route"),
      (texts) => texts.every((text) => text.includes("Node_")));
  }, 60_000);
  afterAll(async () => { await lab?.close(); }, 60_000);

  const both = (command: string): Promise<string[]> =>
    Promise.all([ours, theirs].map((path) => rawReply(path, command)));

  it.each([
    "show protocols NAME", "show route protocol NAME", "show route protocol NAME all", "show route for fd65:0:0:1::7",
    "show route fd65:0:0:1::/64", "show route for fd65:0:0:1:8000::/65", "show route 10.0.0.0/8",
    "show route for 10.0.0.1", "show route fd65::1/64", "show route fd65::/64",
  ])("%s is answered as bird6 does", async (command) => {
    const texts = await both(command.replace("NAME", `Node_${source.node.v6.replaceAll(":", "_")}`));
    expect(sorted(common(texts[0]!))).toEqual(sorted(common(texts[1]!)));
  });

  it("shows bird6's client the IPv6 sessions", async () => {
    const shown = await must([BIRD_PROGRAMS["1.6-ipv6"][1], "-s", ours, "show", "protocols", '"Node_*"']);
    expect(shown).toMatch(/^Node_fd99__3 BGP +master +up +\S+ +Established/m);
  });
});

/** The order of a table is its own. */
function sorted(text: string | undefined): string[] {
  return (text ?? "").split("\n").map((line) => line.replace(/^(\d{4}-| )/, "")).sort();
}
