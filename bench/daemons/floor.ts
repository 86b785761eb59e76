/** The floor beside the daemons: see bench/floor/main.ts. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { daemonAddress } from "../place.ts";
import { BENCH_OUT, MANY_DIALS, running } from "./common.ts";
import type { DaemonKind } from "./daemon.ts";

const MAIN = join(BENCH_OUT, "bench/floor/main.js");

/** The row of the table of daemons. */
export const FLOOR: DaemonKind = {
  name: "floor",
  dialsAtOnce: MANY_DIALS,
  missing: () => existsSync(MAIN) ? undefined : `not built: ${MAIN}`,
  start: (setup) => {
    const { place, family, addPath } = setup;
    const configuration = JSON.stringify({ host: daemonAddress(place, family), port: place.port, family, addPath });
    return running([process.execPath, ...setup.nodeOptions, MAIN, configuration], setup,
      { version: `Node ${process.version}`, configuration: "" });
  },
};
