/**
 * Where Calico's resources come from, as a port: files, the Kubernetes API, etcd. Rule: a datastore tells what it read
 * and judges none of it; it comes back by itself after any outage, and says nothing twice that it said before.
 */

import type { JsonObject, JsonValue } from "../../config/json.ts";
import type { CalicoNode, ResourceFault } from "../resources/model.ts";

/** What a datastore tells. */
export type DatastoreEvent =
  /** Everything there is of these kinds: what was known of them and is not here is gone. */
  | { readonly kind: "snapshot"; readonly kinds: readonly string[]; readonly resources: readonly JsonValue[] }
  | { readonly kind: "put"; readonly resources: readonly JsonValue[] }
  /** `name` is `namespace/name` where there is a namespace. */
  | { readonly kind: "removed"; readonly resourceKind: string; readonly name: string }
  /** Every kind has had its first snapshot; comes once. */
  | { readonly kind: "synced" }
  /** The connection is there, or not and why; what is known stays. */
  | { readonly kind: "up" } | { readonly kind: "down"; readonly why: string }
  /** All that it cannot read now (a file, a kind that is forbidden), in place of what it said of that before. */
  | { readonly kind: "faults"; readonly faults: readonly ResourceFault[] };

/** What is read only where it is needed. */
export interface Wanted {
  /** Services and EndpointSlices: calico.md 4.6. */
  readonly services: boolean;
  /** CalicoNodeStatus. */
  readonly statuses: boolean;
  /** Names of Secrets. */
  readonly secrets: ReadonlySet<string>;
}

/** What became of writing a Node or its status; or why not, in one clause. */
export type NodeWritten = "written" | "unchanged" | { readonly why: string };

/** A datastore. Its listener is called from its own turns, never from within `start` or `stop`, or after `stop`. */
export interface Datastore {
  start(listener: (event: DatastoreEvent) => void): void;
  stop(): Promise<void>;
  /**
   * What is needed now, in place of what was said before; what is not any more is told to be gone. From within the
   * listener too: "synced" then waits for it. Absent where everything is told anyway.
   */
  want?(wanted: Wanted): void;
  /**
   * Makes the Node of this name say what is given here (addresses, AS, cluster id, labels), and leaves all else. Absent
   * where people write the Node themselves.
   */
  publishNode?(node: CalicoNode): Promise<NodeWritten>;
  /** Gives a CalicoNodeStatus this status, unless it says the same but for `lastUpdated`. */
  writeNodeStatus?(name: string, status: JsonObject): Promise<NodeWritten>;
}

/** Time, as a port: the owner passes the system's or a virtual one. */
export interface Timers {
  /** Calls `run` after that time; the answer takes it back. */
  after(milliseconds: number, run: () => void): () => void;
  /** 0 <= value < 1, to spread what would happen at once. */
  random(): number;
}
