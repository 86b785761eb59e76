/** Every kind of load. */

export { internetLoad } from "./internet.ts";
export { Load, VERSION_MAX } from "./load-table.ts";
export type { SourceLoad } from "./load-table.ts";
export { dumpFault, mrtLoad } from "./mrt.ts";
export { uniformLoad } from "./uniform.ts";
