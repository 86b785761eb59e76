/** `run`: the daemon in this process, with the system's clock, sockets and signals. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Configuration } from "../config/reader.ts";
import type { Settings } from "../config/settings.ts";
import { startBirdServer } from "../control/bird/server.ts";
import { nodeStatusReport } from "../control/calico-node-status.ts";
import { EXIT } from "../control/cli-io.ts";
import type { CliIo } from "../control/cli-io.ts";
import type { ControlHost, StartRefusal } from "../control/host.ts";
import { startHttpServer } from "../control/http.ts";
import { portOwner } from "../control/port-owner.ts";
import { startControlServer } from "../control/server.ts";
import { daemonSocketPath } from "../control/socket-path.ts";
import type { DaemonApi } from "../daemon/api.ts";
import { startDaemon } from "../daemon/daemon.ts";
import type { RunningDaemon } from "../daemon/daemon.ts";
import { listeningText } from "../daemon/listeners.ts";
import { newLog } from "../daemon/log.ts";
import type { Log } from "../daemon/log.ts";
import { rehearse } from "../daemon/rehearsal.ts";
import type { RestartMemory } from "../daemon/restarts.ts";
import type { SpeakerEnvironment } from "../daemon/speaker.ts";
import { systemClock, systemRandom, systemScheduler } from "../daemon/system-clock.ts";
import { FAMILIES } from "../messages/families.ts";
import { dialer } from "../transport/dialer.ts";
import type { SocketProvider } from "../transport/provider.ts";
import { complain, readFile } from "./files.ts";
import { controlHost } from "./host.ts";
import { withPasswords } from "./passwords.ts";
import { openSockets } from "./sockets.ts";
import { openStateFile, stateFilePath } from "./state-file.ts";

/** A server that can be closed. */
interface Closable {
  close(): Promise<void>;
}

/** Octets in the heap: to move 14 MiB takes as long as to mark them, 20 ms of CPU time. */
const MOVED_OCTETS_MAX = 24 * 1024 * 1024;

/**
 * A full collection, and where V8 can (Node 22) another that gives back what it keeps in reserve ("last-resort"). Node
 * 20 takes any argument as the wish for a collection of the young generation, hence two calls (measured). V8 offers
 * it to contexts made after its flag is set, and only to those. What lives is moved together, or pages would stay that
 * are half empty (5 MiB after a thousand sessions had come and gone); not where it is so much that this takes long.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: (options?: object) => void = runInNewContext("gc");
  if (process.memoryUsage().heapUsed <= MOVED_OCTETS_MAX) setFlagsFromString("--compact-on-every-full-gc");
  collect();
  setFlagsFromString("--no-compact-on-every-full-gc");
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}

function environmentWith(log: Log, sockets: SocketProvider, restarts: RestartMemory): SpeakerEnvironment {
  const ours = { clock: systemClock, random: systemRandom, scheduler: systemScheduler, collectGarbage };
  return {
    ...ours, restarts, connector: dialer(systemClock, systemScheduler, sockets), log, sockets,
    routesMayCome: (isOver) => rehearse(ours, isOver),
  };
}

/** What its surfaces need of the program. */
interface Surroundings {
  readonly socketPath: string;
  readonly host: ControlHost;
  readonly log: Log;
  /** Paths that are not ours to open, whether we see a file there or not. */
  readonly birds: readonly string[];
}

/** Opens the control socket, without which nobody could ask, then BIRD's sockets and the pages, which BGP can miss. */
async function openSurfaces(
  api: DaemonApi, { control: { group, birdSockets }, http, metrics: { perPeer } }: Settings,
  { socketPath, host, log, birds }: Surroundings, open: Closable[],
): Promise<string | undefined> {
  const whom = { host, ...(group === undefined ? {} : { group }) };
  const keep = (what: string, server: Closable | StartRefusal): void => {
    if ("refused" in server) log.write("warn", what, { why: server.refused });
    else open.push(server);
  };
  const control = await startControlServer(api, { socketPath, ...whom });
  if ("refused" in control) return control.refused;
  open.push(control);
  for (const [i, path] of (birdSockets || []).entries()) {
    const family = FAMILIES[i]!.name;
    keep("bird-socket", birds.includes(path)
      ? { refused: `a BIRD answers on ${path} (stop it, or choose another control.birdSockets)` }
      : await startBirdServer(api, { socketPath: path, family, ...whom }));
  }
  if (http !== false) keep("http", await startHttpServer(api, { ...http, perPeer, host }));
  return undefined;
}

/** Runs until it is told to stop; resolves with the exit code. */
export async function run(options: { readonly config: string }, io: CliIo): Promise<number> {
  const readConfiguration = async (): Promise<Configuration> => withPasswords(await readFile(options.config));
  const read = await readConfiguration();
  if ("faults" in read) {
    complain(read.faults, io);
    return EXIT.failed;
  }
  const { settings, intent } = read;
  const format = settings.log.format ?? (process.stderr.isTTY ? "text" : "json");
  const log = newLog(settings.log, format, () => systemClock.wallMilliseconds(), (line) => io.stderr.write(line));
  const open: Closable[] = [];
  const host = controlHost(log);
  const socketPath = settings.control.socket ?? daemonSocketPath(io);
  const source = settings.calico &&
    await (await import("./calico-source.ts")).calicoSource(settings, settings.calico, io, log);
  if (source !== undefined && "refused" in source) return refuse(source.refused, io);
  const sockets = await openSockets(process, log);
  if ("refused" in sockets) return refuse(sockets.refused, io);
  open.push(sockets.inherited);
  const { stateDirectory, selectionDeferralSeconds: deferralSeconds } = settings.restart;
  const file = await openStateFile(stateFilePath(stateDirectory, io, socketPath), log);
  const kernel = settings.kernel.enabled ? await (await import("./kernel.ts")).kernelHost(settings, log) : undefined;
  const daemon = await startDaemon({
    environment: environmentWith(log, sockets.provider, { file, deferralSeconds }), sockets,
    ...(kernel === undefined ? {} : { kernel }),
    intent, settings, version: io.version, node: process.version, pid: process.pid,
    readConfiguration, portOwner, ...(source === undefined ? {} : { source }),
    openSurfaces: (api) => {
      source?.reportBy((classes) => nodeStatusReport(api, classes, host));
      return openSurfaces(api, settings, { socketPath, host, log, birds: kernel?.birds ?? [] }, open);
    },
  });
  if ("refused" in daemon) {
    await Promise.all(open.map((server) => server.close()));
    return refuse(daemon.refused, io);
  }
  const listening = listeningText(daemon.listening);
  log.write("info", "started", { version: io.version, listening, socket: socketPath, neighbours: intent.peers.length });
  obeySignals(daemon, log);
  const { startAgain } = await daemon.finished;
  await Promise.all(open.map((server) => server.close()));
  log.write("info", "stopped", { startAgain });
  return startAgain ? EXIT.startAgain : EXIT.done;
}

function refuse(why: string, io: CliIo): number {
  io.stderr.write(`reflectd: ${why}\n`);
  return EXIT.failed;
}

function obeySignals(daemon: RunningDaemon, log: Log): void {
  process.on("SIGHUP", () => void daemon.api.reload());
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.on(signal, () => {
      log.write("info", "stopping", { signal });
      void daemon.stop("");
    });
  }
}
