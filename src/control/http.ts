/**
 * HTTP on TCP, read-only: health, metrics and the pages of the API that only show sessions and routes. A port that
 * cannot be had is a warning: BGP does not depend on it.
 */

import type { AddressInfo } from "node:net";
import type { DaemonApi, MetricSample } from "../daemon/api.ts";
import type { Answer, Endpoint } from "./answer.ts";
import { API } from "./endpoints.ts";
import type { ControlHost, StartRefusal } from "./host.ts";
import { METRICS_CONTENT_TYPE, metricsText } from "./metrics.ts";
import { processSamples, watchLoopDelay } from "./process-metrics.ts";
import type { LoopDelay } from "./process-metrics.ts";
import { limitedServer, stop } from "./server.ts";
import type { ServerLimits } from "./server.ts";
import { listen } from "./socket-file.ts";

/** Where, and what is shown. */
export interface HttpOptions {
  readonly address: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** False leaves out series that have a peer label (`metrics.perPeer`). */
  readonly perPeer?: boolean;
  readonly host: ControlHost;
}

/** A running HTTP server. */
export interface HttpServer {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Why a port cannot be had, and what to do. */
const TROUBLES: Readonly<Record<string, string>> = {
  EADDRINUSE: "the port is taken (choose another in http)",
  EADDRNOTAVAIL: "no interface has this address (correct http)",
  EACCES: "no permission (choose a port from 1024 up in http)",
};
const HTTP_LIMITS: ServerLimits = { connectionsMax: 32, stallSeconds: 60 };

/** Starts the read-only server, or says in one line why it cannot run. */
export async function startHttpServer(api: DaemonApi, options: HttpOptions): Promise<HttpServer | StartRefusal> {
  const { address, port, host } = options;
  const delay = watchLoopDelay();
  const pages = [...healthPages(options, delay), ...API.filter((endpoint) => endpoint.open)];
  const server = limitedServer(api, pages, host, HTTP_LIMITS);
  const refused = await listen(server, { host: address, port });
  if (refused !== undefined) {
    delay.stop();
    return { refused: `no pages on ${address} port ${port}: ${TROUBLES[refused.code ?? ""] ?? refused.message}` };
  }
  const bound = server.address() as AddressInfo;
  const close = (): Promise<void> => {
    delay.stop();
    return stop(server);
  };
  return { address: bound.address, port: bound.port, close };
}

function healthPages(options: HttpOptions, delay: LoopDelay): Endpoint[] {
  return [
    page("healthz", "the process is alive and its event loop turns", () => plain(200, "ok\n")),
    page("readyz", "listening, configured, first synchronisation done", ({ api }) => {
      const { ready, waitingFor } = api.ready();
      return ready ? plain(200, "ok\n") : plain(503, `waiting for ${waitingFor.join(", ")}\n`);
    }),
    page("metrics", "Prometheus text", ({ api }) => ({
      status: 200,
      pieces: metricsText(samples(api, options, delay)),
      contentType: METRICS_CONTENT_TYPE,
    })),
  ];
}

function* samples(api: DaemonApi, options: HttpOptions, delay: LoopDelay): Generator<MetricSample> {
  yield* api.metrics(options.perPeer !== false);
  yield* delay.samples();
  yield* processSamples(options.host, api.status().startedAt);
}

function page(path: string, does: string, answer: Endpoint["answer"]): Endpoint {
  return { method: "GET", path: [path], open: true, does, answer };
}

function plain(status: number, text: string): Answer {
  return { status, text, contentType: "text/plain; charset=utf-8" };
}
