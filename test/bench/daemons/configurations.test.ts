/** What daemons are told: reflectd's by its own reader, the others where a mistake would be silent. */

import { describe, expect, it } from "vitest";
import { DAEMONS } from "../../../bench/daemons/all.ts";
import { abridged } from "../../../bench/daemons/bird.ts";
import { bird1Configuration } from "../../../bench/daemons/bird1.ts";
import { bird2Configuration } from "../../../bench/daemons/bird2.ts";
import type { DaemonSetup } from "../../../bench/daemons/daemon.ts";
import { frrConfiguration } from "../../../bench/daemons/frr.ts";
import { gobgpConfiguration } from "../../../bench/daemons/gobgp.ts";
import { openbgpdConfiguration } from "../../../bench/daemons/openbgpd.ts";
import { ticksOf } from "../../../bench/daemons/process.ts";
import { reflectdConfiguration } from "../../../bench/daemons/reflectd.ts";
import { DAEMON_NAMES } from "../../../bench/results.ts";
import { readConfiguration } from "../../../src/config/reader.ts";

const SETUP: DaemonSetup = { folder: "/tmp/x", sessions: 3, family: "ipv4", addPath: false, reloads: false,
  joinsAtOnce: false,
  nodeOptions: [], place: { namespace: "n", daemonAddress: "10.255.255.1", port: 179, firstClient: 0x0a010001,
    clientRange: "10.0.0.0/8", ipv6Transport: true } };

/** The other daemons' configurations, in a form that is alike; FRR and GoBGP are told a policy by commands. */
const TEXTS: Readonly<Record<string, (setup: DaemonSetup, rejects: boolean) => string>> = {
  bird1: bird1Configuration,
  bird2: bird2Configuration,
  frr: frrConfiguration,
  gobgp: gobgpConfiguration,
  openbgpd: (setup, rejects) => openbgpdConfiguration(setup, "/tmp/x/s", rejects),
};
const ADD_PATH = /add.?path/;

describe("daemons", () => {
  it("are all there, in the order of their names", () => {
    expect(DAEMONS.map(({ name }) => name)).toEqual(DAEMON_NAMES);
  });
  it("give reflectd a file that it takes without a word", () => {
    for (const [family, addPath, rejects] of [["ipv4", false, false], ["ipv6", true, true]] as const) {
      const text = JSON.stringify(reflectdConfiguration({ ...SETUP, family, addPath }, "/tmp/x/s", 9179, rejects));
      expect(readConfiguration(text, "x.json")).not.toHaveProperty("faults");
    }
  });
  it.each(Object.entries(TEXTS))("ask %s for ADD-PATH, the family and the policy only where wanted", (name, textOf) => {
    expect(textOf(SETUP, false)).not.toMatch(ADD_PATH);
    expect(textOf({ ...SETUP, addPath: true }, false)).toMatch(ADD_PATH);
    expect(textOf(SETUP, false)).not.toMatch(/fd00/);
    expect(textOf({ ...SETUP, family: "ipv6" }, false)).toMatch(/fd00/);
    const reloading = { ...SETUP, reloads: true };
    expect(textOf(reloading, true) === textOf(reloading, false)).toBe(["frr", "gobgp"].includes(name));
  });
  it("let FRR tell sessions together where many join at once only", () => {
    expect(frrConfiguration(SETUP)).toContain("coalesce-time 0\n");
    expect(frrConfiguration({ ...SETUP, joinsAtOnce: true })).toContain("coalesce-time 1000\n");
  });
  it.each(["bird1", "bird2"])("keep the route to the next hops from the clients of %s without a filter", (name) => {
    const text = TEXTS[name]!(SETUP, false);
    expect(text).toMatch(/igp table hops;[^}]*export all;/);
    expect(text).toMatch(/protocol static \{.*table hops;.* route 10\.0\.0\.0\/8/);
  });
  it("show one of BIRD 1.6's sessions in the report", () => {
    const text = bird1Configuration(SETUP, false);
    expect(text.match(/^protocol bgp/gm)).toHaveLength(3);
    expect(abridged(text).match(/^protocol bgp/gm)).toHaveLength(1);
    expect(abridged(text)).toMatch(/and 2 more like it/);
  });
});

it("CPU time is found behind any name of a process", () => {
  expect(ticksOf("7 (a (b) c) S 1 7 7 0 -1 4194560 100 0 0 0 12 30 0 0 20 0")).toBe(42);
});
