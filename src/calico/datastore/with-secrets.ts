/**
 * A datastore that has no Secrets, and where they are instead: with Calico's resources in etcd, passwords are in
 * Kubernetes all the same (calico.md 1.2). Rule: Secrets that cannot be had are a fault, and hold nothing else up.
 */

import { unreachable } from "../../base/assert.ts";
import { given } from "../../base/given.ts";
import type { ResourceFault } from "../resources/model.ts";
import type { Datastore, DatastoreEvent, Wanted } from "./datastore.ts";

/** Both as one; `secrets` tells of nothing but Secrets. */
export function withSecrets(main: Datastore, secrets: Datastore): Datastore {
  const both = new Both(main, secrets);
  const writes = given({
    publishNode: main.publishNode?.bind(main), writeNodeStatus: main.writeNodeStatus?.bind(main),
  });
  return {
    start: (listener) => both.start(listener), stop: () => both.stop(), want: (wanted) => both.want(wanted), ...writes,
  };
}

class Both {
  readonly #main: Datastore;
  readonly #secrets: Datastore;
  #listener: (event: DatastoreEvent) => void = () => undefined;
  #faults: readonly ResourceFault[] = [];
  #ofSecrets: readonly ResourceFault[] = [];

  constructor(main: Datastore, secrets: Datastore) {
    this.#main = main;
    this.#secrets = secrets;
  }

  start(listener: (event: DatastoreEvent) => void): void {
    this.#listener = listener;
    this.#main.start((event) => {
      if (event.kind !== "faults") return listener(event);
      this.#faults = event.faults;
      this.#tellFaults();
    });
    this.#secrets.start((event) => this.#hearOfSecrets(event));
  }

  async stop(): Promise<void> {
    await Promise.all([this.#main.stop(), this.#secrets.stop()]);
  }

  want(wanted: Wanted): void {
    this.#main.want?.(wanted);
    this.#secrets.want?.({ services: false, statuses: false, secrets: wanted.secrets });
  }

  #hearOfSecrets(event: DatastoreEvent): void {
    switch (event.kind) {
      case "snapshot": case "put": case "removed": return this.#listener(event);
      case "synced": return; // nothing waits for them but the sessions that need them
      case "faults": this.#ofSecrets = event.faults; break;
      case "up":
        if (this.#ofSecrets.length === 0) return;
        this.#ofSecrets = [];
        break;
      case "down": this.#ofSecrets = [{ kind: "Secret", name: "*", field: "", why: event.why }]; break;
      default: unreachable(event, "WithSecrets");
    }
    this.#tellFaults();
  }

  #tellFaults(): void {
    this.#listener({ kind: "faults", faults: [...this.#faults, ...this.#ofSecrets] });
  }
}
