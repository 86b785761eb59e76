/** Faults of a host that forwards, and what each cost the traffic through it. */

import { readFileSync } from "node:fs";
import { childProcessesOf, must } from "../lab/processes.ts";
import { SOAK } from "../lab/suite.ts";
import { staysFor, waitFor } from "../lab/waiting.ts";
import { Unmeasurable } from "../traffic/traffic.ts";
import type { Traffic, TrafficReport } from "../traffic/traffic.ts";
import type { ForwardingNetwork } from "./network.ts";
import { difference } from "./kernel-table.ts";

/** What happened once. */
export interface FaultCost extends TrafficReport {
  readonly what: string;
  /** From the fault's end until the table was as planned, milliseconds. */
  readonly healedAfter: number;
}

/** Where faults are brought about. */
export interface FaultScene {
  readonly network: ForwardingNetwork;
  readonly traffic: Traffic;
  /** The table of the host under test, now. */
  table(): Promise<readonly string[]>;
  /** What it must be. */
  readonly plan: readonly string[];
  /** Whether every session of every host is up. */
  isUp(): Promise<boolean>;
}

/** The table is as planned so long after a fault (what the fault takes itself does not count). */
const HEALED_MS = 10_000;
/** It must stay so. */
const STAYS_MS = SOAK ? 10_000 : 500;
/** BIRD's longest wait after an error is 30 s. */
const SESSIONS_MS = 90_000;

/** A fault is brought about so often until the machine was idle enough to see what it cost. */
const TRIES_MAX = 4;

/** Brings a fault about, waits until everything is as before, and says what it cost. */
export async function costOf(scene: FaultScene, what: string, act: () => Promise<void>): Promise<FaultCost> {
  for (let tries = 1; ; tries++) {
    try {
      return await costOnce(scene, what, act);
    } catch (error) {
      if (!(error instanceof Unmeasurable) || tries >= TRIES_MAX) throw error;
    }
  }
}

async function costOnce(scene: FaultScene, what: string, act: () => Promise<void>): Promise<FaultCost> {
  const { network: { lab }, traffic } = scene;
  const asPlanned = (table: readonly string[]): boolean => {
    const { onlyFirst, onlySecond } = difference(table, scene.plan);
    return onlyFirst.length + onlySecond.length === 0;
  };
  const from = await traffic.mark();
  await act();
  const actedAt = performance.now();
  await waitFor(lab, `${what}: the table as planned`, () => scene.table(), asPlanned, HEALED_MS);
  const healedAfter = Math.round(performance.now() - actedAt);
  await waitFor(lab, `${what}: all sessions`, () => scene.isUp(), (up) => up, SESSIONS_MS);
  await staysFor(lab, `${what}: the table as planned`, () => scene.table(), asPlanned, STAYS_MS);
  return { what, healedAfter, ...await traffic.report(from, traffic.now()) };
}

/** A line per fault for people: how often, what was lost at worst, how long TCP stood still at worst. */
export function costsText(costs: readonly FaultCost[]): string {
  const lines = [...new Set(costs.map(({ what }) => what))].map((what) => {
    const all = costs.filter((cost) => cost.what === what);
    const sent = all.reduce((sum, cost) => sum + cost.sent, 0);
    const lost = all.flatMap(({ losses }) => losses).reduce((sum, loss) => sum + loss.lost, 0);
    const worst = all.flatMap(({ losses }) => losses).sort((a, b) => b.longest - a.longest)[0];
    const gap = worst === undefined ? "no gap" : `longest gap ${worst.longest} ms (${worst.pair})`;
    const resets = all.reduce((sum, cost) => sum + cost.resets.length, 0);
    const stoodStill = Math.round(Math.max(...all.map(({ longestPause }) => longestPause)));
    const healedAfter = Math.max(...all.map((cost) => cost.healedAfter));
    return `${what} × ${all.length}: ${lost} of ${sent} datagrams lost, ${gap}, TCP stood still for ${stoodStill} ms, `
      + `${resets} resets, table as planned after ${healedAfter} ms`;
  });
  return `${lines.join("\n")}\n`;
}

/** The child of a process whose last argument is `role`; undefined where there is none. */
export function childOf(pid: number, role: string): number | undefined {
  return childProcessesOf(pid).find((child) => {
    try {
      return readFileSync(`/proc/${child}/cmdline`, "utf8").split("\0").at(-2) === role;
    } catch {
      return false; // it ended since it was listed
    }
  });
}

/** `ip` in a host's namespace. */
export async function ip(namespace: string, command: string): Promise<void> {
  await must(["ip", "-n", namespace, ...command.split(" ")]);
}
