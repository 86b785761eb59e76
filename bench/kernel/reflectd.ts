/**
 * reflectd's kernel side: its plan, and its processes with their netlink sockets; and the floor under it. What is
 * wanted is known before.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { REPOSITORY, BENCH_OUT } from "../daemons/common.ts";
import { StartedProcess } from "../started-process.ts";
import type { EngineAnswer, EngineRequest } from "./engine.ts";
import type { Entrant, EntrantSetup, RunningEntrant } from "./entrant.ts";

const MAIN = join(REPOSITORY, "dist/main.js");
/** Programs that take the same requests. */
const [ENGINE, FLOOR] = ["engine.js", "floor-engine.js"].map((name) => join(BENCH_OUT, "bench/kernel", name));

/** The row of reflectd. */
export const REFLECTD_KERNEL: Entrant = {
  name: "reflectd",
  missing: () => (existsSync(MAIN) ? undefined : `not built: ${MAIN}`),
  async start(setup) {
    const { running, ask } = await started(setup, ENGINE!);
    return { ...running, steps: { ...running.steps, async compare() {
      if ((await ask({ compare: true })).same !== true) throw new Error("the kernel is not as wanted");
    } } };
  },
};

/** Requests that were encoded before: what the kernel itself costs, and Node's part in sending. */
export const KERNEL_FLOOR: Entrant = {
  name: "floor",
  missing: () => undefined,
  start: async (setup) => (await started(setup, FLOOR!)).running,
};

async function started({ namespace, folder, routes }: EntrantSetup, program: string):
  Promise<{ readonly running: RunningEntrant; ask(request: EngineRequest): Promise<EngineAnswer> }> {
  const engine = new StartedProcess(["ip", "netns", "exec", namespace, process.execPath, program, String(routes)],
    join(folder, "engine.log"), "both");
  const heard: ((answer: EngineAnswer | undefined) => void)[] = [];
  createInterface({ input: engine.child.stdout! })
    .on("line", (line) => heard.shift()?.(JSON.parse(line) as EngineAnswer))
    .on("close", () => { for (const one of heard.splice(0)) one(undefined); });
  const next = (): Promise<EngineAnswer> => new Promise((resolve, reject) => {
    heard.push((answer) => {
      if (answer === undefined) reject(new Error(`it ended: ${engine.lastWords()}`));
      else resolve(answer);
    });
  });
  const ask = (request: EngineRequest): Promise<EngineAnswer> => {
    engine.child.stdin!.write(`${JSON.stringify(request)}\n`);
    return next();
  };
  const want = async (request: EngineRequest): Promise<void> => {
    const { failures } = await ask(request);
    if (failures !== 0) throw new Error(`${failures} routes were refused`);
  };
  await next();
  const running: RunningEntrant = {
    version: "", saysWhenDone: true, pids: () => engine.pids(), stop: () => engine.stop("SIGKILL"),
    steps: {
      add: () => want({ want: { count: routes, gateway: 0 } }),
      replace: () => want({ want: { count: routes, gateway: 1 } }),
      remove: () => want({}),
    },
  };
  return { running, ask };
}
