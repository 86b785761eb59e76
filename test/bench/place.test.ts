/** Addresses of a cell. The namespace itself is made by root only and is tried by the benchmark's smoke run. */

import { describe, expect, it } from "vitest";
import { clientAddress, clientRange, daemonAddress, enter, makePlace } from "../../bench/place.ts";
import type { Place } from "../../bench/place.ts";

const NAMESPACE: Place = { namespace: "n", daemonAddress: "10.255.255.1", port: 179, firstClient: 0x0a010001,
  clientRange: "10.0.0.0/8", ipv6Transport: true };

describe("a place", () => {
  it("gives clients addresses in a row, over the end of an octet", () => {
    expect([0, 254, 255].map((index) => clientAddress(NAMESPACE, "ipv4", index)))
      .toEqual(["10.1.0.1", "10.1.0.255", "10.1.1.0"]);
  });
  it("carries IPv6 routes over IPv6 in a namespace", () => {
    expect(daemonAddress(NAMESPACE, "ipv6")).toBe("fd00::aff:ff01");
    expect(clientAddress(NAMESPACE, "ipv6", 255)).toBe("fd00::a01:100");
    expect(clientRange(NAMESPACE, "ipv6")).toBe("fd00::/8");
    expect(enter(NAMESPACE)).toEqual(["ip", "netns", "exec", "n"]);
  });
  it("is the host's loopback without root, for both families over IPv4", async () => {
    const { place } = await makePlace(false);
    expect(place.port).toBeGreaterThan(0);
    expect(enter(place)).toEqual([]);
    expect(daemonAddress(place, "ipv6")).toBe("127.0.0.1");
    expect(clientAddress(place, "ipv6", 0)).toBe("127.1.0.1");
  });
});
