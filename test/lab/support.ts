/** What the lab's tests share. */
export { labNodes, octets } from "../../src/lab/plan.ts";

/** Sizes of labs worth checking: one, the default, the most. */
export const SPEAKERS: readonly number[] = [1, 4, 250];
