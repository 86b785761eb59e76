/** Waits between attempts, and the choice of Calico's group. */

import { expect, it } from "vitest";
import type { Api } from "../../../../src/calico/datastore/kubernetes/api.ts";
import { withQuery } from "../../../../src/calico/datastore/kubernetes/api.ts";
import { apiGroupOf, discoverApiGroup, V1, V3 } from "../../../../src/calico/datastore/kubernetes/api-group.ts";
import { BackOff } from "../../../../src/calico/datastore/back-off.ts";
import { failed, refused } from "../../../../src/calico/datastore/kubernetes/failure.ts";
import { VirtualTimers } from "../../../support/calico/timers.ts";

const timers = new VirtualTimers();
const nobody = { status: undefined, retryAfterSeconds: 0 };

it("doubles from a second to half a minute, with jitter", () => {
  for (const [chance, waits] of [
    [0, [1000, 1000, 2000, 4000, 8000, 15_000, 15_000]],
    [0.999999, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]],
  ] as const) {
    timers.chance = chance;
    const backOff = new BackOff(timers);
    expect(waits.map(() => Math.round(backOff.next(nobody)))).toEqual(waits);
    backOff.reset();
    expect(Math.round(backOff.next(nobody))).toBe(1000);
  }
});

it("is slow with what people must put right, and waits as long as the server asks, within reason", () => {
  timers.chance = 0;
  const backOff = new BackOff(timers);
  expect(backOff.next({ ...nobody, status: 403 })).toBe(30_000);
  expect(backOff.next({ ...nobody, status: 404 })).toBe(30_000);
  expect(backOff.next({ status: 429, retryAfterSeconds: 20 })).toBe(20_000);
  expect(backOff.next({ status: 503, retryAfterSeconds: 9999 })).toBe(300_000);
});

/** An API whose /apis has these groups, or answers with this status, or not at all. */
function apiWith(answer: readonly string[] | number | undefined): Api {
  return {
    async ask() {
      if (answer === undefined) return failed("nobody answers");
      if (typeof answer === "number") return refused(answer, null);
      const text = JSON.stringify({ groups: answer.map((name) => ({ name })) });
      return { read: async (take) => {
        take(Buffer.from(text));
        return undefined;
      } };
    },
  };
}

const [v1, v3] = ["crd.projectcalico.org", "projectcalico.org"];
it.each([
  ["only v3", ["apps", v3], V3],
  ["both", [v1, v3], V1],
  ["only v1", [v1], V1],
  ["neither", ["apps"], V1],
  ["refused", 403, V1],
] as const)("takes the group of Calico: %s", async (_, answer, group) => {
  expect(await discoverApiGroup(apiWith(answer), new AbortController().signal)).toBe(group);
});

it.each([[undefined], [401], [429], [503]])("does not decide while the server is away (%s)", async (status) => {
  expect(await discoverApiGroup(apiWith(status), new AbortController().signal)).toMatchObject({ status });
});

it("reads CALICO_API_GROUP as Calico does", () => {
  expect([undefined, "", "ProjectCalico.org/V3", "other"].map(apiGroupOf)).toEqual([undefined, undefined, V3, V1]);
});

it("adds to a path's query", () => {
  expect(withQuery("/a", { b: "", c: "d=&" })).toBe("/a?c=d%3D%26");
  expect(withQuery("/a?x=y", { c: "d" })).toBe("/a?x=y&c=d");
  expect(withQuery("/a", { b: "" })).toBe("/a");
});
