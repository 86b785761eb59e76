/** Listeners change as a whole or not at all, or each by itself as far as it can. */

import { afterEach, describe, expect, it } from "vitest";
import type { ListenAddress } from "../../src/config/intent.ts";
import { Listeners } from "../../src/daemon/listeners.ts";
import { testDaemon } from "../support/running-daemon.ts";
import type { TestDaemon } from "../support/running-daemon.ts";
import { until } from "../transport/loopback-speaker.ts";

interface Host {
  readonly listeners: Listeners;
  readonly open: Set<string>;
  /** Everything that was ever opened. */
  readonly opened: string[];
  readonly warnings: string[];
  readonly refuse: Map<string, string>;
}

const WILDCARDS = ["0.0.0.0", "::"];
const isSix = (address: string): boolean => address.includes(":");

/** A host on which a wildcard and an address of its family exclude each other on one port. */
function host(): Host {
  const open = new Set<string>();
  const opened: string[] = [];
  const warnings: string[] = [];
  const refuse = new Map<string, string>();
  const taken = ({ address, port }: ListenAddress): boolean => [...open].some((key) => {
    const [there = "", at] = key.split(" ");
    return Number(at) === port && isSix(there) === isSix(address)
      && (there === address || WILDCARDS.includes(there) || WILDCARDS.includes(address));
  });
  const listeners = new Listeners(async (where) => {
    const { address, port } = where;
    const code = refuse.get(address) ?? (taken(where) ? "EADDRINUSE" : undefined);
    if (code !== undefined) return { code, why: `${address}: ${code}` };
    open.add(`${address} ${port}`);
    opened.push(address);
    return { address, port, close: async () => void open.delete(`${address} ${port}`) };
  }, (why) => void warnings.push(why));
  return { listeners, open, opened, warnings, refuse };
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

  it("say so where one that was in the way does not come back", async () => {
    const { listeners, refuse } = host();
    await listeners.become([at("0.0.0.0")]);
    refuse.set("192.0.2.2", "EADDRNOTAVAIL").set("0.0.0.0", "EADDRINUSE");
    expect(await listeners.become([at("192.0.2.2")])).toBe("192.0.2.2: EADDRNOTAVAIL; 0.0.0.0: EADDRINUSE");
    expect(listeners.addresses).toEqual([]);
  });

  it("do without the IPv6 wildcard where IPv6 is off, but not without everything", async () => {
    const { listeners, warnings, refuse } = host();
    refuse.set("::", "EAFNOSUPPORT");
    expect(await listeners.become([at("0.0.0.0"), at("::")])).toBeUndefined();
    expect(await listeners.approach([at("0.0.0.0"), at("::")])).toBeUndefined();
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

describe("listeners one by one", () => {
  const BOTH = [at("192.0.2.1"), at("fd00::1")];

  it("cost none of the others where one cannot be had, and are complete once it can", async () => {
    const { listeners, open, refuse } = host();
    refuse.set("fd00::1", "EADDRNOTAVAIL");
    expect(await listeners.approach([...BOTH, at("192.0.2.2")]))
      .toEqual({ why: "fd00::1: EADDRNOTAVAIL", isTaken: false });
    expect([...open].sort()).toEqual(["192.0.2.1 179", "192.0.2.2 179"]);
    refuse.clear();
    expect(await listeners.approach(BOTH)).toBeUndefined();
    expect([...open].sort()).toEqual(["192.0.2.1 179", "fd00::1 179"]);
  });

  it("keep what was there in the place of one that cannot be had, and do not close it for each attempt", async () => {
    const { listeners, open, opened, refuse } = host();
    await listeners.approach([at("0.0.0.0"), at("::")]);
    refuse.set("fd00::1", "EADDRNOTAVAIL");
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await listeners.approach(BOTH)).toEqual({ why: "fd00::1: EADDRNOTAVAIL", isTaken: false });
      expect([...open].sort()).toEqual(["192.0.2.1 179", ":: 179"]);
    }
    expect(opened).toEqual(["0.0.0.0", "::", "192.0.2.1"]);
    refuse.clear();
    expect(await listeners.approach(BOTH)).toBeUndefined();
    expect([...open].sort()).toEqual(["192.0.2.1 179", "fd00::1 179"]);
  });

  it("bring back what was in the way for nothing", async () => {
    const { listeners, open, refuse } = host();
    await listeners.approach([at("0.0.0.0")]);
    refuse.set("192.0.2.1", "EADDRINUSE");
    expect(await listeners.approach([at("192.0.2.1")])).toEqual({ why: "192.0.2.1: EADDRINUSE", isTaken: true });
    expect([...open]).toEqual(["0.0.0.0 179"]);
  });
});

describe("a reload with another listener", () => {
  let daemon: TestDaemon;
  afterEach(() => daemon.stop());

  it("waits for no session that came by the one before, and leaves it as it is", async () => {
    const neighbors = [{ address: "127.0.0.3", passive: true }];
    daemon = await testDaemon({ neighbors });
    const { ends, session } = daemon.peer("127.0.0.3", 64512, []);
    await until("Established", () => session.view().state === "Established");
    daemon.configure({ neighbors, listen: [{ address: "127.0.0.2", port: 0 }] });
    expect(await daemon.api.reload()).toMatchObject({ untouched: ["127.0.0.3"], reset: [] });
    expect([session.view().state, ends]).toEqual(["Established", []]);
  });
});
