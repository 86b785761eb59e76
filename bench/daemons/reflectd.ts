/** reflectd as a user runs it: dist/main.js, all clients by one range, asked through its control socket. */

import { existsSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import type { RequestOptions } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clientRange, daemonAddress, freePort } from "../place.ts";
import { AS_NUMBER, HOLD_TIME_SECONDS, MANY_DIALS, REJECTED_COMMUNITY, REPOSITORY, ROUTER_ID,
  running } from "./common.ts";
import type { DaemonKind, DaemonSetup } from "./daemon.ts";
import { ask } from "./process.ts";

const MAIN = join(REPOSITORY, "dist/main.js");

const OPENING_SECONDS = 10;

/** The row of the table of daemons. */
export const REFLECTD: DaemonKind = {
  name: "reflectd",
  dialsAtOnce: MANY_DIALS,
  missing: () => existsSync(MAIN) ? undefined : `not built: ${MAIN}`,
  start,
};

async function start(setup: DaemonSetup): ReturnType<DaemonKind["start"]> {
  const file = join(setup.folder, "reflectd.json");
  const socketPath = join(setup.folder, "control.sock");
  const http = await freePort();
  const write = (rejects: boolean): string => {
    const text = JSON.stringify(reflectdConfiguration(setup, socketPath, http, rejects), undefined, 1);
    writeFileSync(file, text);
    return text;
  };
  const configuration = write(false);
  const clientWords = (...words: string[]): string[] => [process.execPath, MAIN, ...words, "--socket", socketPath];
  const daemon = await running([process.execPath, ...setup.nodeOptions, MAIN, "run", "--config", file], setup, {
    version: "", configuration,
    reloadPolicy: async (rejects) => {
      write(rejects);
      await ask(clientWords("reload"));
    },
    peerList: clientWords("show", "peers"),
    longestPauseMilliseconds: async () => {
      const text = await page({ host: "127.0.0.1", port: http, path: "/metrics" });
      return 1000 * sampleOf(text, "nodejs_eventloop_lag_max_seconds");
    },
  });
  return { ...daemon, version: await versionOf(socketPath) };
}

/** The control socket opens a moment after the listener, and its file is there a moment before it accepts. */
async function versionOf(socketPath: string): Promise<string> {
  for (const until = performance.now() + OPENING_SECONDS * 1000;;) {
    try {
      const text = await page({ socketPath, path: "/v1/status" });
      return (JSON.parse(text) as { readonly version: string }).version;
    } catch (error) { // not open yet
      const { code = "" } = error as NodeJS.ErrnoException;
      if (!["ENOENT", "ECONNREFUSED"].includes(code) || performance.now() > until) throw error;
    }
    await sleep(2);
  }
}

/** The configuration file. */
export function reflectdConfiguration(setup: DaemonSetup, socket: string, http: number, rejects: boolean):
  unknown {
  const { place, family, addPath, sessions } = setup;
  const rule = { communities: { values: [REJECTED_COMMUNITY.join(":")] }, action: "Reject" };
  return {
    routerId: ROUTER_ID, asNumber: AS_NUMBER,
    listen: [{ address: daemonAddress(place, family), port: place.port }],
    neighbors: [{ name: "clients", range: clientRange(place, family), limit: sessions, routeReflectorClient: true,
      families: [`${family}-unicast`], addPath: addPath ? "both" : "off", holdTimeSeconds: HOLD_TIME_SECONDS,
      ...(rejects ? { import: { default: "accept", rules: [rule] } } : {}) }],
    control: { socket }, http: { address: "127.0.0.1", port: http }, log: { level: "error", format: "text" },
    metrics: { perPeer: false },
  };
}

/** One sample of a Prometheus page. */
function sampleOf(text: string, name: string): number {
  return Number(text.split("\n").find((line) => line.startsWith(`${name} `))?.split(" ").at(-1) ?? NaN);
}

const PAGE_SECONDS = 60;

/** A page of the control socket (`socketPath`) or over TCP. */
function page(where: RequestOptions): Promise<string> {
  const what = `GET ${where.path}`;
  return new Promise((resolve, reject) => {
    const asked = request({ ...where, timeout: PAGE_SECONDS * 1000 }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${what}: ${response.statusCode} ${text}`));
      });
    });
    asked.on("timeout", () => asked.destroy(new Error(`${what}: no answer in ${PAGE_SECONDS} s`)));
    asked.on("error", reject);
    asked.end();
  });
}
