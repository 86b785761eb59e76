/** Servers for a test, stopped whatever happens. */

import { request } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { startHttpServer } from "../../src/control/http.ts";
import type { HttpServer } from "../../src/control/http.ts";
import { startControlServer } from "../../src/control/server.ts";
import type { ControlServer } from "../../src/control/server.ts";
import type { DaemonApi } from "../../src/daemon/api.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { testHost } from "./fake-daemon.ts";

/** The control server on a socket in a new folder. */
export async function controlServer(api: DaemonApi, failures: unknown[] = []): Promise<ControlServer> {
  const socketPath = join(temporaryFolder(), "r.sock");
  const started = await startControlServer(api, { socketPath, host: testHost(failures) });
  if ("refused" in started) return expect.fail(started.refused);
  onTestFinished(() => started.close());
  return started;
}

/** The HTTP server on a free loopback port. */
export async function httpServer(api: DaemonApi, perPeer = true): Promise<HttpServer> {
  const started = await startHttpServer(api, { address: "127.0.0.1", port: 0, perPeer, host: testHost() });
  if ("refused" in started) return expect.fail(started.refused);
  onTestFinished(() => started.close());
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
