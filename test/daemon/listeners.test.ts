/** Listeners change as a whole or not at all. */

import { describe, expect, it } from "vitest";
import type { ListenAddress } from "../../src/config/intent.ts";
import { Listeners } from "../../src/daemon/listeners.ts";

/** A host on which a wildcard and an address exclude each other on one port. */
function host(): { listeners: Listeners; open: Set<string>; warnings: string[]; refuse: Map<string, string> } {
  const open = new Set<string>();
  const warnings: string[] = [];
  const refuse = new Map<string, string>();
  const taken = ({ address, port }: ListenAddress): boolean => [...open].some((key) => {
    const [there, at] = key.split(" ");
    return Number(at) === port && (there === address || there === "0.0.0.0" || address === "0.0.0.0");
  });
  const listeners = new Listeners(async (where) => {
    const { address, port } = where;
    const code = refuse.get(address) ?? (taken(where) ? "EADDRINUSE" : undefined);
    if (code !== undefined) return { code, why: `${address}: ${code}` };
    open.add(`${address} ${port}`);
    return { address, port, close: async () => void open.delete(`${address} ${port}`) };
  }, (why) => void warnings.push(why));
  return { listeners, open, warnings, refuse };
}

const at = (address: string, port = 179): ListenAddress => ({ address, port });

describe("listeners", () => {
  it("go from the wildcard to one address of the same port and back", async () => {
    const { listeners, open } = host();
    expect(await listeners.become([at("0.0.0.0")])).toBeUndefined();
    expect(await listeners.become([at("192.0.2.1")])).toBeUndefined();
    expect([...open]).toEqual(["192.0.2.1 179"]);
    expect(await listeners.become([at("0.0.0.0"), at("192.0.2.1", 1179)])).toBeUndefined();
    expect([...open].sort()).toEqual(["0.0.0.0 179", "192.0.2.1 1179"]);
  });

  it("are as before where one cannot be had, also those that were in the way", async () => {
    const { listeners, open, refuse } = host();
    await listeners.become([at("0.0.0.0"), at("192.0.2.9", 1179)]);
    refuse.set("192.0.2.2", "EADDRNOTAVAIL");
    expect(await listeners.become([at("192.0.2.1"), at("192.0.2.2")])).toBe("192.0.2.2: EADDRNOTAVAIL");
    expect([...open].sort()).toEqual(["0.0.0.0 179", "192.0.2.9 1179"]);
    expect(listeners.addresses).toHaveLength(2);
  });

  it("do without the IPv6 wildcard where IPv6 is off, but not without everything", async () => {
    const { listeners, warnings, refuse } = host();
    refuse.set("::", "EAFNOSUPPORT");
    expect(await listeners.become([at("0.0.0.0"), at("::")])).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining("IPv4 goes on")]);
    expect(await host().listeners.become([])).toBeUndefined();
    const alone = host();
    alone.refuse.set("::", "EAFNOSUPPORT");
    expect(await alone.listeners.become([at("::")])).toBe("::: EAFNOSUPPORT");
  });

  it("close all", async () => {
    const { listeners, open } = host();
    await listeners.become([at("192.0.2.1"), at("192.0.2.2")]);
    await listeners.close();
    expect([open.size, listeners.addresses.length]).toEqual([0, 0]);
  });
});
