/** reflectd's kernel side: its plan, and its processes with their netlink sockets. What is wanted is known before. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { REPOSITORY, BENCH_OUT } from "../daemons/common.ts";
import type { EngineAnswer, EngineRequest } from "./engine.ts";
import type { Entrant, EntrantSetup, RunningEntrant } from "./entrant.ts";
import { KernelProcess } from "./process.ts";

const MAIN = join(REPOSITORY, "dist/main.js");
const ENGINE = join(BENCH_OUT, "bench/kernel/engine.js");

/** The row of reflectd. */
export const REFLECTD_KERNEL: Entrant = {
  name: "reflectd",
  missing: () => (existsSync(MAIN) ? undefined : `not built: ${MAIN}`),
  start,
};

async function start({ namespace, folder, routes }: EntrantSetup): Promise<RunningEntrant> {
  const engine = new KernelProcess(["ip", "netns", "exec", namespace, process.execPath, ENGINE], folder, "both");
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
  return {
    version: "", saysWhenDone: true, pids: () => engine.pids(), stop: () => engine.stop("SIGKILL"),
    steps: {
      add: () => want({ want: { count: routes, gateway: 0 } }),
      replace: () => want({ want: { count: routes, gateway: 1 } }),
      remove: () => want({}),
      async compare() {
        if ((await ask({ compare: true })).same !== true) throw new Error("the kernel is not as wanted");
      },
    },
  };
}
