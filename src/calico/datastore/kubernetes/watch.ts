/** What changes of one resource, from a version on, until the server ends it. */

import { parsedJson } from "../../../config/json.ts";
import type { JsonValue } from "../../../config/json.ts";
import { memberOf, textOf } from "../../resources/raw.ts";
import { withQuery } from "./api.ts";
import type { Api } from "./api.ts";
import { LineCutter, OBJECT_MAX } from "../cut.ts";
import { failed, refused } from "./failure.ts";
import type { Failure } from "./failure.ts";

/** What a watch tells. */
export interface WatchListener {
  /** The server has accepted it. */
  onOpen(): void;
  /** Objects that are new or have changed, in order. */
  onPut(objects: readonly JsonValue[]): void;
  /** An object that is gone, as it was at last. */
  onRemoved(object: JsonValue): void;
  /** A next watch may go on from here. */
  onVersion(resourceVersion: string): void;
  /** An object too long to read has changed. */
  onTooLong(): void;
}

/** What is watched. */
export interface Watched {
  readonly path: string;
  readonly resourceVersion: string;
  /** The server is asked to end it after this. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** The server ends a watch in time; when it does not, and nothing else comes either, it is not there any more. */
const GRACE_SECONDS = 30;
/** Around an object stand the words of the event. */
const LINE_MAX = OBJECT_MAX + 256;

/** Watches. Undefined when the server ended it in its time or the connection broke off; else why it may not go on. */
export async function watchFrom(api: Api, watched: Watched, listener: WatchListener): Promise<Failure | undefined> {
  const { path, resourceVersion, timeoutSeconds, signal } = watched;
  const asked = withQuery(path, {
    watch: "true", resourceVersion, allowWatchBookmarks: "true", timeoutSeconds: String(timeoutSeconds),
  });
  const silenceSeconds = timeoutSeconds + GRACE_SECONDS;
  const answer = await api.ask({ method: "GET", path: asked, silenceSeconds, signal });
  if ("why" in answer) return answer;
  listener.onOpen();
  const lines = new LineCutter(LINE_MAX);
  let failure: Failure | undefined;
  // How it ended means little: the server ends every watch, and whether it is still there the next one shows.
  await answer.read((piece) => {
    failure = readEvents(lines.push(piece), listener);
    return failure === undefined;
  });
  return failure;
}

/** The events of some lines; puts that follow each other are told at once. */
function readEvents(lines: readonly (string | undefined)[], listener: WatchListener): Failure | undefined {
  const puts: JsonValue[] = [];
  const flush = (): void => {
    if (puts.length > 0) listener.onPut(puts.splice(0));
  };
  let failure: Failure | undefined;
  for (const line of lines) {
    if (line === undefined) listener.onTooLong();
    else if (line.trim() !== "") failure = readEvent(line, puts, flush, listener);
    if (failure !== undefined) break;
  }
  flush();
  return failure;
}

function readEvent(
  line: string, puts: JsonValue[], flush: () => void, listener: WatchListener,
): Failure | undefined {
  const event = parsedJson(line);
  const type = textOf(event, "type");
  const object = memberOf(event, "object");
  if (object === undefined) return failed(UNREADABLE, GONE);
  if (type === "ERROR") {
    const code = memberOf(object, "code");
    return refused(typeof code === "number" ? code : GONE, object);
  }
  if (type === "ADDED" || type === "MODIFIED") {
    puts.push(object);
  } else if (type === "DELETED") {
    flush();
    listener.onRemoved(object);
  } else if (type !== "BOOKMARK") {
    return failed(UNREADABLE, GONE);
  }
  const version = textOf(object, "metadata", "resourceVersion");
  if (version !== "") listener.onVersion(version);
  return undefined;
}

/** What was said since the last version that we understood is lost to us: the same cure as for 410 Gone. */
const GONE = 410;
const UNREADABLE = "the watch sent what is no event of Kubernetes";
