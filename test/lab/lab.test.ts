/** The whole lab in this process: the real daemon, real sockets on loopback, no port of anybody else's. */

import { describe, expect, it } from "vitest";
import type { DaemonApi } from "../../src/daemon/api.ts";
import { runLab } from "../../src/lab/lab.ts";
import { systemWorld } from "../../src/lab/system.ts";
import type { LabWorld } from "../../src/lab/world.ts";
import type { Connector } from "../../src/transport/ports.ts";

interface Played {
  readonly code: number;
  readonly text: string;
  readonly complaints: string;
  readonly api: DaemonApi | undefined;
}

/** Runs a lab; `during` is told the page so far whenever it grows and may ask for the end. */
async function play(nodes: number, once: boolean, terminal = false,
  during: (text: string, end: () => void) => void = () => undefined,
  changed: (world: LabWorld) => Partial<LabWorld> = () => ({})): Promise<Played> {
  let [text, complaints, end]: [string, string, () => void] = ["", "", () => undefined];
  let api: DaemonApi | undefined;
  const stopped = new Promise<void>((resolve) => {
    end = resolve;
  });
  const world = systemWorld({
    write(more) {
      text += more;
      during(text, end);
    },
    complain(more) {
      complaints += more;
    },
    terminal, stopped, version: "0.0.0", node: "v0", pid: 1,
    async openControl(given) {
      api = given;
      return { hint: "reflectd show peers", close: async () => undefined };
    },
  });
  return { code: await runLab({ nodes, once }, { ...world, ...changed(world) }), text, complaints, api };
}

describe("the embedded lab", () => {
  it("ends with 0 once every node holds every other's routes, reflected", async () => {
    const { code, text } = await play(4, true);
    expect(code, text).toBe(0);
    for (const node of ["node-1", "node-2", "node-3", "node-4"]) {
      expect(text).toMatch(new RegExp(`^${node} +127\\.0\\.0\\.\\d +64512 +yes +Established .* 3 +9$`, "m"));
      expect(text).toContain(`${node} (127.0.0.`);
    }
    expect(text).toMatch(/^10\.244\.0\.128\/26 +127\.0\.0\.2 +100 +127\.0\.0\.2 +244\.0\.0\.1$/m);
    expect(text).toMatch(/^fd00:10:244:4::40\/122 +fd00:10:96::4 +100 +127\.0\.0\.5 +244\.0\.0\.1$/m);
    expect(text).toContain("npx reflectd run --config FILE");
    expect(text).not.toContain("\u001b");
  });
  it("never tells a node its own blocks", async () => {
    const { text } = await play(2, true);
    const tables = text.split(/^node-\d \(.*\) was told:$/m).slice(1);
    expect(tables).toHaveLength(2);
    expect(tables[0]).not.toMatch(/ 127\.0\.0\.2 +100 +127\.0\.0\.2/);
    expect(tables[1]).not.toMatch(/ 127\.0\.0\.3 +100 +127\.0\.0\.3/);
  });
  it("stays until it is stopped, draws in place on a terminal, and tells how to look inside", async () => {
    const { code, text, api } = await play(3, false, true, (so, end) => {
      if (so.includes("Ctrl-C ends the lab.")) end();
    });
    expect(code, text).toBe(0);
    expect(text).toContain("\u001b[4F\u001b[J");
    expect(text).toContain("From another terminal: reflectd show peers");
    expect([...api?.peers() ?? []].map(({ state }) => state)).not.toContain("Established");
  });
  it("works with a single node, which hears nothing", async () => {
    const { code, text } = await play(1, true);
    expect(code, text).toBe(0);
    expect(text).toContain("and 1 node,");
  });
  it("refuses more nodes than one process should hold", async () => {
    const { code, complaints } = await play(251, true);
    expect([code, complaints]).toEqual([1, "reflectd: lab: 251 nodes are too many for one process (at most 250)\n"]);
  });
  it("says in one line what it needs where loopback has one address", async () => {
    const { code, complaints } = await play(2, false, false, undefined,
      () => ({ connector: failing("EADDRNOTAVAIL") }));
    expect(code).toBe(1);
    expect(complaints).toMatch(/^reflectd: lab: 127\.0\.0\.2 is no address of this machine .*ifconfig.*\n$/);
  });
  it("ends with 1 when its time is up, and says who lacks what", async () => {
    const { code, complaints } = await play(2, true, false, undefined, (world) => ({
      connector: failing("ECONNREFUSED"),
      scheduler: { ...world.scheduler, at: (at, run) => // its patience is short here
        world.scheduler.at(at - world.clock.now() > 20_000 ? world.clock.now() : at, run) },
    }));
    expect(code).toBe(1);
    expect(complaints).toContain("not every node holds every other's routes:\n  node-1 lacks 3 of 3 prefixes\n");
  });
  it("passes on why the reflector did not start", async () => {
    const { code, complaints } = await play(2, true, false, undefined,
      () => ({ startReflector: async () => ({ refused: "no port is free" }) }));
    expect([code, complaints]).toEqual([1, "reflectd: lab: the reflector did not start: no port is free\n"]);
  });
});

/** A connector whose every dial fails. */
function failing(why: string): Connector {
  return {
    connect(_target, outcome) {
      const failure = setImmediate(() => outcome.failed(why));
      return () => clearImmediate(failure);
    },
  };
}
