/** etcd's operations over one connection. What cannot be done is a text that says why. */

import { parsedJson } from "../../../config/json.ts";
import type { JsonObject, JsonValue } from "../../../config/json.ts";
import { objectOf } from "../../resources/raw.ts";
import { LineCutter } from "../cut.ts";
import { readText } from "../http.ts";
import type { Login } from "./access.ts";
import type { EtcdConnection } from "./connection.ts";
import { base64, errorOf, pageOf, watchResultOf } from "./messages.ts";
import type { Entry, Page, WatchResult } from "./messages.ts";

/** Keys in a page. The gateway of older releases takes 4 MiB from its etcd at once; then there are fewer. */
const PAGE_KEYS = 500;
/** A longer answer, or line of a watch, is refused. */
const ANSWER_OCTETS_MAX = 64 * 1024 * 1024;
/** Silence within a watch: etcd says at least every 22 minutes that it lives, unless it is frozen. */
const WATCH_SECONDS = 25 * 60;

/** Everything under some prefixes at one moment. */
export interface Snapshot {
  readonly entries: readonly Entry[];
  /** Decimal; a watch goes on from the next one. */
  readonly revision: string;
}

/** What can be asked over one connection, by one user. */
export class EtcdClient {
  readonly #connection: EtcdConnection;
  readonly #token: string | undefined;

  private constructor(connection: EtcdConnection, token: string | undefined) {
    this.#connection = connection;
    this.#token = token;
  }

  /**
   * Tells etcd who we are. The token lives as long as the client, which uses it at its beginning only; whoever connects
   * again gets a new one, so none grows old.
   */
  static async open(connection: EtcdConnection, login: Login | undefined): Promise<EtcdClient | string> {
    const anonymous = new EtcdClient(connection, undefined);
    if (login === undefined) return anonymous;
    const answer = await anonymous.call("/v3/auth/authenticate", { name: login.name, password: login.password });
    if (typeof answer === "string") return answer.includes("authentication is not enabled") ? anonymous : answer;
    const token = answer["token"];
    return typeof token === "string" ? new EtcdClient(connection, token) : "no token";
  }

  /** One operation with one answer. */
  async call(path: string, body: JsonValue): Promise<JsonObject | string> {
    const answer = await this.#connection.ask({ path, body, token: this.#token });
    if (typeof answer === "string") return answer;
    const read = await readText(answer, ANSWER_OCTETS_MAX);
    if ("why" in read) return read.why;
    const said = objectOf(parsedJson(read.text));
    return answer.status === 200 ? said : errorOf(said) ?? statusText(answer.status);
  }

  /** What stands at a key. */
  async read(key: string): Promise<Entry | undefined | string> {
    const page = await this.#page({ key: base64(key) });
    return typeof page === "string" ? page : page.entries[0];
  }

  /** What stands under the prefixes, all of the same revision. */
  async readAll(prefixes: readonly string[]): Promise<Snapshot | string> {
    const entries: Entry[] = [];
    let revision: string | undefined;
    let limit = PAGE_KEYS;
    for (const prefix of prefixes) {
      const { key, range_end } = rangeOf(prefix);
      for (let from: string | undefined = key; from !== undefined;) {
        const range: { [name: string]: string } = { key: from, range_end, limit: String(limit) };
        if (revision !== undefined) range["revision"] = revision;
        const page: Page | string = await this.#page(range);
        if (typeof page === "string") {
          const isTooMuch = page.includes("message larger than max");
          if (isTooMuch && limit > 1) {
            limit = Math.ceil(limit / 10);
            continue;
          }
          return isTooMuch || page.includes("permission denied") ? `${prefix}: ${page}` : page;
        }
        entries.push(...page.entries);
        revision ??= page.revision;
        from = page.next;
      }
    }
    return { entries, revision: revision ?? "0" };
  }

  /** Tells what happens under a prefix from a revision on; resolves when that ends, with why. */
  async watch(prefix: string, revision: string, onResult: (result: WatchResult) => void): Promise<string> {
    const answer = await this.#connection.ask({
      path: "/v3/watch", token: this.#token, isStream: true,
      // Many changes at once may come in several results, each below the size that a gateway takes.
      body: { create_request: { ...rangeOf(prefix), start_revision: revision, progress_notify: true, fragment: true } },
    });
    if (typeof answer === "string") return answer;
    const lines = new LineCutter(ANSWER_OCTETS_MAX);
    let why: string | undefined;
    let isHeard = false;
    const broken = await answer.read((piece) => {
      if (!isHeard) answer.bear(WATCH_SECONDS); // the first word has to come as soon as any other answer
      isHeard = true;
      why = readResults(lines.push(piece), onResult) ?? (lines.isTooLong ? ENDLESS : undefined);
      return why === undefined;
    });
    if (why !== undefined || broken !== undefined) return why ?? broken!;
    // An error ends the stream, not a line.
    const said = errorOf(objectOf(parsedJson(lines.rest() ?? "")));
    return said ?? (answer.status === 200 ? "the stream has ended" : statusText(answer.status));
  }

  async #page(range: JsonObject): Promise<Page | string> {
    const answer = await this.call("/v3/kv/range", range);
    return typeof answer === "string" ? answer : pageOf(answer);
  }
}

const ENDLESS = "a line without end";

/** Hands results on up to one that ends the watch; answers why it does. */
function readResults(
  lines: readonly (string | undefined)[], onResult: (result: WatchResult) => void,
): string | undefined {
  for (const line of lines) {
    if (line === undefined) return ENDLESS;
    const result = line.trim() === "" ? undefined : watchResultOf(line);
    if (typeof result === "string") return result;
    if (result !== undefined) onResult(result);
  }
  return undefined;
}

/** The keys that start with this. A prefix ends in ASCII. */
function rangeOf(prefix: string): { readonly key: string; readonly range_end: string } {
  const last = prefix.length - 1;
  const end = prefix.slice(0, last) + String.fromCharCode(prefix.charCodeAt(last) + 1);
  return { key: base64(prefix), range_end: base64(end) };
}

function statusText(status: number): string {
  return status === 404 ? "HTTP 404: is etcd's gateway off? (enable-grpc-gateway)" : `HTTP ${status}`;
}
