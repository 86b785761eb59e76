/** The short way through canonical blocks says yes only where the full reader changes nothing and finds no fault. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toHex } from "../../src/base/bytes.ts";
import { setAttribute } from "../../src/messages/attributes/block.ts";
import { ATTRIBUTE, CATEGORY } from "../../src/messages/attributes/codes.ts";
import { isCanonicalAsSent } from "../../src/messages/attributes/plain.ts";
import { checkMandatory, readAttributes } from "../../src/messages/attributes/read.ts";
import type { AttributeContext } from "../../src/messages/attributes/read.ts";
import { encodeAttributes } from "../../src/messages/describe.ts";
import { mutated, routeAttributes } from "../support/arbitraries-messages.ts";
import { EBGP, IBGP, OLD } from "../support/attributes.ts";

const reached = { yes: 0, no: 0, yesAfterMutation: 0, outside: 0 };

/** Whether the attributes fill the block: what the caller of the short way has seen. */
function fills(block: Uint8Array): boolean {
  let at = 0;
  while (at + 3 <= block.length) {
    const wide = (block[at]! & 0x10) !== 0;
    if (wide && at + 4 > block.length) return false;
    at += wide ? 4 + ((block[at + 2]! << 8) | block[at + 3]!) : 3 + block[at + 2]!;
  }
  return at === block.length;
}

function agrees(block: Uint8Array, context: AttributeContext, classic: boolean): boolean {
  const said = isCanonicalAsSent(block, 0, block.length, context, classic);
  if (!said) return false;
  const reading = readAttributes(block, 0, block.length, context);
  expect(reading.faults).toEqual([]);
  if (classic) expect(checkMandatory(reading, { hasClassicNlri: true })).toEqual([]);
  const kept = reading.nextHop === undefined ? reading.block
    : setAttribute(reading.block, ATTRIBUTE.NEXT_HOP, CATEGORY.WELL_KNOWN, reading.nextHop);
  expect(toHex(kept)).toBe(toHex(block));
  expect(reading.nextHop !== undefined).toBe(classic);
  return true;
}

describe("blocks that are canonical as they were sent", () => {
  it("are what the full reader keeps to the letter", () => {
    const nextHop = fc.constantFrom(undefined, Uint8Array.of(10, 0, 0, 1), Uint8Array.of(224, 0, 0, 1));
    const sent = fc.tuple(routeAttributes, nextHop).map(([json, hop]) => {
      const block = encodeAttributes(json);
      return hop === undefined ? block : setAttribute(block, ATTRIBUTE.NEXT_HOP, CATEGORY.WELL_KNOWN, hop);
    });
    const context = fc.constantFrom(IBGP, EBGP, OLD);
    fc.assert(fc.property(sent.chain((block) => fc.tuple(fc.constant(block), mutated(block))), context, fc.boolean(),
      ([block, changed], session, classic) => {
        if (agrees(block, session, classic)) reached.yes++;
        else reached.no++;
        if (!fills(changed)) reached.outside++;
        else if (agrees(changed, session, classic)) reached.yesAfterMutation++;
      }), { numRuns: 3_000 });
    for (const [what, times] of Object.entries(reached)) expect(times, what).toBeGreaterThan(0);
  });
});
