/**
 * Writes what the configuration says of us into our Node, on a host where no calico-node does (calico.md 1.3, 9), and
 * again where somebody else has changed it. Rules: only what the configuration gives; nothing while it is right; never
 * twice within the pause, however often it is changed; what cannot be written is a fault, and is tried again.
 */

import { sameValue } from "../base/same.ts";
import type { NodeWritten, Timers } from "./datastore/datastore.ts";
import type { CalicoNode, ResourceFault } from "./resources/model.ts";
import type { SourceLog } from "./source-log.ts";

/** Between two attempts; the half of it at least, so that hosts that began together do not go on together. */
const PAUSE_MILLISECONDS = 30_000;

/** What a publisher works with. */
export interface PublisherMeans {
  /** Makes the Node say this, and leaves what else it says. */
  readonly write: (node: CalicoNode) => Promise<NodeWritten>;
  readonly timers: Timers;
  readonly log: SourceLog;
}

/** Keeps one Node right. */
export class NodePublisher {
  readonly #means: PublisherMeans;
  #wanted: CalicoNode | undefined;
  #found: CalicoNode | undefined;
  #isWriting = false;
  /** Ends the pause that is under way. */
  #cancelPause: (() => void) | undefined;
  #writes = 0;
  #why: string | undefined;
  #isStopped = false;

  constructor(means: PublisherMeans) {
    this.#means = means;
  }

  /** What keeps the Node from being as it should; none while it is, or will be at once. */
  get faults(): readonly ResourceFault[] {
    if (this.#why === undefined || this.#wanted === undefined) return [];
    return [{ kind: "Node", name: this.#wanted.name, field: "", why: `it cannot be written: ${this.#why}` }];
  }

  /** What it should say, undefined: nothing; and the Node as it was read last, undefined where there is none. */
  look(wanted: CalicoNode | undefined, found: CalicoNode | undefined): void {
    this.#wanted = wanted;
    this.#found = found;
    if (this.#isRight()) this.#why = undefined;
    this.#consider();
  }

  /** Nothing is written any more; what is under way is not waited for. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelPause?.();
  }

  #isRight(): boolean {
    return this.#wanted === undefined || (this.#found !== undefined && says(this.#found, this.#wanted));
  }

  #consider(): void {
    const wanted = this.#wanted;
    const isResting = this.#isStopped || this.#isWriting || this.#cancelPause !== undefined;
    if (wanted === undefined || isResting || this.#isRight()) return;
    this.#isWriting = true;
    // What it throws is a bug of ours, and ends the process: nobody waits for it.
    void this.#means.write(wanted).then((written) => {
      this.#isWriting = false;
      if (!this.#isStopped) this.#note(wanted.name, written);
    });
  }

  #note(name: string, written: NodeWritten): void {
    const { log, timers } = this.#means;
    const why = typeof written === "string" ? undefined : written.why;
    if (why !== undefined && why !== this.#why) log.write("warn", "node-unpublished", { name, why });
    this.#why = why;
    if (written === "written") {
      if (this.#writes++ === 0) log.write("info", "node-published", { name });
      else log.write("warn", "node-published", { name, why: "somebody else changed it: does calico-node run here?" });
    }
    this.#cancelPause = timers.after(PAUSE_MILLISECONDS * (0.5 + timers.random() / 2), () => {
      this.#cancelPause = undefined;
      this.#consider();
    });
  }
}

/** Whether a Node says what is given in another; labels that it has besides mean nothing. */
function says(found: CalicoNode, { ipv4, ipv6, asNumber, routeReflectorClusterId, labels }: CalicoNode): boolean {
  const given = { ipv4, ipv6, asNumber, routeReflectorClusterId } as const;
  const isSaid = (key: keyof typeof given): boolean => given[key] === undefined || sameValue(found[key], given[key]);
  return (Object.keys(given) as (keyof typeof given)[]).every(isSaid)
    && [...labels].every(([key, value]) => found.labels.get(key) === value);
}
