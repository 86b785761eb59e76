/** Everything there is of one resource, page by page, with the version that a watch goes on from. */

import { parsedJson } from "../../../config/json.ts";
import type { JsonValue } from "../../../config/json.ts";
import { textOf } from "../../resources/raw.ts";
import { withQuery } from "./api.ts";
import type { Api } from "./api.ts";
import { ItemCutter, OBJECT_MAX } from "../cut.ts";
import { failed } from "./failure.ts";
import type { Failure } from "./failure.ts";

/** Objects in a page. */
export const PAGE_OBJECTS = 500;
/** A server that always has another page does not get all our memory. */
const PAGES_MAX = 1000;

/** How to list. */
export interface ListOptions {
  readonly path: string;
  /** False: in one answer, which cannot expire. */
  readonly inPages: boolean;
  readonly signal: AbortSignal;
  /** What is kept of an object: all of a large list would not fit as it comes. */
  readonly keep: (object: JsonValue) => JsonValue;
}

/** All objects of a resource. */
export interface Listing {
  readonly objects: readonly JsonValue[];
  /** What a watch goes on from. */
  readonly resourceVersion: string;
  /** How many objects were longer than OBJECT_MAX and are left out. */
  readonly tooLong: number;
}

interface Page extends Listing { readonly next: string }

/**
 * Lists a path. Status 410 on a later page: what the pages were cut from is gone. The caller may then list again,
 * `inPages` false.
 */
export async function listAll(api: Api, options: ListOptions): Promise<Listing | Failure> {
  const limit = options.inPages ? String(PAGE_OBJECTS) : "";
  const objects: JsonValue[] = [];
  let tooLong = 0;
  let next = "";
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = await readPage(api, { ...options, path: withQuery(options.path, { limit, continue: next }) });
    if ("why" in page) return page;
    for (const object of page.objects) objects.push(object);
    tooLong += page.tooLong;
    next = page.next;
    if (next === "") return { objects, tooLong, resourceVersion: page.resourceVersion };
  }
  return failed(`the list has more than ${PAGES_MAX} pages`);
}

async function readPage(api: Api, { path, signal, keep }: ListOptions): Promise<Page | Failure> {
  const answer = await api.ask({ method: "GET", path, signal });
  if ("why" in answer) return answer;
  const objects: JsonValue[] = [];
  let tooLong = 0;
  let isBroken = false;
  const cutter = new ItemCutter(OBJECT_MAX, (text) => {
    const object = text === undefined ? undefined : parsedJson(text);
    if (text === undefined) tooLong += 1;
    else if (object === undefined) isBroken = true;
    else objects.push(keep(object));
  });
  const broken = await answer.read((piece) => {
    cutter.push(piece);
    return true;
  });
  if (broken !== undefined) return failed(broken);
  const text = cutter.head();
  const head = text === undefined ? undefined : parsedJson(text);
  const resourceVersion = textOf(head, "metadata", "resourceVersion");
  if (isBroken || resourceVersion === "") return failed("the answer is no list of Kubernetes");
  return { objects, tooLong, resourceVersion, next: textOf(head, "metadata", "continue") };
}
