/** Ends whose meaning is inside a Hard Reset (RFC 8538 §3.1), and what follows them. */

import { describe, expect, it } from "vitest";
import { aftermathOf, ceased, faulted, hardened, holdExpired, received } from "../../src/fsm/ends.ts";
import { resetFault } from "../../src/messages/fault.ts";
import { CEASE } from "../../src/messages/notification.ts";

describe("hardened", () => {
  it("puts a final Cease into a Hard Reset, and the text can be read out of it", () => {
    const { end, notification } = hardened(ceased(CEASE.ADMINISTRATIVE_SHUTDOWN, "bye"));
    expect(notification).toEqual({ code: 6, subcode: 9, data: Uint8Array.of(6, 2, 3, 98, 121, 101) });
    expect(end).toMatchObject({ direction: "sent", code: 6, subcode: 9, name: "Cease/Hard Reset", text: "bye" });
    expect(received(notification!).end).toMatchObject({ direction: "received", subcode: 9, text: "bye" });
  });

  it.each([1, 2, 3, 8])("does so with subcode %i", (subcode) => {
    expect(hardened(ceased(subcode, "")).notification?.subcode).toBe(CEASE.HARD_RESET);
  });

  it("leaves alone what the peer may keep our routes after", () => {
    const ends = [ceased(CEASE.ADMINISTRATIVE_RESET, "x"), ceased(CEASE.CONFIGURATION_CHANGE, ""), holdExpired(),
      faulted(resetFault(3, 1, new Uint8Array(), "planted"))];
    for (const ending of ends) expect(hardened(ending)).toBe(ending);
  });
});

describe("aftermathOf", () => {
  it("is that of the Cease inside", () => {
    const after = (subcode: number): string => aftermathOf(hardened(ceased(subcode, "")).end);
    expect([after(CEASE.MAXIMUM_PREFIXES), after(CEASE.OUT_OF_RESOURCES), after(CEASE.PEER_DECONFIGURED)])
      .toEqual(["rest", "rest", "retry"]);
    expect(aftermathOf(received({ code: 6, subcode: 9, data: Uint8Array.of(6, 1) }).end)).toBe("backOff");
  });
});
