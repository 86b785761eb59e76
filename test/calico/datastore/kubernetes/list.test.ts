/** Lists: what is held of them while they are read. */

import { expect, it } from "vitest";
import type { Api } from "../../../../src/calico/datastore/kubernetes/api.ts";
import { listAll } from "../../../../src/calico/datastore/kubernetes/list.ts";

it("keeps what is wanted of each object as it comes, not when all are there", async () => {
  const heard: string[] = [];
  const octets = (text: string): Uint8Array => new TextEncoder().encode(text);
  const page = (next: string, names: readonly string[]): readonly string[] => [
    `{"metadata":{"resourceVersion":"7","continue":"${next}"},"items":[`,
    ...names.map((name, at) => `${at === 0 ? "" : ","}{"name":"${name}","images":[]}`), "]}"];
  const pages = [page("more", ["a", "b"]), page("", ["c"])];
  const api: Api = {
    ask: ({ path }) => {
      heard.push(path);
      return Promise.resolve({ read: (take) => {
        for (const text of pages.shift() ?? []) if (!take(octets(text))) break;
        return Promise.resolve(undefined);
      } });
    },
  };
  const listing = await listAll(api, { path: "/nodes", inPages: true, signal: new AbortController().signal,
    keep: (object) => {
      const { name } = object as { name: string };
      heard.push(name);
      return name;
    } });
  expect(listing).toEqual({ objects: ["a", "b", "c"], tooLong: 0, resourceVersion: "7" });
  expect(heard).toEqual(["/nodes?limit=500", "a", "b", "/nodes?limit=500&continue=more", "c"]);
});
