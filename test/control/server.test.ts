/** The HTTP API on a real Unix socket: every page, every refusal, and what a hostile or slow client may cost. */

import { chmodSync, existsSync, statSync, writeFileSync } from "node:fs";
import { createServer, connect } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { API } from "../../src/control/endpoints.ts";
import { startControlServer } from "../../src/control/server.ts";
import { EXPLAINED, fakeDaemon, GROUP, peerView, routeView, testHost } from "./fake-daemon.ts";
import { countTurns, endlessRoutes, expectStalled } from "./pace.ts";
import { ask, controlServer, open } from "./running.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

describe("pages", () => {
  const daemon = fakeDaemon();
  const cases: readonly (readonly [method: string, path: string, body: string, status: number, answer: unknown])[] = [
    ["GET", "/v1/status", "", 200, daemon.status()],
    ["GET", "/v1/peers", "", 200, [peerView()]],
    ["GET", "/v1/peers?fields=name,state,nothing", "", 200, [{ name: "node1", state: "Established" }]],
    ["GET", "/v1/peers-table", "", 200,
      [["node1", "10.0.0.1", "64512", "Established", peerView().since, "5", "4", "3", ""]]],
    ["GET", "/v1/peers/node1", "", 200, peerView()],
    ["GET", "/v1/peers/10.0.0.1", "", 200, peerView()],
    ["GET", "/v1/peers/fe80%3A%3A1%25eth0", "", 404, { error: "no neighbour fe80::1%eth0" }],
    ["GET", "/v1/routes", "", 200, routeView()],
    ["GET", "/v1/routes?count=1", "", 200, { prefixes: 3, paths: 7 }],
    ["GET", "/v1/explain?prefix=10.244.1.0%2F26", "", 200, EXPLAINED],
    ["GET", "/v1/explain", "", 400, { error: "prefix is missing" }],
    ["GET", "/v1/groups", "", 200, [GROUP]],
    ["GET", "/v1/memory", "", 200, daemon.memory()],
    ["GET", "/v1/config", "", 200, daemon.config()],
    ["GET", "/v1/kernel", "", 200, daemon.kernel()],
    ["GET", "/v1/calico", "", 404, { error: "the daemon is not in Calico mode" }],
    ["POST", "/v1/reload", "", 200, { added: ["node2"], removed: [], reset: [], refreshed: [], untouched: ["node1"] }],
    ["POST", "/v1/shutdown", '{"drainSeconds":5}', 202, { drainSeconds: 5 }],
    ["POST", "/v1/restart", "", 202, {}],
    ["POST", "/v1/peers/node1/reset", '{"soft":"in"}', 200, { reset: ["node1"] }],
    ["POST", "/v1/peers/node1/disable", '{"reason":"upgrade"}', 200, { disabled: ["node1"] }],
    ["POST", "/v1/peers/node1/enable", "", 200, { enabled: ["node1"] }],
    ["POST", "/v1/peers/nobody/enable", "", 404, { error: "no neighbour nobody" }],
  ];
  it.each(cases)("%s %s %s", async (method, path, body, status, answer) => {
    const { socketPath } = await controlServer(fakeDaemon());
    const reply = await ask({ socketPath, method, path }, body);
    expect({ status: reply.status, answer: JSON.parse(reply.text) }).toEqual({ status, answer });
  });

  it("covers every endpoint", () => {
    const tried = (method: string, pattern: readonly string[]): boolean => cases.some(([tryMethod, path]) => {
      const parts = path.split("?")[0]?.split("/").slice(1) ?? [];
      return method === tryMethod && parts.length === pattern.length
        && pattern.every((part, i) => part.startsWith(":") || part === parts[i]);
    });
    expect(API.filter((endpoint) => !tried(endpoint.method, endpoint.path)).map(({ path }) => path)).toEqual([]);
  });

  it("hands the query and the body on", async () => {
    const daemon = fakeDaemon();
    const { socketPath } = await controlServer(daemon);
    await ask({ socketPath, path: "/v1/routes?peer=node1&direction=out&family=ipv6-unicast&community=1%3A2" });
    await ask({ socketPath, path: "/v1/routes?prefix=10.0.0.0%2F8&longer=1&count=true" });
    await ask({ socketPath, path: "/v1/explain?prefix=10.0.0.0%2F8&to=node2" });
    await ask({ socketPath, method: "POST", path: "/v1/peers/node1/reset" }, '{"soft":"out"}');
    await ask({ socketPath, method: "POST", path: "/v1/peers/node1/disable" }, '{"reason":"ü"}');
    expect(daemon.told).toEqual([
      ["routes", { peer: "node1", direction: "out", family: "ipv6-unicast", community: "1:2" }],
      ["countRoutes", { prefix: "10.0.0.0/8", longer: true }],
      ["explain", "10.0.0.0/8", "node2"],
      ["reset", "node1", "out"],
      ["disable", "node1", "ü"],
    ]);
  });

  it("answers a shutdown before the daemon is told", async () => {
    const daemon = fakeDaemon();
    const server = await controlServer(daemon);
    const told = new Promise((resolve) => { daemon.shutdown = async (options) => resolve(options); });
    const reply = await ask({ socketPath: server.socketPath, method: "POST", path: "/v1/shutdown" });
    expect(reply.status).toBe(202);
    expect(await told).toEqual({ drainSeconds: 0 });
  });

  it("answers HEAD without a body and without walking the routes", async () => {
    const daemon = fakeDaemon();
    daemon.routeSource = function* () { expect.fail("routes were walked"); yield routeView(); };
    const { socketPath } = await controlServer(daemon);
    expect(await ask({ socketPath, method: "HEAD", path: "/v1/routes" })).toMatchObject({ status: 200, text: "" });
    expect(await ask({ socketPath, method: "HEAD", path: "/v1/peers/node1" })).toMatchObject({ status: 200, text: "" });
  });
});

describe("bad requests", () => {
  const cases: readonly (readonly [method: string, path: string, body: string, status: number, error: RegExp])[] = [
    ["GET", "/", "", 404, /no such page: \//],
    ["GET", "/v1/peer", "", 404, /no such page/],
    ["GET", "/v1/peers/", "", 404, /no such page/],
    ["GET", "//", "", 404, /no such page/],
    ["GET", "/v1/peers/%ff", "", 400, /cannot be decoded/],
    ["POST", "/v1/peers", "", 405, /POST is not possible/],
    ["GET", "/v1/reload", "", 405, /GET is not possible/],
    ["DELETE", "/v1/peers/node1", "", 405, /DELETE is not possible/],
    ["GET", "/v1/routes?prefx=1", "", 400, /unknown key "prefx"; did you mean prefix\?/],
    ["GET", "/v1/routes?__proto__=1", "", 400, /unknown key "__proto__"/],
    ["GET", "/v1/routes?constructor=1", "", 400, /unknown key "constructor"/],
    ["GET", "/v1/routes?family=ipv5", "", 400, /family cannot be "ipv5"/],
    ["GET", "/v1/routes?prefix=", "", 400, /prefix cannot be ""/],
    ["GET", "/v1/routes?longer=maybe&prefix=1", "", 400, /longer cannot be "maybe"/],
    ["GET", "/v1/routes?longer=1", "", 400, /longer needs prefix/],
    ["GET", "/v1/routes?peer=a", "", 400, /peer needs direction/],
    ["GET", "/v1/routes?direction=in", "", 400, /direction needs peer/],
    ["GET", "/v1/routes?prefix=a&for=b", "", 400, /exclude each other/],
    ["GET", "/v1/routes?peer=a&peer=b", "", 400, /peer is given twice/],
    ["GET", "/v1/explain?prefix=a&too=b", "", 400, /unknown key "too"; did you mean to\?/],
    ["POST", "/v1/reload", "{", 400, /not JSON/],
    ["POST", "/v1/reload", "[]", 400, /must be a JSON object/],
    ["POST", "/v1/reload", "null", 400, /must be a JSON object/],
    ["POST", "/v1/reload", '{"problem":1,"status":200,"json":2}', 400, /unknown key "problem"/],
    ["POST", "/v1/reload", `{"a":"${"x".repeat(70_000)}"}`, 413, /more than 65536 octets/],
    ["POST", "/v1/shutdown", '{"drainSeconds":-1}', 400, /drainSeconds must be/],
    ["POST", "/v1/shutdown", '{"drainSeconds":1e999}', 400, /drainSeconds must be/],
    ["POST", "/v1/shutdown", '{"drainSeconds":"5"}', 400, /drainSeconds must be/],
    ["POST", "/v1/shutdown", '{"drain":5}', 400, /unknown key "drain"/],
    ["POST", "/v1/restart", '{"drain":5}', 400, /unknown key "drain"/],
    ["POST", "/v1/peers/node1/reset", '{"soft":"both"}', 400, /soft must be in or out/],
    ["POST", "/v1/peers/node1/disable", '{"reason":5}', 400, /reason must be a text/],
    ["POST", "/v1/peers/node1/disable", `{"reason":"${"ü".repeat(128)}"}`, 400, /more than 255 octets/],
  ];
  it.each(cases)("%s %s %s → %d", async (method, path, body, status, error) => {
    const daemon = fakeDaemon();
    const { socketPath } = await controlServer(daemon);
    const reply = await ask({ socketPath, method, path }, body);
    expect(reply.status).toBe(status);
    expect((JSON.parse(reply.text) as { error: string }).error).toMatch(error);
    expect(daemon.told).toEqual([]);
  });

  it("names the methods that are possible", async () => {
    const { socketPath } = await controlServer(fakeDaemon());
    expect((await ask({ socketPath, method: "PUT", path: "/v1/reload" })).headers.allow).toBe("POST");
  });

  it("turns the daemon's refusals into statuses", async () => {
    const daemon = fakeDaemon();
    const { socketPath } = await controlServer(daemon);
    for (const [what, status] of [["not-found", 404], ["invalid", 400], ["failed", 409]] as const) {
      daemon.routeSource = () => ({ refused: "why not", what });
      expect(await ask({ socketPath, path: "/v1/routes" })).toMatchObject({ status, text: '{"error":"why not"}\n' });
    }
  });

  it("survives an exception of ours, tells of it, and answers 500", async () => {
    const failures: unknown[] = [];
    const daemon = fakeDaemon();
    daemon.groups = () => { throw new Error("planted"); };
    daemon.reloadOutcome = () => Promise.reject(new Error("planted too"));
    const { socketPath } = await controlServer(daemon, failures);
    expect((await ask({ socketPath, path: "/v1/groups" })).status).toBe(500);
    expect((await ask({ socketPath, method: "POST", path: "/v1/reload" })).status).toBe(500);
    expect(failures).toMatchObject([
      { where: "GET /v1/groups", error: { message: "planted" } },
      { where: "POST /v1/reload", error: { message: "planted too" } },
    ]);
    expect((await ask({ socketPath, path: "/v1/peers" })).status).toBe(200);
  });

  it("breaks a stream off when the table walk fails, so that nobody takes a part for the whole", async () => {
    const failures: unknown[] = [];
    const daemon = fakeDaemon();
    daemon.routeSource = function* () {
      for (let i = 0; i < 2000; i++) yield routeView();
      throw new Error("planted");
    };
    const { socketPath } = await controlServer(daemon, failures);
    await expect(ask({ socketPath, path: "/v1/routes" })).rejects.toThrow(/aborted/);
    expect(failures).toMatchObject([{ error: { message: "planted" } }]);
  });

  it.each([
    ["garbage", "\u0000\u0001\u0002 nonsense\r\n\r\n"],
    ["headers without end", `GET / HTTP/1.1\r\nx: ${"y".repeat(40_000)}`],
    ["a body that breaks off", "POST /v1/reload HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{"],
    ["an upgrade", "GET /v1/peers HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"],
    ["CONNECT", "CONNECT x:1 HTTP/1.1\r\nhost: x\r\n\r\n"],
  ])("outlives %s", async (_, octets) => {
    const failures: unknown[] = [];
    const { socketPath } = await controlServer(fakeDaemon(), failures);
    await new Promise<void>((resolve) => {
      const socket = connect(socketPath, () => socket.end(octets));
      socket.on("close", () => resolve()).on("error", () => resolve()).resume();
    });
    expect((await ask({ socketPath, path: "/v1/peers" })).status).toBe(200);
    expect(failures).toEqual([]);
  });
});

describe("streams", () => {
  it("pulls no faster than the client reads, and returns the iterator when it goes", async () => {
    const routes = endlessRoutes(() => routeView());
    const daemon = fakeDaemon();
    daemon.routeSource = routes.source;
    const { socketPath } = await controlServer(daemon);
    const message = await open({ socketPath, path: "/v1/routes" });
    await expectStalled(routes, async () => {
      expect((await ask({ socketPath, path: "/v1/peers/node1" })).status).toBe(200);
    });
    message.destroy();
    await routes.returned;
  });

  it("lets the event loop turn between slices", async () => {
    const daemon = fakeDaemon();
    const turns = countTurns();
    daemon.routeSource = function* () {
      for (let i = 0; i < 20_000; i++) {
        turns.count();
        yield routeView();
      }
    };
    const { socketPath } = await controlServer(daemon);
    const reply = await ask({ socketPath, path: "/v1/routes" });
    const most = turns.most();
    expect(reply.text.split("\n").length).toBe(20_001);
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(1000);
  });
});

describe("the socket's file", () => {
  const start = (socketPath: string, group?: string): ReturnType<typeof startControlServer> =>
    startControlServer(fakeDaemon(), { socketPath, host: testHost(), ...(group === undefined ? {} : { group }) });

  it("has mode 0660 and goes with the server", async () => {
    const server = await controlServer(fakeDaemon());
    expect(statSync(server.socketPath).mode & 0o777).toBe(0o660);
    await server.close();
    expect(existsSync(server.socketPath)).toBe(false);
  });

  it("is not taken from a daemon that answers", async () => {
    const { socketPath } = await controlServer(fakeDaemon());
    expect(await start(socketPath)).toMatchObject({ refused: expect.stringMatching(/already answers/) });
    expect((await ask({ socketPath, path: "/v1/peers" })).status).toBe(200);
  });

  it("replaces a stale one", async () => {
    const socketPath = join(temporaryFolder(), "stale.sock");
    await leaveStale(socketPath);
    expect(existsSync(socketPath)).toBe(true);
    const server = await start(socketPath);
    if ("refused" in server) return expect.fail(server.refused);
    onTestFinished(() => server.close());
    expect((await ask({ socketPath, path: "/v1/peers" })).status).toBe(200);
  });

  it("never removes what is no socket", async () => {
    const socketPath = join(temporaryFolder(), "precious");
    writeFileSync(socketPath, "data");
    expect(await start(socketPath)).toMatchObject({ refused: expect.stringMatching(/is no socket/) });
    expect(statSync(socketPath).size).toBe(4);
  });

  it.each([
    ["a folder that cannot be made", "/proc/nowhere/r.sock", undefined, /cannot be opened/],
    ["a folder below a missing one", "FOLDER/a/b/r.sock", undefined, /folder above.*\(make them/],
    ["a relative path", "r.sock", undefined, /absolute path/],
    ["a path longer than a socket's name may be", `FOLDER/${"x".repeat(120)}`, undefined, /too long/],
    ["a folder whose path is longer", `FOLDER/${"x".repeat(120)}/r`, undefined, /too long.* 103 oct/],
    ["an unknown group", "FOLDER/r.sock", "no-such-group", /there is no group "no-such-group"/],
  ])("refuses %s in one line", async (_, path, group, why) => {
    const started = await start(path.replace("FOLDER", temporaryFolder()), group);
    if (!("refused" in started)) {
      await started.close();
      return expect.fail("it started");
    }
    expect(started.refused).toMatch(why);
    expect(started.refused).not.toContain("\n");
  });

  it("makes a missing folder for its user alone", async () => {
    const socketPath = join(temporaryFolder(), "made", "r.sock");
    const server = await start(socketPath);
    if ("refused" in server) return expect.fail(server.refused);
    onTestFinished(() => server.close());
    expect(statSync(join(socketPath, "..")).mode & 0o777).toBe(0o700);
    chmodSync(join(socketPath, ".."), 0o700);
  });

  it.runIf(process.getuid?.() === 0)("belongs to the group that was named", async () => {
    const socketPath = join(temporaryFolder(), "g", "r.sock");
    const server = await start(socketPath, "daemon");
    if ("refused" in server) return expect.fail(server.refused);
    onTestFinished(() => server.close());
    expect(statSync(socketPath)).toMatchObject({ gid: 1 });
    expect(statSync(join(socketPath, ".."))).toMatchObject({ gid: 1 });
  });
});

/** A socket file whose listener is gone without removing it: what a killed daemon leaves. */
async function leaveStale(socketPath: string): Promise<void> {
  const { renameSync } = await import("node:fs");
  const server = createServer();
  await new Promise<void>((resolve) => { server.listen(`${socketPath}.was`, resolve); });
  renameSync(`${socketPath}.was`, socketPath);
  await new Promise<void>((resolve) => { server.close(() => resolve()); });
}
