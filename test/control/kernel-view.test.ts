/** `show kernel` as text. */

import { expect, it } from "vitest";
import { kernelText } from "../../src/control/kernel-view.ts";
import type { KernelView } from "../../src/daemon/api.ts";
import { KERNEL_OFF } from "../../src/daemon/kernel/view.ts";
import { fakeNow } from "./fake-daemon.ts";

const VIEW: KernelView = {
  enabled: true, why: null, table: 254, protocol: 12,
  routes: { wanted: 7, installed: 4, pending: 1, failed: 2, stale: 1 }, learned: 3, repaired: 5,
  overruled: [{ protocol: 4, count: 1, example: "10.2.0.0/26 via 10.9.0.2 proto 12 metric 7" }],
  leftOut: [{ reason: "IPPool vxlan", count: 9 }], errors: { EEXIST: 8 },
  failures: [{
    change: "add", errno: "EEXIST", text: "File exists", count: 2, example: "10.1.0.0/26 via 10.9.0.2 proto 12",
  }],
  readAt: new Date(fakeNow()).toISOString(), restarts: { write: 1, follow: 2 },
};

it("says that there is none", () => {
  expect(kernelText(KERNEL_OFF, fakeNow())).toBe("No kernel routes: kernel.enabled is false in the configuration\n");
});

it("counts, and names what fails and what is left out", () => {
  expect(kernelText(VIEW, fakeNow())).toBe([
    "Table 254, protocol 12, read 04:00:00, processes started again 3 times",
    "",
    "WANTED   INSTALLED   PENDING   FAILED   STALE   LEARNED   REPAIRED",
    "7        4           1         2        1       3         5",
    "",
    "FAILED   ERROR                 COUNT   EXAMPLE",
    "add      EEXIST: File exists   2       10.1.0.0/26 via 10.9.0.2 proto 12",
    "",
    "NOT USED BESIDE   COUNT   EXAMPLE",
    "protocol 4        1       10.2.0.0/26 via 10.9.0.2 proto 12 metric 7",
    "",
    "LEFT OUT       COUNT",
    "IPPool vxlan   9",
    "",
  ].join("\n"));
});

it("says why nothing is programmed, in one line", () => {
  const view = { ...VIEW, why: "a BIRD\nanswers", readAt: null, failures: [], restarts: { write: 0, follow: 0 } };
  expect(kernelText(view, fakeNow()).split("\n").slice(0, 3))
    .toEqual(["Table 254, protocol 12, not read yet", "Trouble: a BIRD\\u{a}answers", ""]);
});
