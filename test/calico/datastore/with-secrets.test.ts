/** A datastore without Secrets beside one that has nothing else. */

import { expect, it } from "vitest";
import type { Datastore, DatastoreEvent, Wanted } from "../../../src/calico/datastore/datastore.ts";
import { withSecrets } from "../../../src/calico/datastore/with-secrets.ts";

class Fake implements Datastore {
  tell: (event: DatastoreEvent) => void = () => undefined;
  wanted: Wanted | undefined;
  isStopped = false;

  start(listener: (event: DatastoreEvent) => void): void {
    this.tell = listener;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
  }

  want(wanted: Wanted): void {
    this.wanted = wanted;
  }
}

const fault = (name: string, why: string): object => ({ kind: "Secret", name, field: "", why });

it("tells what both have, and of the Secrets' only them and what is wrong with them", () => {
  const [main, secrets] = [new Fake(), new Fake()];
  const told: DatastoreEvent[] = [];
  const both = withSecrets(main, secrets);
  both.start((event) => told.push(event));
  const put: DatastoreEvent = { kind: "put", resources: [{ kind: "Secret", metadata: { name: "s" } }] };
  main.tell({ kind: "synced" });
  for (const event of [{ kind: "up" }, { kind: "synced" }, put, { kind: "removed", resourceKind: "Secret", name: "s" },
    { kind: "down", why: "nobody" }] as const) secrets.tell(event);
  expect(told).toEqual([{ kind: "synced" }, put,
    { kind: "removed", resourceKind: "Secret", name: "s" }, { kind: "faults", faults: [fault("*", "nobody")] }]);
  main.tell({ kind: "faults", faults: [fault("x", "y") as never] });
  expect(told.at(-1)).toEqual({ kind: "faults", faults: [fault("x", "y"), fault("*", "nobody")] });
  secrets.tell({ kind: "up" });
  expect(told.at(-1)).toEqual({ kind: "faults", faults: [fault("x", "y")] });
  main.tell({ kind: "down", why: "cut" });
  expect(told.at(-1)).toEqual({ kind: "down", why: "cut" });
});

it("asks each for its part, and ends with both", async () => {
  const [main, secrets] = [new Fake(), new Fake()];
  const both = withSecrets(main, secrets);
  const wanted = { services: true, statuses: true, secrets: new Set(["s"]) };
  both.want?.(wanted);
  expect([main.wanted, secrets.wanted]).toEqual([wanted, { ...wanted, services: false, statuses: false }]);
  expect([both.publishNode, both.writeNodeStatus]).toEqual([undefined, undefined]);
  await both.stop();
  expect([main.isStopped, secrets.isStopped]).toEqual([true, true]);
});

it("writes where the resources are", async () => {
  const main = Object.assign(new Fake(), { writeNodeStatus: async (name: string) => ({ why: name }) });
  expect(await withSecrets(main, new Fake()).writeNodeStatus?.("n", {})).toEqual({ why: "n" });
});
