/** The table of scenarios fits together, and each runs, small, against the floor. */

import { describe, expect, it } from "vitest";
import type { RunningDaemon } from "../../bench/daemons/daemon.ts";
import { Fleet } from "../../bench/generator/fleet.ts";
import { GROWTH, SCENARIOS } from "../../bench/scenarios/all.ts";
import { FULL, QUICK, scaled } from "../../bench/scenarios/scale.ts";
import { NotSupported, WATCHED } from "../../bench/scenarios/scenario.ts";
import type { Context, Scenario } from "../../bench/scenarios/scenario.ts";
import { sized } from "../../bench/scenarios/staged.ts";
import { openFloor } from "./generator/floor.ts";

const ALL = [...SCENARIOS, ...GROWTH];
const TINY = { sessions: 0.001, prefixes: 0.000_01, duration: 0.005, timeoutSeconds: 10 };

describe("the table of scenarios", () => {
  it("names each once, and what a scenario needs before it", () => {
    const names = ALL.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const [at, { needs }] of ALL.entries()) {
      if (needs !== undefined) expect(names.slice(0, at)).toContain(needs);
    }
  });
  it("has every figure once in a scenario, and targets only of figures that there are", () => {
    const all = ALL.flatMap(({ name, figures }) => figures.map(({ id }) => `${name}/${id}`));
    expect(new Set(all).size).toBe(all.length);
    const others = ALL.flatMap(({ figures }) => figures.flatMap(({ target }) => target?.ofFigure?.figure ?? []));
    expect(others.filter((figure) => !all.includes(figure))).toEqual([]);
  });
  it("shows something of each", () => {
    expect(ALL.filter(({ figures }) => !figures.some(({ headline }) => headline === true))).toEqual([]);
  });
  it("has the sizes that it names", () => {
    const sessions = Object.fromEntries(ALL.map((scenario) => [scenario.name, scenario.wants(FULL).sessions]));
    expect(sessions).toMatchObject({ "fan-out": 1_001, thousand: 1_000, "four-thousand": 4_000, "sessions-8000": 8_000,
      "full-table": 10 });
    expect(ALL.filter((scenario) => scenario.wants(QUICK).sessions > 1_000)).toEqual([]);
  });
});

describe("a scale", () => {
  it("makes smaller, but not too small and never larger", () => {
    expect([scaled(1_000, 0.1), scaled(4, 0.1), scaled(100, 0.01, 10), scaled(5, 0.1, 10)]).toEqual([100, 1, 10, 5]);
  });
  it("leaves no more sources than sessions and no larger sets than sources have prefixes", () => {
    const shape = { sessions: 1_000, sources: 1_000, each: 100, perSet: 100 };
    expect(sized({ shape, scale: QUICK })).toMatchObject({ sessions: 100, sources: 100, each: 10, perSet: 10 });
    expect(sized({ shape, scale: FULL })).toMatchObject(shape);
  });
});

// At once: they mostly wait for quiet moments.
describe.concurrent("each scenario, small, against the floor", () => {
  const small = ALL.filter(({ name }) => !/^(routes|sessions)-/.test(name) || /-(250000|500)$/.test(name));

  it.each(small.map((scenario) => [scenario.name, scenario] as const))("%s", async (name, scenario) => {
    const figures = new Map<string, number>();
    const { context, close } = await smallContext(scenario, figures);
    const run = scenario.run(context).finally(close); // no hook: it might close what is another test's
    if (name === "policy-reload") return expect(run).rejects.toThrow(NotSupported);
    await run;
    const expected = scenario.figures.map(({ id }) => id).filter((id) => !WATCHED.some((row) => row.id === id));
    expect([...figures.keys()].sort()).toEqual([...expected].sort());
    expect([...figures].filter(([, value]) => !Number.isFinite(value))).toEqual([]);
    return undefined;
  });
});

/** A context whose daemon is the floor in this process. */
async function smallContext(scenario: Scenario, figures: Map<string, number>):
  Promise<{ readonly context: Context; close(): Promise<void> }> {
  const floor = await openFloor(0x7f01_0001, scenario.wants(TINY));
  const daemon: RunningDaemon = {
    version: "1", configuration: "", startMilliseconds: 1, ended: new Promise(() => undefined), lastWords: () => "",
    memory: () => ({ residentMiB: 1, highestMiB: 1 }), cpuSeconds: () => 0, stop: () => Promise.resolve(),
  };
  let fleet: Fleet | undefined;
  const stop = async (): Promise<void> => { fleet?.close(); };
  const context: Context = {
    scale: TINY, mrt: undefined, measuring: () => undefined, stop,
    record: (figure, value) => { figures.set(figure, value); },
    start: async () => { await stop(); return daemon; },
    join: async (load, sessions, wishes = {}) => {
      fleet = new Fleet(floor.place, load, { sessions, exactReceivers: 3, timeoutSeconds: 10, ...wishes });
      await fleet.join();
      return fleet;
    },
  };
  const close = async (): Promise<void> => {
    await stop();
    await floor.close();
  };
  return { context, close };
}
