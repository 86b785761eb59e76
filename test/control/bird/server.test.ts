/** BIRD's protocol on a real Unix socket: sessions, and what a hostile or slow client may cost. */

import { existsSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { startBirdServer } from "../../../src/control/bird/server.ts";
import type { BirdServer } from "../../../src/control/bird/server.ts";
import type { DaemonApi } from "../../../src/daemon/api.ts";
import { fakeDaemon, routeView, testHost } from "../fake-daemon.ts";
import { countTurns, endlessRoutes, expectStalled } from "../pace.ts";
import { BirdClient, rawReply } from "./client.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const GREETING = "0001 BIRD v1.6.8+reflectd-0.1.0 ready.\n";
const WRONG = "9001 syntax error\n";
const RESTRICTED = "0016 Access restricted\n";

function start(api: DaemonApi, socketPath: string, failures: unknown[] = []): ReturnType<typeof startBirdServer> {
  return startBirdServer(api, { socketPath, family: "ipv4-unicast", host: testHost(failures) });
}

async function birdServer(api: DaemonApi, failures: unknown[] = []): Promise<BirdServer> {
  const started = await start(api, join(temporaryFolder(), "bird.ctl"), failures);
  if ("refused" in started) return expect.fail(started.refused);
  onTestFinished(() => started.close());
  return started;
}

function clientOf({ socketPath }: BirdServer): BirdClient {
  const client = new BirdClient(socketPath);
  onTestFinished(() => client.destroy());
  return client;
}

/** Distinct prefixes, as a table has them. */
const prefixAt = (i: number): string => `10.${(i >> 14) & 255}.${(i >> 6) & 255}.${(i & 63) << 2}/30`;

describe("a session", () => {
  it("is greeted and answered, a command after the other, however they come", async () => {
    const client = clientOf(await birdServer(fakeDaemon()));
    client.send("restr");
    await client.until(/ready/);
    client.send("ict\nnonsense\r\n\nrestrict\nresTrict\n");
    const text = `${GREETING}${RESTRICTED}${WRONG}${WRONG}${RESTRICTED}${WRONG}`;
    await client.until(/(error\n[^]*){3}/);
    expect(client.text).toBe(text);
  });

  it("is answered after the client has ended its side", async () => {
    const client = clientOf(await birdServer(fakeDaemon()));
    client.end("show protocols\n");
    await client.closed;
    expect(client.text).toMatch(/^0001 .*\n2002-name [^]*\n0000 \n$/);
  });

  it("does nothing about a command that breaks off", async () => {
    const client = clientOf(await birdServer(fakeDaemon()));
    client.end("restrict\nrestrict");
    await client.closed;
    expect(client.text).toBe(GREETING + RESTRICTED);
  });

  it.each(["quit", "exit"])("ends with %s, and what follows is not done", async (word) => {
    const client = clientOf(await birdServer(fakeDaemon()));
    client.send(`restrict\n${word}\nrestrict\n`);
    await client.closed;
    expect(client.text).toBe(GREETING + RESTRICTED);
  });

  it.each([["in one line", "x".repeat(5_000)], ["that never ends", "x".repeat(1_000_000)]])(
    "ends with a command too long, %s", async (_, text) => {
      const client = clientOf(await birdServer(fakeDaemon()));
      client.send(text);
      await client.until(/9000/);
      client.end();
      await client.closed;
      expect(client.text).toBe(`${GREETING}9000 Command too long\n`);
    });

  it("may be one of several, each with its own pace", async () => {
    const server = await birdServer(fakeDaemon());
    const replies = await Promise.all(Array.from({ length: 20 }, () => rawReply(server.socketPath, "restrict")));
    expect(new Set(replies)).toEqual(new Set([RESTRICTED]));
  });

  it("costs nobody else its place: beyond the limit a connection is refused", async () => {
    const server = await birdServer(fakeDaemon());
    const clients = Array.from({ length: 64 }, () => clientOf(server));
    await Promise.all(clients.map((client) => client.until(/ready/)));
    const late = clientOf(server);
    await late.closed;
    expect(late.text).toBe("");
    clients[0]?.send("restrict\n");
    await clients[0]?.until(/0016/);
  });

  it("ends, and is told of, where a command meets a bug of ours", async () => {
    const failures: unknown[] = [];
    const daemon = fakeDaemon();
    const server = await birdServer(daemon, failures);
    daemon.memory = () => { throw new Error("planted"); };
    daemon.countRoutes = () => Promise.reject(new Error("planted too"));
    for (const command of ["show memory", "show route count"]) {
      const client = clientOf(server);
      client.send(`${command}\n`);
      await client.closed;
      expect(client.text).toBe(GREETING);
    }
    expect(failures).toMatchObject([
      { where: "BIRD command show memory", error: { message: "planted" } },
      { where: "BIRD command show route count", error: { message: "planted too" } },
    ]);
    expect(await rawReply(server.socketPath, "restrict")).toBe(RESTRICTED);
  });

  it.each([
    ["garbage", "\u0000\u0001\u00ff nonsense\n"], ["another protocol", "GET / HTTP/1.1\r\nhost: x\r\n\r\n"],
    ["nothing", ""],
  ])("outlives %s", async (_, octets) => {
    const failures: unknown[] = [];
    const server = await birdServer(fakeDaemon(), failures);
    const client = clientOf(server);
    client.end(octets);
    await client.closed;
    expect(await rawReply(server.socketPath, "restrict")).toBe(RESTRICTED);
    expect(failures).toEqual([]);
  });
});

describe("a long reply", () => {
  it("is pulled no faster than the client reads, and left when it goes", async () => {
    const routes = endlessRoutes((i) => routeView({ prefix: prefixAt(i) }));
    const daemon = fakeDaemon();
    daemon.routeSource = routes.source;
    const server = await birdServer(daemon);
    const client = clientOf(server);
    await client.until(/ready/);
    client.pause();
    client.send("show route\n");
    await expectStalled(routes, async () => {
      expect(await rawReply(server.socketPath, "restrict")).toBe(RESTRICTED);
    });
    client.destroy();
    await routes.returned;
  });

  it("lets the event loop turn between slices, also where it holds few of the routes", async () => {
    const daemon = fakeDaemon();
    const turns = countTurns();
    daemon.routeSource = function* () {
      for (let i = 0; i < 20_000; i++) {
        turns.count();
        if (i % 500 === 499) yield undefined as never; // as the daemon does
        yield routeView({ prefix: prefixAt(i) });
      }
    };
    const server = await birdServer(daemon);
    const all = await rawReply(server.socketPath, "show route");
    const none = await rawReply(server.socketPath, "show route protocol static1");
    const most = turns.most();
    expect(all.split("\n").length).toBe(20_002);
    expect(none).toBe("0000 \n");
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThanOrEqual(1_001); // one is held until the next tells that its prefix is complete
  });
});

describe("the socket's file", () => {
  it("has mode 0660, and goes with the server and its sessions", async () => {
    const server = await birdServer(fakeDaemon());
    expect(statSync(server.socketPath).mode & 0o777).toBe(0o660);
    const client = clientOf(server);
    await client.until(/ready/);
    await server.close();
    await client.closed;
    expect(existsSync(server.socketPath)).toBe(false);
  });

  it("is not taken from a BIRD that answers", async () => {
    const { socketPath } = await birdServer(fakeDaemon());
    expect(await start(fakeDaemon(), socketPath)).toMatchObject({
      refused: `a daemon already answers on ${socketPath} (stop it, or choose another control.birdSockets)`,
    });
    expect(await rawReply(socketPath, "restrict")).toBe(RESTRICTED);
  });

  it("is taken over from one that is gone", async () => {
    const socketPath = join(temporaryFolder(), "bird.ctl");
    const dead = createServer();
    await new Promise<void>((resolve) => { dead.listen(`${socketPath}.was`, resolve); });
    renameSync(`${socketPath}.was`, socketPath);
    await new Promise<void>((resolve) => { dead.close(() => resolve()); });
    const started = await start(fakeDaemon(), socketPath);
    if ("refused" in started) return expect.fail(started.refused);
    onTestFinished(() => started.close());
    expect(await rawReply(socketPath, "restrict")).toBe(RESTRICTED);
  });

  it("never replaces what is no socket", async () => {
    const socketPath = join(temporaryFolder(), "bird.ctl");
    writeFileSync(socketPath, "data");
    expect(await start(fakeDaemon(), socketPath)).toMatchObject({
      refused: `${socketPath} is in the way and is no socket (choose another control.birdSockets)`,
    });
    expect(statSync(socketPath).size).toBe(4);
  });
});
