/** The open watches of the API server of the tests. */

import type { ServerResponse } from "node:http";
import type { JsonObject } from "../../../src/config/json.ts";
import { statusOf, tableOf } from "./api-answers.ts";
import type { ApiKind } from "./api-kinds.ts";
import type { ApiStore, Change } from "./api-store.ts";

/** What one watch was asked for. */
export interface WatchAsked {
  readonly kind: ApiKind;
  readonly namespace: string;
  readonly matches: (object: JsonObject) => boolean;
  /** Undefined: from now, with everything that is there as ADDED first. */
  readonly from: number | undefined;
  readonly bookmarks: boolean;
  readonly asTable: boolean;
  readonly timeoutSeconds: number;
}

interface Open { readonly asked: WatchAsked; readonly response: ServerResponse; readonly end: () => void }

/** The watches. */
export class ApiWatches {
  readonly #store: ApiStore;
  readonly #write: (response: ServerResponse, text: string) => void;
  readonly #open = new Set<Open>();

  /** `write` sends a text, in whatever pieces. */
  constructor(store: ApiStore, write: (response: ServerResponse, text: string) => void) {
    this.#store = store;
    this.#write = write;
  }

  /** How many are open, of one kind where it is named. */
  count(plural?: string): number {
    return this.#of(plural).length;
  }

  /** Serves one until it ends. */
  serve(asked: WatchAsked, response: ServerResponse): void {
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const { kind, from } = asked;
    if (from !== undefined && from < this.#store.compactedTo) {
      const why = `too old resource version: ${from} (${this.#store.compactedTo})`;
      this.#write(response, `${JSON.stringify({ type: "ERROR", object: statusOf(410, why) })}\n`);
      response.end();
      return;
    }
    const missed: readonly Pick<Change, "type" | "object">[] = from === undefined
      ? this.#store.list(kind).map((object) => ({ type: "ADDED", object })) : this.#store.since(kind, from);
    for (const change of missed) this.#tell(asked, response, change);
    const unlisten = this.#store.listen((change) => {
      if (change.kind === kind) this.#tell(asked, response, change);
    });
    const timer = setTimeout(() => end(), asked.timeoutSeconds * 1000);
    const open: Open = { asked, response, end: () => end() };
    const end = (): void => {
      this.#open.delete(open);
      clearTimeout(timer);
      unlisten();
      response.end();
    };
    this.#open.add(open);
    response.on("close", end);
  }

  /** Tells those that want bookmarks where they are. */
  bookmark(): void {
    for (const { asked, response } of this.#of()) {
      if (!asked.bookmarks) continue;
      const { group, kind } = asked.kind;
      const metadata = { resourceVersion: String(this.#store.version), creationTimestamp: null };
      this.raw(asked.kind.plural, { type: "BOOKMARK", object: { kind, apiVersion: group, metadata } }, response);
    }
  }

  /** Ends them as the server does when their time is over. */
  end(plural?: string): void {
    for (const open of this.#of(plural)) open.end();
  }

  /** Cuts their connections. */
  cut(plural?: string): void {
    for (const { response } of this.#of(plural)) response.destroy();
  }

  /** Says something of one's own on the watches of a kind: a text as it is, else an event. */
  raw(plural: string, said: string | JsonObject, only?: ServerResponse): void {
    const text = typeof said === "string" ? said : `${JSON.stringify(said)}\n`;
    for (const { response } of this.#of(plural)) {
      if (only === undefined || only === response) this.#write(response, text);
    }
  }

  #of(plural?: string): readonly Open[] {
    return [...this.#open].filter(({ asked }) => plural === undefined || asked.kind.plural === plural);
  }

  #tell(asked: WatchAsked, response: ServerResponse, { type, object }: Pick<Change, "type" | "object">): void {
    const metadata = object["metadata"] as JsonObject;
    if (asked.namespace !== "" && metadata["namespace"] !== asked.namespace) return;
    if (!asked.matches(object)) return;
    const version = { resourceVersion: metadata["resourceVersion"] ?? "" };
    const shown = asked.asTable ? tableOf([object], version) : object;
    this.#write(response, `${JSON.stringify({ type, object: shown })}\n`);
  }
}
