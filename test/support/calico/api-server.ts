/**
 * A Kubernetes API server for tests, in this process: it keeps to the protocol as kubectl and client libraries use it
 * (discovery, lists in pages, watches, patches, statuses, tables), and can be made to fail in each way that we know.
 */

import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import type { TLSSocket } from "node:tls";
import { memberOf, objectOf, textOf } from "../../../src/calico/resources/raw.ts";
import { isJsonObject, parsedJson } from "../../../src/config/json.ts";
import type { JsonObject, JsonValue } from "../../../src/config/json.ts";
import { listOf, selectorOf, statusOf, tableOf, wantsTable } from "./api-answers.ts";
import { aggregated, aggregatedType, apiKinds, discovery } from "./api-kinds.ts";
import type { ApiKind } from "./api-kinds.ts";
import { jsonPatch, mergePatch, strategicPatch } from "./api-patch.ts";
import { ApiStore, keyOf } from "./api-store.ts";
import { ApiWatches } from "./api-watches.ts";

/** How the server is made. */
export interface ApiServerOptions {
  /** Calico's groups that it has. */
  readonly calicoGroups?: readonly string[];
  /** PEM texts; without them it speaks plain HTTP. `clientCa`: certificates of this authority are let in. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly clientCa?: string };
}

/** A request as it came. */
export interface Seen { readonly method: string; readonly url: string; readonly contentType: string }

interface Refusal { readonly status: number; readonly message: string; readonly retryAfterSeconds?: number }

/** An answer: a status code and a document. */
type Reply = readonly [status: number, document: JsonObject];

/** What a path below a kind's root names. */
interface Target {
  readonly kind: ApiKind;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: string;
}

/** The server. What a test sets on it counts from then on. */
export class ApiServer {
  readonly store: ApiStore = new ApiStore();
  readonly watches: ApiWatches = new ApiWatches(this.store, (response, text) => this.#write(response, text));
  readonly seen: Seen[] = [];
  /** Bearer tokens that are let in; undefined: everybody is. */
  tokens: ReadonlySet<string> | undefined;
  /** Bodies are cut into pieces of so many octets; 0: they are not. */
  pieceOctets = 0;
  /** Refusals by plural, `list PLURAL` or `watch PLURAL`, or "*". */
  readonly refusals: Map<string, Refusal> = new Map<string, Refusal>();
  /** Called with the URL of each request before it is answered. */
  onSeen: (url: string) => void = () => {};
  /** Takes requests and never answers. */
  isMute = false;
  /** Ends every watch in this time, whatever it asked for. */
  watchSecondsMax = 600;
  #kinds: readonly ApiKind[];
  readonly #server: Server & { closeAllConnections(): void };
  readonly #pages = new Map<string, { readonly version: number; readonly rest: readonly JsonObject[] }>();
  readonly #scheme: string;
  #port = 0;

  constructor({ calicoGroups = ["crd.projectcalico.org/v1"], tls }: ApiServerOptions = {}) {
    this.#kinds = apiKinds(calicoGroups);
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#handle(request, response);
    };
    this.#scheme = tls === undefined ? "http" : "https";
    this.#server = tls === undefined ? createServer(handle) : createTlsServer({
      key: tls.key, cert: tls.cert,
      ...(tls.clientCa === undefined ? {} : { requestCert: true, rejectUnauthorized: false, ca: tls.clientCa }),
    }, handle);
  }

  /** Where it listens, or did last. */
  get url(): string {
    return `${this.#scheme}://127.0.0.1:${this.#port}`;
  }

  /** Listens on a port: the last one, a free one at first. */
  listen(port: number = this.#port): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => {
        this.#port = (this.#server.address() as AddressInfo).port;
        resolve();
      });
    });
  }

  /** Goes away, with every connection; `listen` brings it back. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.watches.cut();
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  /** Serves other groups of Calico's from now on. The objects of a kind stay with its group. */
  setCalicoGroups(groups: readonly string[]): void {
    const known = this.#kinds;
    this.#kinds = apiKinds(groups).map((kind) =>
      known.find(({ group, plural }) => group === kind.group && plural === kind.plural) ?? kind);
  }

  /** Creates or replaces an object of any served kind. */
  put(object: JsonObject): JsonObject {
    return this.store.put(this.#kindOf(object), object);
  }

  /** The objects of a kind. */
  listOf(group: string, plural: string): readonly JsonObject[] {
    const kind = this.#kinds.find((each) => each.group === group && each.plural === plural);
    return kind === undefined ? [] : this.store.list(kind);
  }

  /** Removes an object. */
  remove(object: JsonObject): void {
    this.store.remove(this.#kindOf(object), keyOf(object));
  }

  /** Pages that were begun cannot be continued. */
  expirePages(): void {
    this.#pages.clear();
  }

  /** The requests whose URL holds a text. */
  asked(part: string): readonly Seen[] {
    return this.seen.filter(({ url }) => url.includes(part));
  }

  #kindOf(object: JsonObject): ApiKind {
    const name = textOf(object, "kind");
    const group = textOf(object, "apiVersion");
    const kind = this.#kinds.find((each) => each.kind === name && (group === "" || each.group === group));
    if (kind === undefined) throw new Error(`the test has a mistake: ${group} ${name} is not served`);
    return kind;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "", url = "", headers } = request;
    this.seen.push({ method, url, contentType: headers["content-type"] ?? "" });
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
    } catch {
      return; // the client went away in the middle of its request
    }
    this.onSeen(url);
    if (this.isMute) return;
    const { pathname, searchParams } = new URL(url, "http://api");
    if (!this.#isKnown(request)) return this.#send(response, [401, statusOf(401, "Unauthorized")]);
    const accept = headers.accept ?? "";
    if (this.#discovers(pathname, accept, response)) return;
    const target = this.#targetOf(pathname);
    if (target === undefined) {
      response.writeHead(404, { "content-type": "text/plain" });
      response.end("404 page not found\n");
      return;
    }
    const isWatch = /^(1|true)$/.test(searchParams.get("watch") ?? "");
    const refusal = this.#refusalOf(target, method, isWatch);
    if (refusal !== undefined) {
      if (refusal.retryAfterSeconds !== undefined) response.setHeader("retry-after", refusal.retryAfterSeconds);
      return this.#send(response, [refusal.status, statusOf(refusal.status, refusal.message)]);
    }
    if (method === "GET" && target.name === "") {
      if (isWatch) return this.#watch(target, searchParams, accept, response);
      return this.#send(response, this.#list(target, searchParams, accept));
    }
    const body = parsedJson(Buffer.concat(pieces).toString("utf8"));
    this.#send(response, this.#one(method, target, body, searchParams, headers["content-type"] ?? "", accept));
  }

  #isKnown(request: IncomingMessage): boolean {
    if (this.tokens === undefined || (request.socket as Partial<TLSSocket>).authorized === true) return true;
    return this.tokens.has((request.headers.authorization ?? "").replace(/^Bearer /, ""));
  }

  #discovers(path: string, accept: string, response: ServerResponse): boolean {
    if (path === "/openapi/v2" || path === "/openapi/v3") {
      // An empty document in protobuf is an empty body; kubectl then knows no kind and checks none.
      const protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
      response.writeHead(200, { "content-type": path === "/openapi/v2" ? protobuf : "application/json" });
      response.end(path === "/openapi/v2" ? "" : JSON.stringify({ paths: {} }));
      return true;
    }
    const form = aggregatedType(accept);
    if (form !== undefined && (path === "/api" || path === "/apis")) {
      this.#send(response, [200, aggregated(path, form.version, this.#kinds)], form.type);
      return true;
    }
    const document = discovery(path, this.#kinds);
    if (document !== undefined) this.#send(response, [200, document]);
    return document !== undefined;
  }

  /** /api/v1/[namespaces/NS/]PLURAL[/NAME[/SUBRESOURCE]], and the same below /apis/GROUP/VERSION. */
  #targetOf(path: string): Target | undefined {
    const kinds = this.#kinds.filter(({ group }) => path.startsWith(`${group === "v1" ? "/api" : "/apis"}/${group}/`));
    const [first] = kinds;
    if (first === undefined) return undefined;
    const words = path.split("/").slice(first.group === "v1" ? 3 : 4).map(decodeURIComponent);
    const isInNamespace = words[0] === "namespaces" && words.length > 2;
    const [namespace = "", plural, name = "", subresource = ""] = isInNamespace ? words.slice(1) : ["", ...words];
    const kind = kinds.find((each) => each.plural === plural);
    return kind === undefined ? undefined : { kind, namespace, name, subresource };
  }

  #refusalOf({ kind, name }: Target, method: string, isWatch: boolean): Refusal | undefined {
    const verb = name !== "" || method !== "GET" ? "" : isWatch ? "watch " : "list ";
    return [`${verb}${kind.plural}`, kind.plural, "*"].map((key) => this.refusals.get(key)).find(Boolean);
  }

  #list({ kind, namespace }: Target, query: URLSearchParams, accept: string): Reply {
    const matches = selectorOf(query);
    const token = query.get("continue") ?? "";
    const page = token === "" ? { version: this.store.version, rest: this.store.list(kind).filter(matches)
      .filter((object) => namespace === "" || textOf(object, "metadata", "namespace") === namespace) }
      : this.#pages.get(token);
    if (page === undefined) return [410, statusOf(410, "The provided continue parameter is too old")];
    const limit = Number(query.get("limit") ?? "0") || page.rest.length;
    const rest = page.rest.slice(limit);
    const next = rest.length === 0 ? "" : `page/${kind.plural}/${page.version}/${rest.length}=`;
    if (next !== "") this.#pages.set(next, { version: page.version, rest });
    const list = listOf(kind, page.rest.slice(0, limit), page.version, next, rest.length);
    return [200, wantsTable(accept) ? tableOf(page.rest.slice(0, limit), objectOf(list, "metadata")) : list];
  }

  #watch({ kind, namespace }: Target, query: URLSearchParams, accept: string, response: ServerResponse): void {
    const version = query.get("resourceVersion") ?? "";
    const from = version === "" || version === "0" ? undefined : Number(version);
    if (from !== undefined && from > this.store.version) {
      const why = `Too large resource version: ${from}, current: ${this.store.version}`;
      return this.#send(response, [504, statusOf(504, why)]);
    }
    this.watches.serve({
      kind, namespace, from, matches: selectorOf(query), asTable: wantsTable(accept),
      bookmarks: query.get("allowWatchBookmarks") === "true",
      timeoutSeconds: Math.min(Number(query.get("timeoutSeconds") ?? "600"), this.watchSecondsMax),
    }, response);
  }

  /** Everything that is about one object, or creates it. */
  #one(
    method: string, target: Target, body: JsonValue | undefined, query: URLSearchParams, type: string, accept: string,
  ): Reply {
    const { kind, namespace, name, subresource } = target;
    if (subresource !== "" && !(subresource === "status" && kind.hasStatus)) return notFound();
    const key = `${kind.isNamespaced ? namespace : ""}/${name}`;
    const existing = name === "" ? undefined : this.store.get(kind, key);
    const named = `${groupResource(kind)} "${name}"`;
    const isDry = query.get("dryRun") === "All";
    if (method === "POST") return this.#create(target, body, isDry);
    if (existing === undefined) return notFound(`${named} not found`);
    if (method === "GET") return [200, wantsTable(accept) ? tableOf([existing], {}) : existing];
    if (method === "DELETE") {
      if (!isDry) this.store.remove(kind, key);
      const details = { name, kind: kind.plural, uid: textOf(existing, "metadata", "uid") };
      return [200, { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details }];
    }
    const changed = method === "PUT" ? body : method === "PATCH" ? patched(existing, body ?? null, type, kind) : 405;
    if (typeof changed === "number") return [changed, statusOf(changed, `${method} with ${type} is not possible`)];
    if (!isJsonObject(changed)) return [400, statusOf(400, "the body is no object")];
    const expected = textOf(changed, "metadata", "resourceVersion");
    if (expected !== "" && expected !== textOf(existing, "metadata", "resourceVersion")) {
      return [409, statusOf(409, `Operation cannot be fulfilled on ${named}: the object has been modified`)];
    }
    const merged = updated(kind, existing, changed, subresource);
    return [200, isDry ? merged : this.store.put(kind, merged)];
  }

  #create({ kind, namespace }: Target, body: JsonValue | undefined, isDry: boolean): Reply {
    if (!isJsonObject(body)) return [400, statusOf(400, "the body is no object")];
    const placed = !kind.isNamespaced ? body
      : { ...body, metadata: { ...objectOf(body, "metadata"), namespace: namespace === "" ? "default" : namespace } };
    const name = textOf(placed, "metadata", "name");
    if (name === "") return [422, statusOf(422, `${kind.kind} is invalid: metadata.name: Required value`)];
    if (this.store.get(kind, keyOf(placed)) !== undefined) {
      return [409, statusOf(409, `${groupResource(kind)} "${name}" already exists`, "AlreadyExists")];
    }
    return [201, isDry ? placed : this.store.put(kind, placed)];
  }

  #send(response: ServerResponse, [status, document]: Reply, type = "application/json"): void {
    response.writeHead(status, { "content-type": type });
    this.#write(response, JSON.stringify(document));
    response.end();
  }

  #write(response: ServerResponse, text: string): void {
    if (response.destroyed) return; // the client went away
    const octets = Buffer.from(text, "utf8");
    const step = this.pieceOctets === 0 ? octets.length : this.pieceOctets;
    for (let at = 0; at < octets.length; at += step) response.write(octets.subarray(at, at + step));
  }
}

/** How Kubernetes names a resource in messages: `bgppeers.crd.projectcalico.org`. */
const groupResource = ({ group, plural }: ApiKind): string =>
  group.includes("/") ? `${plural}.${group.slice(0, group.indexOf("/"))}` : plural;

const notFound = (message = "the server could not find the requested resource"): Reply =>
  [404, statusOf(404, message)];

/** The object with the patch of this type; a status code where that cannot be. */
function patched(existing: JsonObject, patch: JsonValue, type: string, kind: ApiKind): JsonValue | number {
  if (type.startsWith("application/merge-patch+json")) return mergePatch(existing, patch);
  if (type.startsWith("application/json-patch+json")) return jsonPatch(existing, patch) ?? 422;
  const isBuiltIn = !kind.group.includes("projectcalico"); // custom resources know no strategic merge
  if (isBuiltIn && type.startsWith("application/strategic-merge-patch+json")) return strategicPatch(existing, patch);
  return 415;
}

/** What an update may change: all but the status, or the status alone; a Node's status brings its metadata along. */
function updated(kind: ApiKind, existing: JsonObject, changed: JsonObject, subresource: string): JsonObject {
  if (!kind.hasStatus) return changed;
  const from = (object: JsonObject): JsonObject => {
    const status = memberOf(object, "status");
    return status === undefined ? {} : { status };
  };
  const { status: _, ...rest } = subresource === "status" ? existing : changed;
  if (subresource !== "status") return { ...rest, ...from(existing) };
  const metadata: JsonObject = kind.kind === "Node" ? { metadata: objectOf(changed, "metadata") } : {};
  return { ...rest, ...metadata, ...from(changed) };
}
