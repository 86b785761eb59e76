/** When and how often our CalicoNodeStatus are filled, on virtual time: calico.md 8.4. */

import { beforeEach, expect, it } from "vitest";
import type { NodeWritten } from "../../src/calico/datastore/datastore.ts";
import type { CalicoNodeStatus } from "../../src/calico/resources/model.ts";
import { StatusReporter } from "../../src/calico/status-reporter.ts";
import type { JsonObject } from "../../src/config/json.ts";
import { VirtualTimers } from "../support/calico/timers.ts";

const asked = (name: string, over: Partial<CalicoNodeStatus> = {}): CalicoNodeStatus =>
  ({ name, node: "n", classes: ["BGP"], updatePeriodSeconds: 10, ...over });

let timers: VirtualTimers;
let status: JsonObject | { readonly why: string };
let outcome: NodeWritten;
let reports: string[];
let written: [string, JsonObject][];
let reporter: StatusReporter;

beforeEach(() => {
  timers = new VirtualTimers();
  [status, outcome, reports, written] = [{ bgp: { numberEstablishedV4: 1 } }, "written", [], []];
  reporter = new StatusReporter({
    timers, wallMilliseconds: () => Date.UTC(2026, 2, 1) + timers.now,
    report: async (classes) => { reports.push([...classes].join()); return status; },
    write: async (name, value) => { written.push([name, value]); return outcome; },
  });
});

async function pass(seconds: number): Promise<void> {
  const end = timers.now + seconds * 1000;
  do for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  while (timers.step(end));
}

const times = (): string[] => written.map(([, { lastUpdated }]) => String(lastUpdated).slice(14));

it("fills each at once and then at its own pace, where something has changed", async () => {
  reporter.follow([asked("a"), asked("b", { classes: ["Agent", "Routes"], updatePeriodSeconds: 60 })]);
  await pass(0);
  expect(written).toEqual([["a", { lastUpdated: "2026-03-01T00:00:00Z", bgp: { numberEstablishedV4: 1 } }],
    ["b", { lastUpdated: "2026-03-01T00:00:00Z", bgp: { numberEstablishedV4: 1 } }]]);
  await pass(61);
  expect(reports.filter((classes) => classes === "BGP")).toHaveLength(7);
  expect(reports.filter((classes) => classes === "Agent,Routes")).toHaveLength(2);
  expect(written).toHaveLength(2);
  status = { bgp: { numberEstablishedV4: 2 } };
  await pass(60);
  expect(written.slice(2).map(([name]) => name)).toEqual(["a", "b"]);
  expect(times()).toEqual(["00:00Z", "00:00Z", "01:10Z", "02:00Z"]);
});

it("fills one with a period of 0 once, and again when it asks for something else", async () => {
  reporter.follow([asked("a", { updatePeriodSeconds: 0 })]);
  await pass(3600);
  expect([reports.length, timers.size]).toEqual([1, 0]);
  reporter.follow([asked("a", { updatePeriodSeconds: 0 })]);
  await pass(3600);
  expect(reports).toEqual(["BGP"]);
  reporter.follow([asked("a", { updatePeriodSeconds: 0, classes: ["Agent"] })]);
  await pass(3600);
  expect(reports).toEqual(["BGP", "Agent"]);
});

it("says what could not be written, and tries again", async () => {
  outcome = { why: "409 changed" };
  reporter.follow([asked("a"), asked("once", { updatePeriodSeconds: 0 })]);
  await pass(1);
  expect(reporter.faults).toEqual(["a", "once"].map((name) =>
    ({ kind: "CalicoNodeStatus", name, field: "status", why: "409 changed" })));
  outcome = "written";
  await pass(60);
  expect(reporter.faults).toEqual([]);
  expect(times()).toEqual(["00:00Z", "00:00Z", "00:10Z", "01:00Z"]);
  status = { why: "too many routes" };
  await pass(10);
  expect(reporter.faults).toMatchObject([{ name: "a", why: "too many routes" }]);
  expect(written).toHaveLength(4);
});

it("ends with the resource, and with us, whatever is under way", async () => {
  reporter.follow([asked("a"), asked("b")]);
  await pass(25);
  reporter.follow([asked("b")]);
  status = { bgp: {} };
  await pass(20);
  expect(written.slice(2).map(([name]) => name)).toEqual(["b"]);
  status = { bgp: { numberEstablishedV4: 3 } };
  while (!timers.step(timers.now + 10_000));
  reporter.stop();
  await pass(3600);
  expect([written.length, timers.size, reporter.faults]).toEqual([3, 0, []]);
});
