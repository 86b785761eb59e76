/** What somebody knows who does as a datastore tells. */

import type { DatastoreEvent, Timers } from "../../../src/calico/datastore/datastore.ts";
import type { JsonValue } from "../../../src/config/json.ts";
import { pause } from "../lab/waiting.ts";

interface Resource {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly resourceVersion?: string };
}

/** The listener. */
export class Mirror {
  readonly events: DatastoreEvent[] = [];
  /** By kind and name. */
  readonly known: Map<string, JsonValue> = new Map();
  /** The last word on the connection. */
  isUp = false;

  /** Hands it to `start`. */
  readonly listen = (event: DatastoreEvent): void => {
    this.events.push(event);
    if (event.kind === "up" || event.kind === "down") this.isUp = event.kind === "up";
    if (event.kind === "removed") this.known.delete(`${event.resourceKind} ${event.name}`);
    if (event.kind === "snapshot") {
      for (const key of this.known.keys()) if (event.kinds.includes(key.split(" ")[0]!)) this.known.delete(key);
    }
    if (event.kind === "snapshot" || event.kind === "put") {
      for (const resource of event.resources) this.known.set(nameOf(resource), resource);
    }
  };

  get names(): string[] {
    return [...this.known.keys()].sort();
  }

  count(kind: DatastoreEvent["kind"]): number {
    return this.events.filter((event) => event.kind === kind).length;
  }

  /** Why the connection was lost, each time. */
  get whys(): string[] {
    return this.events.flatMap((event) => event.kind === "down" ? [event.why] : []);
  }

  /** Waits; throws with what it knows when that takes too long. */
  async until(what: string, holds: () => boolean, milliseconds = 15_000): Promise<void> {
    const deadline = performance.now() + milliseconds;
    while (!holds()) {
      if (performance.now() > deadline) {
        throw new Error(`waited for ${what}: ${this.names.join(", ")}; ${JSON.stringify(this.events.slice(-5))}`);
      }
      await pause(5);
    }
  }
}

function nameOf(resource: JsonValue): string {
  const { kind, metadata } = resource as unknown as Resource;
  return `${kind} ${metadata.namespace === undefined ? "" : `${metadata.namespace}/`}${metadata.name}`;
}

/** Real time for silence (ten seconds, or very long), pauses a three hundredth as long. */
export const FAST: Timers = {
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds === 10_000 || milliseconds > 30_000 ? milliseconds : milliseconds / 300);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** Time that a test lets pass. */
export class ManualTimers implements Timers {
  readonly pending: { readonly milliseconds: number; readonly run: () => void }[] = [];

  after(milliseconds: number, run: () => void): () => void {
    const timer = { milliseconds, run };
    this.pending.push(timer);
    return () => this.#remove(timer);
  }

  random(): number {
    return 0.5;
  }

  /** Waits until a timer of this kind is set, lets it fire, and answers how long it would have been. */
  async fire(isMeant: (milliseconds: number) => boolean): Promise<number> {
    for (let attempt = 0; attempt < 3000; attempt++) {
      const timer = this.pending.find(({ milliseconds }) => isMeant(milliseconds));
      if (timer !== undefined) {
        this.#remove(timer);
        timer.run();
        return timer.milliseconds;
      }
      await pause(5);
    }
    throw new Error(`no such timer; set are ${this.pending.map(({ milliseconds }) => milliseconds).join(", ")}`);
  }

  #remove(timer: ManualTimers["pending"][number]): void {
    const at = this.pending.indexOf(timer);
    if (at >= 0) this.pending.splice(at, 1);
  }
}
