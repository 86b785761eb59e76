/**
 * Prints the transition table of src/fsm for the documentation, as Markdown: it is read from the running code, so it
 * cannot drift from it. Run by hand:
 *   npx tsc -p tsconfig.json --noEmit false --outDir /tmp/fsm && node /tmp/fsm/test/fsm/print-table.js
 */

import type { State } from "../../src/fsm/events.ts";
import { step, TRANSITIONS } from "../../src/fsm/table.ts";
import { EVENTS, PARAMETERS, STATES } from "./samples.ts";

const COLUMNS: readonly (readonly [string, State])[] = [
  ["Idle", STATES.Idle], ["Connect", STATES.Connect], ["Active", STATES.Active], ["OpenSent", STATES.OpenSentOutgoing],
  ["OpenConfirm", STATES.OpenConfirm], ["Established", STATES.Established],
];

/** The next state and what is done; brackets where the cell is the row's `otherwise`. */
function cell(state: State, event: keyof typeof EVENTS): string {
  const { state: next, actions } = step(PARAMETERS, state, EVENTS[event]);
  const done = actions.map((action) => {
    if (action.do === "arm" || action.do === "disarm") return `${action.do} ${action.timer}`;
    if (action.do !== "close" || action.notification === undefined) return action.do;
    return `notify ${action.notification.code}/${action.notification.subcode}, close`;
  });
  const text = next === state && done.length === 0 ? "–" : [`**${next.name}**`, ...done].join(", ");
  return event in TRANSITIONS[state.name] ? text : `(${text})`;
}

const lines = [
  `| event | ${COLUMNS.map(([name]) => name).join(" | ")} |`,
  `|---${"|---".repeat(COLUMNS.length)}|`,
  ...(Object.keys(EVENTS) as (keyof typeof EVENTS)[]).map((event) =>
    `| ${event} | ${COLUMNS.map(([, state]) => cell(state, event)).join(" | ")} |`),
];
console.log(lines.join("\n"));
