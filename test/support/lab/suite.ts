/**
 * When an interop suite may be skipped. Rule: never silently; the title says what was missing and the test runner
 * repeats it. In CI, as root on Debian, where the installer could have fetched it, a missing daemon is a failure.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ETCD_PROGRAMS } from "../calico/etcd.ts";
import { BIRD_PROGRAMS } from "./bird.ts";
import { FRR_PROGRAMS } from "./frr.ts";
import { GOBGP_PROGRAMS } from "./gobgp.ts";
import { OPENBGPD_PROGRAMS } from "./openbgpd.ts";
import { isExecutable } from "./processes.ts";

/** True in `npm run soak`: the full counts. */
export const SOAK: boolean = process.env.REFLECTD_SOAK === "1";

/** A component that a suite cannot do without. */
export type Need = "bird-1.6.8" | "bird2" | "etcd" | "frr" | "gobgpd" | "kubectl" | "openbgpd" | "tshark";

/** Where Debian's kubernetes-client has it. */
export const KUBECTL = "/usr/bin/kubectl";

const NEEDS: Readonly<Record<Need, readonly string[]>> = {
  "bird-1.6.8": [...BIRD_PROGRAMS["1.6"], ...BIRD_PROGRAMS["1.6-ipv6"]],
  bird2: BIRD_PROGRAMS["2"],
  etcd: ETCD_PROGRAMS,
  frr: FRR_PROGRAMS,
  gobgpd: GOBGP_PROGRAMS,
  kubectl: [KUBECTL, "/usr/bin/openssl"],
  openbgpd: OPENBGPD_PROGRAMS,
  tshark: ["/usr/bin/tshark", "/usr/bin/tcpdump"],
};

/** Declares a suite of tests with real daemons in namespaces. */
export function interopSuite(title: string, needs: readonly Need[], body: () => void): void {
  const obstacle = whyNoLab();
  const missing = needs.filter((need) => !NEEDS[need].every(isExecutable));
  if (obstacle !== undefined) describe.skip(`${title} (needs ${obstacle})`, body);
  else if (missing.length === 0) describe(title, body);
  else if (process.env.CI === "true" && existsSync("/etc/debian_version")) {
    describe(title, () => { it("has its components", () => { expect(missing).toEqual([]); }); });
  } else describe.skip(`${title} (missing: ${missing.join(", ")})`, body);
}

let obstacleFound: string | undefined | null = null;

/** What this machine lacks for any lab at all; tried once. */
function whyNoLab(): string | undefined {
  if (obstacleFound === null) obstacleFound = findObstacle();
  return obstacleFound;
}

function findObstacle(): string | undefined {
  if (process.platform !== "linux") return "Linux";
  if (process.getuid?.() !== 0) return "root";
  const name = `reflectd-${process.pid}-probe`;
  const added = spawnSync("ip", ["netns", "add", name], { stdio: "ignore" }).status === 0;
  if (!added) return "ip netns";
  spawnSync("ip", ["netns", "delete", name], { stdio: "ignore" });
  return undefined;
}
