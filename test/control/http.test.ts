/** Health, metrics and the read-only pages on TCP. */

import { describe, expect, it } from "vitest";
import { startHttpServer } from "../../src/control/http.ts";
import { METRICS, metricsText } from "../../src/control/metrics.ts";
import type { MetricSample } from "../../src/daemon/api.ts";
import { fakeDaemon, testHost } from "./fake-daemon.ts";
import { ask, httpServer } from "./running.ts";

describe("pages on TCP", () => {
  it.each([
    ["/healthz", 200], ["/readyz", 200], ["/metrics", 200], ["/v1/peers", 200], ["/v1/peers/node1", 200],
    ["/v1/routes", 200], ["/v1/groups", 200], ["/v1/kernel", 200], ["/v1/explain?prefix=10.0.0.0/8", 200],
    ["/v1/calico", 404], ["/v1/config", 404], ["/v1/memory", 404], ["/v1/status", 404], ["/nothing", 404],
  ])("%s → %d", async (path, status) => {
    const { port } = await httpServer(fakeDaemon());
    expect((await ask({ host: "127.0.0.1", port, path })).status).toBe(status);
  });

  it("tells nobody to do anything", async () => {
    const daemon = fakeDaemon();
    const { port } = await httpServer(daemon);
    const paths = ["/v1/reload", "/v1/shutdown", "/v1/peers/node1/reset", "/v1/peers/node1/disable", "/metrics"];
    for (const path of paths) {
      expect([404, 405]).toContain((await ask({ host: "127.0.0.1", port, path, method: "POST" }, "{}")).status);
    }
    expect(daemon.told).toEqual([]);
  });

  it("is not ready while something is awaited, and alive all the same", async () => {
    const daemon = fakeDaemon();
    daemon.waitingFor = ["End-of-RIB from node1", "the listener"];
    const { port } = await httpServer(daemon);
    expect(await ask({ host: "127.0.0.1", port, path: "/readyz" }))
      .toMatchObject({ status: 503, text: "waiting for End-of-RIB from node1, the listener\n" });
    expect((await ask({ host: "127.0.0.1", port, path: "/healthz" })).status).toBe(200);
  });

  it("refuses a taken port in one line", async () => {
    const { port } = await httpServer(fakeDaemon());
    const failures: string[] = [];
    const host = { ...testHost(), onFailure: (_: unknown, where: string) => { failures.push(where); } };
    const second = await startHttpServer(fakeDaemon(), { address: "127.0.0.1", port, host });
    const refused = expect.stringMatching(/^no pages on 127\.0\.0\.1 port \d+: the port is taken \(choose another/);
    expect(second).toMatchObject({ refused });
    expect(failures).toEqual([]); // the refusal is all that is said
  });
});

describe("metrics", () => {
  it("gives Node's own numbers, each a sane value", async () => {
    const { port } = await httpServer(fakeDaemon());
    const { text, headers } = await ask({ host: "127.0.0.1", port, path: "/metrics" });
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    for (const name of ["process_resident_memory_bytes", "process_cpu_seconds_total", "nodejs_heap_size_used_bytes"]) {
      expect(Number(new RegExp(`^${name} (.*)$`, "m").exec(text)?.[1])).toBeGreaterThan(0);
    }
    expect(text).toMatch(/^reflectd_event_loop_delay_seconds\{quantile="0.99"\} [0-9.e-]+$/m);
    expect(text).toMatch(/^process_start_time_seconds 1772323200$/m);
    expect(text).not.toMatch(/NaN|undefined|untyped/);
  });

  it("leaves out series by peer where they are switched off", async () => {
    const daemon = fakeDaemon();
    daemon.samples = [
      { name: "reflectd_peer_up", labels: { peer: "node1" }, value: 1 },
      { name: "reflectd_paths", labels: { family: "ipv4-unicast" }, value: 5 },
    ];
    const { port } = await httpServer(daemon, false);
    const { text } = await ask({ host: "127.0.0.1", port, path: "/metrics" });
    expect(text).toContain('reflectd_paths{family="ipv4-unicast"} 5\n');
    expect(text).not.toContain("reflectd_peer_up");
  });

  it("groups samples under one heading, in the table's order, and escapes labels", () => {
    const samples: MetricSample[] = [
      { name: "reflectd_paths", labels: { family: "ipv4-unicast" }, value: 7 },
      { name: "reflectd_peer_up", labels: { peer: 'a"b\\c\nd' }, value: 1 },
      { name: "reflectd_paths", labels: { family: "ipv6-unicast" }, value: 8 },
      { name: "reflectd_convergence_seconds_bucket", labels: { le: "+Inf" }, value: 2 },
      { name: "reflectd_convergence_seconds_sum", labels: {}, value: 0.5 },
      { name: "reflectd_convergence_seconds_count", labels: {}, value: 2 },
      { name: "planted_without_row", labels: {}, value: Infinity },
    ];
    expect([...metricsText(samples)].join("")).toBe([
      "# HELP reflectd_peer_up 1 while the session is Established.",
      "# TYPE reflectd_peer_up gauge",
      'reflectd_peer_up{peer="a\\"b\\\\c\\nd"} 1',
      "# HELP reflectd_paths Paths held.",
      "# TYPE reflectd_paths gauge",
      'reflectd_paths{family="ipv4-unicast"} 7',
      'reflectd_paths{family="ipv6-unicast"} 8',
      "# HELP reflectd_convergence_seconds From a change received until every member was woken to take it.",
      "# TYPE reflectd_convergence_seconds histogram",
      'reflectd_convergence_seconds_bucket{le="+Inf"} 2',
      "reflectd_convergence_seconds_sum 0.5",
      "reflectd_convergence_seconds_count 2",
      "# TYPE planted_without_row untyped",
      "planted_without_row +Inf",
      "",
    ].join("\n"));
  });

  it("has one row per name, named as Prometheus wants it", () => {
    expect(new Set(METRICS.map((row) => row.name)).size).toBe(METRICS.length);
    for (const { name, type } of METRICS) {
      expect(name).toMatch(/^(reflectd|process|nodejs)_[a-z_]+$/);
      expect(name.endsWith("_total")).toBe(type === "counter");
    }
  });
});
