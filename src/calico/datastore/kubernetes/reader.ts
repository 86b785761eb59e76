/**
 * Kubernetes as `get` reads it: a list or an object at a time, and no watch. Writing is left to kubectl, which knows
 * what an administrator of the cluster may do.
 */

import { unreadableFile } from "../../../config/fault.ts";
import type { ConfigFault } from "../../../config/fault.ts";
import { isJsonObject } from "../../../config/json.ts";
import type { JsonObject, JsonValue } from "../../../config/json.ts";
import { nameOf, objectOf } from "../../resources/raw.ts";
import type { Answer, Refusal, ResourceReader } from "../writer.ts";
import { askJson, HttpApi } from "./api.ts";
import { discoverApiGroup } from "./api-group.ts";
import type { KubernetesOptions } from "./datastore.ts";
import type { Failure } from "./failure.ts";
import { listAll } from "./list.ts";
import { listPath, NODE_STATUSES, resourceOf, shownRows } from "./resources.ts";
import type { ResourceRow } from "./resources.ts";

/** Where a row is. */
interface Place { readonly row: ResourceRow; readonly group: string }

const ABSENT = 404;
const GONE = 410;

/** The reader; `unread` is of all calls. */
export class KubernetesReader implements ResourceReader {
  readonly unread: ConfigFault[] = [];
  readonly #api: HttpApi;
  readonly #signal: AbortSignal = new AbortController().signal;
  #group: Promise<string | Failure> | undefined;

  /** Without `apiGroup` the server is asked which group holds Calico's resources. */
  constructor({ access, timers, apiGroup }: Pick<KubernetesOptions, "access" | "timers" | "apiGroup">) {
    this.#api = new HttpApi(access, timers);
    if (apiGroup !== undefined) this.#group = Promise.resolve(apiGroup);
  }

  async list(kind: string): Promise<Answer<readonly JsonObject[]>> {
    const place = await this.#placeOf(kind);
    if ("refused" in place) return place;
    const options = { path: listPath(place.row, place.group), signal: this.#signal,
      keep: (object: JsonValue) => shown(place, object) };
    const inPages = await listAll(this.#api, { ...options, inPages: true });
    // Pages may expire while they are read: then the whole, as kubectl.
    const isExpired = "why" in inPages && inPages.status === GONE;
    const listing = isExpired ? await listAll(this.#api, { ...options, inPages: false }) : inPages;
    if ("why" in listing) return failed(listing, place.row.plural);
    if (listing.tooLong > 0) {
      this.unread.push(unreadableFile(place.row.plural, `objects too long to read: ${listing.tooLong}`,
        "kubectl shows them"));
    }
    const found = listing.objects.filter(isJsonObject);
    return { done: found.sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1)) };
  }

  async get(kind: string, name: string): Promise<Answer<JsonObject>> {
    const place = await this.#placeOf(kind);
    if ("refused" in place) return place;
    const path = `${listPath(place.row, place.group)}/${encodeURIComponent(name)}`;
    const read = await askJson(this.#api, { method: "GET", path, signal: this.#signal });
    if ("why" in read) return read.status === ABSENT ? { refused: "absent" } : failed(read, place.row.plural);
    return { done: shown(place, read.value) };
  }

  /** Closes the connection. */
  close(): void {
    this.#api.close();
  }

  async #placeOf(kind: string): Promise<Place | Refusal> {
    this.#group ??= discoverApiGroup(this.#api, this.#signal);
    const group = await this.#group;
    if (typeof group !== "string") return failed(group, "apis");
    const row = shownRows(group).find((candidate) => candidate.kind === kind);
    if (row === undefined) return { refused: "failed", why: `Kubernetes has no place for ${kind}` };
    return { row, group: row.group === "calico" ? group : row.group };
  }
}

/** All that a daemon reads of it, and the status that one writes. */
function shown({ row, group }: Place, object: JsonValue): JsonObject {
  const resource = objectOf(resourceOf(row, group, object));
  return row === NODE_STATUSES ? { ...resource, status: objectOf(object, "status") } : resource;
}

function failed({ why }: Failure, plural: string): Refusal {
  return { refused: "failed", why: `Kubernetes cannot be read: ${plural}: ${why}` };
}
