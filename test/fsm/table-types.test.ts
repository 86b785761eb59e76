/**
 * What the types of the table refuse. The compiler checks this file (npm run typecheck): an expected error that does
 * not occur is an error itself.
 */

import { expect, it } from "vitest";
import { answer, confirm, dial, openNow, stay, toIdle, update } from "../../src/fsm/cells.ts";
import { faultOf } from "../../src/fsm/cells.ts";
import type { Named, State } from "../../src/fsm/events.ts";
import type { Row, Transitions } from "../../src/fsm/table.ts";
import { TRANSITIONS } from "../../src/fsm/table.ts";

type OpenSentRow = Row<Named<State, "OpenSent">>;

const rows = [
  // @ts-expect-error a row without `otherwise` leaves events without an answer
  { ManualStart: stay } satisfies OpenSentRow,
  // @ts-expect-error a misspelt event would never happen
  { ManualStrat: stay, otherwise: stay } satisfies OpenSentRow,
  // @ts-expect-error OpenConfirm's data (heldBack, negotiated) does not exist in OpenSent
  { CollisionResolved: answer, otherwise: stay } satisfies OpenSentRow,
  // @ts-expect-error Established's data does not exist in OpenSent
  { UpdateMsg: update, otherwise: stay } satisfies OpenSentRow,
  // @ts-expect-error Idle has no connection whose OPEN could be confirmed
  { BGPOpen: confirm, otherwise: stay } satisfies Row<Named<State, "Idle">>,
  // @ts-expect-error KeepAliveMsg carries no OPEN
  { KeepAliveMsg: confirm, otherwise: stay } satisfies OpenSentRow,
  // @ts-expect-error ManualStop carries no fault to tell
  { ManualStop: toIdle(faultOf), otherwise: stay } satisfies OpenSentRow,
  // @ts-expect-error openNow begins in Connect or Active
  { Tcp_CR_Acked: openNow, otherwise: stay } satisfies OpenSentRow,
  { ManualStart: stay, BGPOpen: confirm, otherwise: dial } satisfies OpenSentRow,
];

// @ts-expect-error a table without a row for every state
const incomplete: Transitions = { Idle: TRANSITIONS.Idle };

it("has a row for every state, each with its answer to everything else", () => {
  expect(Object.keys(TRANSITIONS)).toEqual(["Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established"]);
  for (const row of Object.values(TRANSITIONS)) expect(row.otherwise).toBeTypeOf("function");
  expect(rows).toHaveLength(9);
  expect(Object.keys(incomplete)).toEqual(["Idle"]);
});
