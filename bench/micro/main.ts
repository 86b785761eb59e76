/** The process in which the engine is measured: started by run.ts, writes its rows to standard output as JSON. */

import type { MicroRow } from "../results.ts";
import { calicoOperations } from "./calico.ts";
import { decideOperations } from "./decide.ts";
import { decodeOperations } from "./decode.ts";
import { internOperations } from "./intern.ts";
import { measure } from "./measure.ts";
import { packOperations } from "./pack.ts";

const GROUPS = [decodeOperations, internOperations, decideOperations, packOperations, calicoOperations];

const rows: readonly MicroRow[] = GROUPS.flatMap((operations) => operations().map(measure));
process.stdout.write(JSON.stringify(rows));
