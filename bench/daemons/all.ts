/** Every daemon that can be put under load. */

import { BIRD1 } from "./bird1.ts";
import { BIRD2 } from "./bird2.ts";
import type { DaemonKind } from "./daemon.ts";
import { FLOOR } from "./floor.ts";
import { FRR } from "./frr.ts";
import { GOBGP } from "./gobgp.ts";
import { OPENBGPD } from "./openbgpd.ts";
import { REFLECTD } from "./reflectd.ts";

/** In the order of DAEMON_NAMES. */
export const DAEMONS: readonly DaemonKind[] = [REFLECTD, FLOOR, BIRD1, BIRD2, FRR, GOBGP, OPENBGPD];
