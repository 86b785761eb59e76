/** Felix's files of the pods that peer with their own node: calico.md 3.8. */

import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import type { Timers } from "../../../src/calico/datastore/datastore.ts";
import { WorkloadFolder } from "../../../src/calico/datastore/workloads.ts";
import type { WorkloadEndpoint } from "../../../src/calico/resources/model.ts";
import { FAST } from "../../support/calico/mirror.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** A file of Felix's for a pod with these addresses. */
const pod = (bgpPeerName: string, ...nets: readonly string[]): string => JSON.stringify({
  ifaceName: "cali0123456789a", bgpPeerName, ipv4Nets: nets.filter((net) => !net.includes(":")),
  ipv6Nets: nets.filter((net) => net.includes(":")) });

interface World {
  readonly told: (readonly WorkloadEndpoint[])[];
  readonly stop: () => Promise<void>;
  write(name: string, text: string): void;
  remove(name: string): void;
  /** Puts a file in the folder's place, or nothing. */
  replaceBy(text: string | undefined): void;
  /** How often it has been looked at. */
  looks(): number;
  last(want: readonly WorkloadEndpoint[]): Promise<void>;
}

/** A folder that is there already, or not. */
function follow(isThere: boolean): World {
  const parent = temporaryFolder();
  const folder = join(parent, "endpoint-status");
  if (isThere) mkdirSync(folder);
  const told: (readonly WorkloadEndpoint[])[] = [];
  let looks = 0;
  const after: Timers["after"] = (milliseconds, run) => {
    looks += 1;
    return FAST.after(milliseconds, run);
  };
  const workloads = new WorkloadFolder(folder, { ...FAST, after });
  workloads.start((all) => told.push(all));
  const stop = (): Promise<void> => workloads.stop();
  onTestFinished(stop);
  return {
    told, stop,
    write(name, text) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, name), text);
    },
    replaceBy(text) {
      rmSync(folder, { recursive: true });
      if (text !== undefined) writeFileSync(folder, text);
    },
    looks: () => looks,
    remove: (name) => rmSync(join(folder, name), { recursive: true }),
    last: (want) => vi.waitFor(() => expect(told.at(-1)).toEqual(want), { timeout: 10_000, interval: 5 }),
  };
}

const A: WorkloadEndpoint = { bgpPeerName: "pods", ipv4: "10.65.0.2", ipv6: "fd00::2" };
const B: WorkloadEndpoint = { bgpPeerName: "others", ipv4: "10.65.0.3", ipv6: undefined };

it("tells the first address of each family of every pod that asks for a session, and every change", async () => {
  const world = follow(true);
  await world.last([]);
  world.write("a", pod("pods", "10.65.0.2/32", "10.65.0.9/32", "fd00:0::2/128"));
  await world.last([A]);
  world.write("b", pod("others", "10.65.0.3"));
  world.write("c", pod("", "10.65.0.4/32"));
  world.write("d", "[]");
  await world.last([A, B]);
  world.remove("a");
  await world.last([B]);
  world.write("b", pod("", "10.65.0.3"));
  await world.last([]);
});

it("keeps what a file said that is half written, and leaves out what never made sense", async () => {
  const world = follow(true);
  world.write("a", pod("pods", "10.65.0.2/32", "fd00::2/128"));
  await world.last([A]);
  world.write("a", pod("pods", "10.65.0.2/32").slice(0, 20));
  world.write("b", "{");
  world.write("big", pod("x".repeat(100_000), "10.65.0.5/32"));
  world.write("c", pod("others", "10.65.0.3/32"));
  await world.last([A, B]);
  world.remove("a");
  await world.last([B]);
});

it("keeps what it knows while the folder cannot be read, and nothing of one that is gone", async () => {
  const world = follow(true);
  world.write("b", pod("others", "10.65.0.3/32"));
  await world.last([B]);
  world.replaceBy("a file");
  const before = world.looks();
  await vi.waitFor(() => expect(world.looks()).toBeGreaterThan(before + 2), { timeout: 10_000, interval: 5 });
  expect(world.told.at(-1)).toEqual([B]);
  world.replaceBy(undefined);
  await world.last([]);
});

it("finds the folder when it comes; tells nothing twice, and nothing after its end", async () => {
  const world = follow(false);
  await world.last([]);
  world.write("b", pod("others", "10.65.0.3/32"));
  await world.last([B]);
  world.write("b", pod("others", "10.65.0.3/32"));
  world.write("a", pod("pods", "10.65.0.2/32", "fd00::2/128"));
  await world.last([A, B]);
  await world.stop();
  world.remove("a");
  expect(world.told).toEqual([[], [B], [A, B]]);
});
