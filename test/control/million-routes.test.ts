/** `show routes` of a million routes: constant memory, and the daemon goes on meanwhile. */

import { expect, it } from "vitest";
import { runCli } from "../../src/control/cli.ts";
import type { RouteView } from "../../src/daemon/api.ts";
import { fakeDaemon, routeView } from "./fake-daemon.ts";
import { ask, controlServer } from "./running.ts";
import { cliIo, Sink } from "./terminal.ts";

const SOAK = process.env["REFLECTD_SOAK"] === "1";
const ROUTES = SOAK ? 1_000_000 : 300_000;
/** The lines alone are about 300 octets each: whoever holds half of them back is found. */
const GROWTH_OCTETS_MAX = ROUTES * 160 + 32 * 1024 * 1024;

it("streams them in constant memory while the event loop serves others", { timeout: 120_000 }, async () => {
  const daemon = fakeDaemon();
  daemon.routeSource = million;
  const { socketPath } = await controlServer(daemon);
  const before = process.memoryUsage.rss();
  let lines = 0;
  let largest = before;
  const counting = new Sink();
  counting._write = (chunk: string | Buffer, _encoding, done) => {
    lines += String(chunk).split("\n").length - 1;
    largest = Math.max(largest, process.memoryUsage.rss());
    setImmediate(() => setImmediate(() => setImmediate(done))); // a terminal slower than the daemon
  };
  let served = 0;
  let streaming = true;
  const others = (async () => {
    for (; streaming; served++) expect((await ask({ socketPath, path: "/v1/peers/node1" })).status).toBe(200);
  })();
  const stderr = new Sink();
  const code = await runCli(["show", "routes"], cliIo(counting, stderr, { env: { REFLECTD_SOCKET: socketPath } }));
  streaming = false;
  await others;
  expect({ code, lines, err: stderr.text }).toEqual({ code: 0, lines: ROUTES + 1, err: "" });
  expect(served).toBeGreaterThan(100);
  expect(largest - before).toBeLessThan(GROWTH_OCTETS_MAX);
});

function* million(): Generator<RouteView> {
  for (let i = 0; i < ROUTES; i++) {
    yield routeView({ prefix: `10.${(i >> 14) & 255}.${(i >> 6) & 255}.${(i & 63) << 2}/30` });
  }
}
