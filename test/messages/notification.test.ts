/** NOTIFICATION, shutdown communication, KEEPALIVE and ROUTE-REFRESH. */

import { describe, expect, it } from "vitest";
import { fromHex, toHex } from "../../src/base/bytes.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import {
  decodeHardReset, decodeNotification, decodeShutdownCommunication, describeNotification,
  encodeNotification, encodeShutdownCommunication, notificationName,
} from "../../src/messages/notification.ts";
import { decodeRouteRefresh, encodeRouteRefresh } from "../../src/messages/route-refresh.ts";
import { framed } from "../support/arbitraries-messages.ts";

describe("NOTIFICATION", () => {
  it.each<[number, number, string]>([
    [1, 2, "Message Header Error/Bad Message Length"], [2, 11, "OPEN Message Error/Role Mismatch"],
    [3, 11, "UPDATE Message Error/Malformed AS_PATH"], [4, 0, "Hold Timer Expired"],
    [4, 7, "Hold Timer Expired/Subcode 7"],
    [5, 3, "Finite State Machine Error/Unexpected Message in Established"], [6, 2, "Cease/Administrative Shutdown"],
    [6, 9, "Cease/Hard Reset"], [6, 10, "Cease/BFD Down"], [6, 200, "Cease/Subcode 200"],
    [7, 1, "ROUTE-REFRESH Message Error/Invalid Message Length"], [8, 0, "Send Hold Timer Expired"],
    [9, 1, "Error 9/Subcode 1"], [0, 0, "Error 0/Subcode 0"],
  ])("%i/%i is called %s", (code, subcode, name) => {
    expect(notificationName(code, subcode)).toBe(name);
  });

  it("comes back", () => {
    const notification = { code: 6, subcode: 2, data: encodeShutdownCommunication("maintenance") };
    expect(decodeNotification(encodeNotification(notification))).toEqual(notification);
  });

  it("is cut to an ordinary message", () => {
    expect(encodeNotification({ code: 3, subcode: 1, data: new Uint8Array(65535) })).toHaveLength(4096);
  });

  it("that is too short is a fault of its length", () => {
    expect(decodeNotification(framed(3, Uint8Array.of(6)))).toMatchObject({ code: 1, subcode: 2 });
  });

  it("says the text of the one inside a Hard Reset (RFC 8538)", () => {
    const inner = { code: 6, subcode: 2, data: encodeShutdownCommunication("bye") };
    const data = Uint8Array.of(inner.code, inner.subcode, ...inner.data);
    expect(decodeHardReset(data)).toEqual(inner);
    expect(describeNotification({ code: 6, subcode: 9, data })).toEqual({
      code: 6, subcode: 9, name: "Cease/Hard Reset", data: "060203627965", inner: "Cease/Administrative Shutdown",
        text: "bye",
    });
    expect(decodeHardReset(Uint8Array.of(6))).toBeUndefined();
  });
});

describe("the shutdown communication", () => {
  it.each<[string, string, string | undefined]>([
    ["nothing", "", undefined], ["an empty text", "00", undefined],
    ["a length that lies (CVE-2019-16159)", "ff 61 62", undefined], ["a length without text", "01", undefined],
    ["a text", "02 6869", "hi"], ["octets behind the text", "02 6869 2121", "hi"],
    ["what is not UTF-8", "03 61ff62", "a\ufffdb"], ["a line feed and an escape", "03 610a1b", "a\\u{a}\\u{1b}"],
    ["a turn of the writing direction", "03 e280ae", "\\u{202e}"], ["a byte order mark", "03 efbbbf", "\\u{feff}"],
  ])("reads %s", (_name, hex, text) => {
    expect(decodeShutdownCommunication(fromHex(hex)!)).toBe(text);
  });

  it("of 255 octets is read, whatever they are", () => {
    expect(decodeShutdownCommunication(new Uint8Array(256).fill(255))).toBe("\ufffd".repeat(255));
  });

  it("is cut at a character", () => {
    const data = encodeShutdownCommunication("€".repeat(100)); // three octets each
    expect(data).toHaveLength(256);
    expect(data[0]).toBe(255);
    expect(encodeShutdownCommunication("a" + "€".repeat(100))[0]).toBe(253);
    expect(encodeShutdownCommunication("")).toHaveLength(0);
    expect(decodeShutdownCommunication(data)).toBe("€".repeat(85));
  });
});

describe("KEEPALIVE", () => {
  it("is a header", () => {
    expect(toHex(KEEPALIVE)).toBe(`${"ff".repeat(16)}001304`);
  });
});

describe("ROUTE-REFRESH", () => {
  it.each([0, 1, 2])("of subtype %i comes back", (subtype) => {
    const refresh = { afi: 2, safi: 1, subtype };
    const octets = encodeRouteRefresh(refresh);
    expect(toHex(octets.subarray(19))).toBe(`00020${subtype}01`);
    expect(decodeRouteRefresh(octets)).toEqual(refresh);
  });

  it.each<[string, string, number, number]>([
    ["a request that is short", "0001 00", 1, 2], ["a request that is long", "0001 00 01 00", 1, 2],
    ["no subtype", "0001", 1, 2], ["nothing", "", 1, 2],
    ["BoRR that is short", "0001 01", 7, 1], ["EoRR that is long", "0001 02 01 00", 7, 1],
    ["an unknown subtype that is short", "0001 03", 1, 2],
  ])("with %s is a fault", (_name, body, code, subcode) => {
    const message = framed(5, fromHex(body)!);
    const data = code === 7 ? message : Uint8Array.of(0, message.length);
    expect(decodeRouteRefresh(message)).toMatchObject({ disposition: "reset", code, subcode, data });
  });

  it("of an unknown subtype is no fault, however long", () => {
    expect(decodeRouteRefresh(framed(5, fromHex("0001 80 01 ffff")!))).toEqual({ afi: 1, safi: 1, subtype: 128 });
  });
});
