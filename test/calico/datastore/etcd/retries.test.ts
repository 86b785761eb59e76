/** What the datastore does when etcd is not there, says nothing, or is no etcd; time is virtual. */

import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { EtcdDatastore } from "../../../../src/calico/datastore/etcd/etcd.ts";
import type { EtcdSettings } from "../../../../src/config/settings.ts";
import { freePort } from "../../../support/calico/etcd.ts";
import { Mirror, ManualTimers } from "../../../support/calico/mirror.ts";
import { pause } from "../../../support/lab/waiting.ts";

const SETTINGS: EtcdSettings = { endpoints: [], ca: undefined, cert: undefined, key: undefined, username: undefined,
  passwordFile: undefined };
/** How long a stream may be silent. */
const SILENCE = 1_500_000;
/** The pauses among the timers: an answer is awaited for ten seconds, and thirty make a connection steady. */
const isPause = (milliseconds: number): boolean => ![10_000, 30_000, SILENCE].includes(milliseconds);

interface Followed { readonly mirror: Mirror; readonly timers: ManualTimers; readonly datastore: EtcdDatastore }

function make(endpoints: readonly string[], over: Partial<EtcdSettings> = {}): Omit<Followed, "mirror"> {
  const timers = new ManualTimers();
  const datastore = new EtcdDatastore({ settings: { ...SETTINGS, endpoints, ...over }, nodeName: "me", timers,
    now: () => "2026-01-01T00:00:00Z" });
  onTestFinished(() => datastore.stop());
  return { timers, datastore };
}

function follow(endpoints: readonly string[], over: Partial<EtcdSettings> = {}): Followed {
  const made = make(endpoints, over);
  const mirror = new Mirror();
  made.datastore.start(mirror.listen);
  return { mirror, ...made };
}

/** A server that answers as told; answers how often it was asked. */
async function gateway(
  answer: (path: string, response: ServerResponse, body: string) => void,
): Promise<{ readonly url: string; readonly server: Server; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const pieces: string[] = [];
    request.setEncoding("utf8").on("data", (piece: string) => { pieces.push(piece); });
    request.on("end", () => answer(request.url ?? "", response, pieces.join("")));
  });
  await new Promise<void>((resolve) => { server.listen(0, "127.0.0.1", resolve); });
  onTestFinished(async () => {
    const closed = new Promise((resolve) => { server.close(resolve); });
    server.closeAllConnections();
    await closed;
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, asked };
}

/** An empty etcd whose watches stay open. */
function emptyEtcd(path: string, response: ServerResponse): void {
  if (path === "/v3/watch") response.write('{"result":{"created":true}}\n');
  else response.end('{"header":{"revision":"5"}}');
}

it("waits 1 to 30 seconds between attempts, longer each time, and says the same only once", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const { mirror, timers } = follow([url]);
  const pauses: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++) pauses.push(await timers.fire(isPause));
  expect(pauses).toEqual([1500, 3000, 6000, 12_000, 22_500, 22_500, 22_500, 22_500]);
  expect(mirror.events).toHaveLength(1);
  expect(mirror.whys[0]).toMatch(/^http:.*ECONNREFUSED/);
});

it("tries its endpoints in turn, whatever is wrong with each", async () => {
  const good = await gateway(emptyEtcd);
  const { mirror, timers } = follow([`http://127.0.0.1:${await freePort()}`, "ftp://x", "http://[", good.url]);
  for (let attempt = 0; attempt < 3; attempt++) await timers.fire(isPause);
  await mirror.until("the connection", () => mirror.isUp);
  expect(mirror.events.map(({ kind }) => kind)).toEqual(["down", "down", "down", "snapshot", "synced", "up"]);
});

it("starts with short pauses again after a connection that held, and only then", async () => {
  const etcd = await gateway(emptyEtcd);
  const { mirror, timers } = follow([etcd.url]);
  const pauses: number[] = [];
  for (const holds of [false, false, true, false]) {
    await mirror.until("the connection", () => mirror.isUp);
    if (holds) await timers.fire((milliseconds) => milliseconds === 30_000);
    etcd.server.closeAllConnections();
    await mirror.until("the end", () => !mirror.isUp);
    pauses.push(await timers.fire(isPause));
  }
  expect(pauses).toEqual([1500, 3000, 1500, 3000]);
  await mirror.until("the connection", () => mirror.isUp);
  expect(mirror.count("synced")).toBe(1);
  // Six ranges and six watches each time, nothing in between.
  expect(etcd.asked).toHaveLength(5 * 12);
  expect(timers.pending.map(({ milliseconds }) => milliseconds).sort())
    .toEqual([...Array<number>(6).fill(SILENCE), 30_000]);
});

it("gives up an answer that does not come, does not begin, or does not go on", async () => {
  const silent = await gateway(() => undefined);
  const slow = await gateway((_path, response) => { response.write("{"); });
  const mute = await gateway((path, response) => path === "/v3/watch" ? undefined : emptyEtcd(path, response));
  for (const [{ url, asked }, path] of
    [[silent, "/v3/kv/range"], [slow, "/v3/kv/range"], [mute, "/v3/watch"]] as const) {
    const { mirror, timers, datastore } = follow([url]);
    await mirror.until("the request", () => asked.includes(path));
    await pause(50);
    await timers.fire((milliseconds) => milliseconds === 10_000);
    await mirror.until("the end", () => mirror.whys.length > 0);
    expect(mirror.whys[0]).toMatch(/nothing came for 10 s$/);
    await datastore.stop();
  }
});

it("asks for less where an answer is too much for the gateway, and gives up at a single key", async () => {
  const limits = new Map<string, string[]>();
  const { url } = await gateway((path, response, body) => {
    if (path === "/v3/watch") return emptyEtcd(path, response);
    const { key, limit } = JSON.parse(body) as { key: string; limit: string };
    limits.set(key, [...limits.get(key) ?? [], limit]);
    if (Number(limit) <= 50 && limits.size < 3) return emptyEtcd(path, response);
    const message = "grpc: received message larger than max (4786372 vs. 4194304)";
    response.writeHead(429).end(JSON.stringify({ error: message, message, code: 8 }));
  });
  const { mirror } = follow([url]);
  await mirror.until("the end", () => mirror.whys.length > 0);
  expect([...limits.values()]).toEqual([["500", "50"], ["50"], ["50", "5", "1"]]);
  expect(mirror.whys[0]).toMatch(/bgpconfigurations\/: grpc: received message larger/);
});

it("gives up a stream that is silent for longer than etcd ever is", async () => {
  const etcd = await gateway(emptyEtcd);
  const { mirror, timers } = follow([etcd.url]);
  await mirror.until("the connection", () => mirror.isUp);
  await timers.fire((milliseconds) => milliseconds === SILENCE);
  await mirror.until("the end", () => !mirror.isUp);
  expect(mirror.whys[0]).toMatch(/nothing came for 1500 s$/);
  await timers.fire(isPause);
  await mirror.until("the connection", () => mirror.isUp);
});

it.each<[string, number, string, RegExp]>([
  ["a page", 200, "<html>", /not etcd's$/],
  ["nothing", 200, "", /not etcd's$/],
  ["that it is elsewhere", 302, "", /HTTP 302$/],
  ["404", 404, "404 page not found", /404.*enable-grpc-gateway/],
  ["an error", 503, '{"error":"etcdserver: request timed out","message":"etcdserver: request timed out","code":14}',
    /: etcdserver: request timed out$/],
  ["an error of the newer gateway", 403, '{"code":7,"message":"etcdserver: permission denied","details":[]}',
    /nodes\/: etcdserver: permission denied$/],
])("says what came instead: %s", async (_what, status, text, why) => {
  const { url } = await gateway((_path, response) => { response.writeHead(status).end(text); });
  const { mirror } = follow([url]);
  await mirror.until("the answer", () => mirror.whys.length > 0);
  expect(mirror.whys[0]).toMatch(why);
  expect(mirror.count("snapshot")).toBe(0);
});

it.each<[string, string, RegExp]>([
  ["a compaction", '{"result":{"canceled":true,"compact_revision":"9"}}\n', /compacted/],
  ["a refusal", '{"result":{"created":true,"canceled":true,"cancel_reason":"no permission"}}\n', /no permission$/],
  ["an error without an end of line", '{"error":{"grpc_code":14,"message":"etcdserver: no leader"}}', /no leader$/],
  ["its end", "", /the stream has ended$/],
  ["noise", "noise\n", /not etcd's$/],
])("begins anew when a watch tells of %s", async (_what, text, why) => {
  let isFirst = true;
  const { url, asked } = await gateway((path, response) => {
    if (path !== "/v3/watch" || !isFirst) return emptyEtcd(path, response);
    isFirst = false;
    response.end(text);
  });
  const { mirror, timers } = follow([url]);
  expect(await timers.fire(isPause)).toBe(1500);
  await mirror.until("the connection", () => mirror.isUp);
  expect(mirror.whys).toHaveLength(1);
  expect(mirror.whys[0]).toMatch(why);
  expect(mirror.count("snapshot")).toBe(2);
  // Some of the first watches may have been called off on their way.
  expect(asked.length).toBeGreaterThan(12 + 6);
  expect(asked.length).toBeLessThanOrEqual(12 + 12);
});

it("tells nothing of a watch that only says that it lives", async () => {
  const { url } = await gateway((path, response) => {
    emptyEtcd(path, response);
    if (path === "/v3/watch") response.write('{"result":{"header":{"revision":"8"}}}\n\n');
  });
  const { mirror } = follow([url]);
  await mirror.until("the connection", () => mirror.isUp);
  expect(mirror.events.map(({ kind }) => kind)).toEqual(["snapshot", "synced", "up"]);
});

it("goes on without a name where etcd knows no users", async () => {
  const tokens: (string | undefined)[] = [];
  const { url, server } = await gateway((path, response) => {
    if (path !== "/v3/auth/authenticate") return emptyEtcd(path, response);
    response.writeHead(400).end('{"error":"etcdserver: authentication is not enabled","code":9}');
  });
  server.on("request", (request) => tokens.push(request.headers.authorization));
  const { mirror } = follow([url], { username: "calico" });
  await mirror.until("the connection", () => mirror.isUp);
  expect(new Set(tokens)).toEqual(new Set([undefined]));
});

it("says what is wrong with a token that is no value of a header, and tries again", async () => {
  let token = "two\nlines";
  const { url } = await gateway((path, response) => {
    if (path === "/v3/auth/authenticate") response.end(JSON.stringify({ token }));
    else emptyEtcd(path, response);
  });
  const { mirror, timers } = follow([url], { username: "calico" });
  await mirror.until("the fault", () => mirror.whys.length > 0);
  expect(mirror.whys[0]).toMatch(/invalid character/i);
  token = "one.line";
  await timers.fire(isPause);
  await mirror.until("the connection", () => mirror.isUp);
});

it("says which file cannot be read or used", async () => {
  for (const over of [{ ca: "/none/ca" }, { passwordFile: "/none/password", username: "x" },
    { cert: join(import.meta.dirname, "retries.test.ts") }]) {
    const { mirror } = follow(["https://127.0.0.1:1"], over);
    await mirror.until("the fault", () => mirror.whys.length > 0);
    expect(mirror.whys[0]).toMatch(/\/none\/.* cannot be read: no such file$|certificate/);
  }
});

it("says nothing after it was stopped, wherever that finds it", async () => {
  const etcd = await gateway(emptyEtcd);
  for (const moment of ["snapshot", "synced", "up"]) {
    const { datastore, timers } = make([etcd.url]);
    const events: string[] = [];
    datastore.start(({ kind }) => {
      events.push(kind);
      if (kind === moment) void datastore.stop();
    });
    await new Mirror().until(moment, () => events.includes(moment));
    await datastore.stop();
    expect(events.at(-1)).toBe(moment);
    expect(timers.pending).toEqual([]);
  }
  const { mirror, datastore, timers } = follow([etcd.url]);
  await datastore.stop();
  expect(mirror.events).toEqual([]);
  expect(timers.pending).toEqual([]);
});
