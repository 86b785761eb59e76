/** What BIRD 1.6 calls states and errors. */

import { describe, expect, it } from "vitest";
import { infoText, problemText, stateText } from "../../../src/control/bird/words.ts";
import { nodeStatusDocument } from "../../../src/control/node-status.ts";
import type { LastError } from "../../../src/daemon/api.ts";
import { notificationName } from "../../../src/messages/notification.ts";
import { lastError, peerView } from "../fake-daemon.ts";

const told = (direction: LastError["direction"], code: number, subcode: number, text = ""): LastError =>
  lastError({ direction, code, subcode, name: notificationName(code, subcode), text });
const ended = (name: string, text: string): LastError =>
  lastError({ direction: "local", code: 0, subcode: 0, name, text });

describe("the last error", () => {
  it.each([
    [told("received", 6, 2, "new cables"), "Received: Administrative shutdown"],
    [told("received", 6, 0), "Received: Cease"],
    [told("sent", 4, 0), "BGP Error: Hold timer expired"],
    [told("sent", 2, 2), "BGP Error: Bad peer AS"],
    [told("received", 2, 3), "Received: Bad BGP identifier"],
    [told("sent", 6, 7), "BGP Error: Connection collision resolution"],
    [told("sent", 3, 3), "BGP Error: Missing mandatory attribute"],
    [told("received", 5, 1), "Received: Unexpected message in OpenSent state"],
    [told("received", 2, 11), "Received: Role Mismatch"],
    [told("sent", 3, 77), "BGP Error: Unknown error 3.77"],
    [told("received", 99, 1), "Received: Unknown error 99.1"],
    [told("local", 8, 0), "BGP Error: Send Hold Timer Expired"],
    [ended("not connected", "ECONNREFUSED"), "Socket: Connection refused"],
    [ended("connection lost", "ECONNRESET"), "Socket: Connection reset by peer"],
    [ended("connection lost", "closed by the peer"), "Socket: Connection closed"],
    [ended("not connected", "no such \u001b thing"), "Error: no such \\u{1b} thing"],
    [ended("connection replaced", "the peer opened a new connection (graceful restart)"), "Error: Graceful restart"],
  ])("%j", (error, words) => {
    expect(problemText(peerView({ state: "Idle", waiting: "idle hold after an error", lastError: error }))).toBe(words);
    expect(problemText(peerView({ state: "Established", lastError: error }))).toBe("");
    expect(problemText(peerView({ state: "Idle", enabled: false, lastError: error }))).toBe("");
  });

  it("gives way to what a session waits for, but not to time that has to pass after it", () => {
    const wait = "neighbour a took the connection from 10.0.0.1";
    const error = told("received", 6, 5);
    for (const [waiting, words, status] of [[wait, `Error: ${wait}`, wait],
      ["idle hold after an error", "Received: Connection rejected", `Received: ${error.name.slice(6)}`]] as const) {
      const peer = peerView({ state: "Idle", waiting, lastError: error });
      expect(problemText(peer)).toBe(words);
      expect(nodeStatusDocument([peer], 0).ipv4[0]?.info).toBe(`Idle ${status}`);
    }
  });
  it("is what a session waits for where it had none yet", () => {
    expect(problemText(peerView({ state: "Idle", waiting: "no provider for passwords" })))
      .toBe("Error: no provider for passwords");
    expect(problemText(peerView({ state: "Connect" }))).toBe("");
  });
  it("is the limit that switched the session off", () => {
    const peer = peerView({ enabled: false, waiting: "prefix limit of ipv4-unicast: enable it to go on" });
    expect(infoText(peer)).toBe("Automatic shutdown: Route limit exceeded");
  });
});

describe("the state", () => {
  it.each([
    [{ state: "Active", passive: true }, "Passive"], [{ state: "Idle", passive: true }, "Passive"],
    [{ state: "OpenSent", passive: true }, "OpenSent"], [{ state: "Active" }, "Active"],
    [{ state: "Established" }, "Established"], [{ state: "Idle", enabled: false }, "Down"],
  ] as const)("%j is %s", (over, words) => {
    expect(stateText(peerView(over))).toBe(words);
  });
});
