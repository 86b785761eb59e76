/** Servers and folders for a test, stopped and removed whatever happens. */

import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect } from "vitest";
import { startHttpServer } from "../../src/control/http.ts";
import type { HttpServer } from "../../src/control/http.ts";
import { startControlServer } from "../../src/control/server.ts";
import type { ControlServer } from "../../src/control/server.ts";
import type { DaemonApi } from "../../src/daemon/api.ts";
import { testHost } from "./fake-daemon.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Runs after the test, in reverse order. */
export function afterTest(clean: () => unknown): void {
  cleanups.push(clean);
}

/** A new folder. */
export function folder(): string {
  const made = mkdtempSync(join(tmpdir(), "reflectd-test-"));
  afterTest(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** The control server on a socket in a new folder. */
export async function controlServer(api: DaemonApi, failures: unknown[] = []): Promise<ControlServer> {
  const started = await startControlServer(api, { socketPath: join(folder(), "r.sock"), host: testHost(failures) });
  if ("refused" in started) return expect.fail(started.refused);
  afterTest(() => started.close());
  return started;
}

/** The HTTP server on a free loopback port. */
export async function httpServer(api: DaemonApi, perPeer = true): Promise<HttpServer> {
  const started = await startHttpServer(api, { address: "127.0.0.1", port: 0, perPeer, host: testHost() });
  if ("refused" in started) return expect.fail(started.refused);
  afterTest(() => started.close());
  return started;
}

/** One request whose answer is not yet read. */
export function open(options: RequestOptions, body?: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request({ agent: false, ...options }, resolve);
    sent.on("error", reject);
    sent.end(body);
  });
}

/** One request and its whole answer. */
export async function ask(
  options: RequestOptions, body?: string,
): Promise<{ status: number; headers: IncomingMessage["headers"]; text: string }> {
  const message = await open(options, body);
  let text = "";
  message.setEncoding("utf8");
  for await (const chunk of message) text += chunk as string;
  return { status: message.statusCode ?? 0, headers: message.headers, text };
}
