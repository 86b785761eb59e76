/** etcd as a datastore that the verbs write to. */

import { unreachable } from "../../../base/assert.ts";
import type { ConfigFault } from "../../../config/fault.ts";
import { isJsonObject } from "../../../config/json.ts";
import type { JsonObject } from "../../../config/json.ts";
import { kindOf, nameOf, versionOf } from "../../resources/raw.ts";
import type { Answer, Refusal, ResourceWriter } from "../writer.ts";
import type { EtcdDatastore } from "./etcd.ts";
import { prefixOf, resourceOf } from "./keys.ts";
import type { WriteResult } from "./writes.ts";

/** The revision of what is not there. */
const NONE = "0";

/** The verbs' view of etcd. */
export class EtcdWriter implements ResourceWriter {
  /** A value that cannot be read is a faulty resource. */
  readonly unread: readonly ConfigFault[] = [];
  readonly #etcd: EtcdDatastore;

  constructor(etcd: EtcdDatastore) {
    this.#etcd = etcd;
  }

  async list(kind: string): Promise<Answer<readonly JsonObject[]>> {
    const prefix = prefixOf(kind);
    if (prefix === undefined) return failed(`etcd has no place for ${kind}`);
    const snapshot = await this.#etcd.ask((client) => client.readAll([prefix]));
    if (typeof snapshot === "string") return failed(`etcd cannot be read: ${snapshot}`);
    const found = snapshot.entries.map(resourceOf).filter(isJsonObject).filter((one) => kindOf(one) === kind);
    return { done: found.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1)) };
  }

  /** One of a list: kinds are small, and a block affinity has no key by its name. */
  async get(kind: string, name: string): Promise<Answer<JsonObject>> {
    const all = await this.list(kind);
    if (!("done" in all)) return all;
    const found = all.done.find((one) => nameOf(one) === name);
    return found === undefined ? { refused: "absent" } : { done: found };
  }

  async create(resource: JsonObject): Promise<Answer<string>> {
    const result = await this.#etcd.put(resource, NONE);
    return result.kind === "conflict" ? { refused: "exists" } : answerOf(result);
  }

  async update(resource: JsonObject): Promise<Answer<string>> {
    const stored = await this.get(kindOf(resource), nameOf(resource));
    if (!("done" in stored)) return stored;
    return answerOf(await this.#etcd.put(resource, revisionIn(versionOf(resource)) ?? versionOf(stored.done)));
  }

  async remove(kind: string, name: string, resourceVersion: string | undefined): Promise<Answer<string>> {
    return answerOf(await this.#etcd.remove({ kind, name }, revisionIn(resourceVersion)));
  }
}

/** A version that is none of etcd's came with the resource from elsewhere, and says nothing here. */
function revisionIn(version: string | undefined): string | undefined {
  return version !== undefined && /^[0-9]+$/.test(version) ? version : undefined;
}

function answerOf(result: WriteResult): Answer<string> {
  switch (result.kind) {
    case "written": return { done: result.revision };
    case "absent": return { refused: "absent" };
    case "conflict": return { refused: result.revision === NONE ? "absent" : "conflict" };
    case "refused": return failed(result.why);
    case "unreachable": return failed(`etcd cannot be written: ${result.why}`);
    case "failed": return failed(`etcd may have been written, or not: ${result.why}`);
    default: return unreachable(result, "EtcdWriter");
  }
}

function failed(why: string): Refusal {
  return { refused: "failed", why };
}
