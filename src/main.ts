#!/usr/bin/env node
/**
 * The composition root: the only file that knows the process. It reads files, passes the system's clock, sockets and
 * streams to the parts, and turns signals into calls. Rule: no logic that could live elsewhere.
 */

import { promises, readFileSync } from "node:fs";
import process from "node:process";
import { tmpdir } from "node:os";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { gunzipSync } from "node:zlib";
import { formatFault, unreadableFile } from "./config/fault.ts";
import type { ConfigFault } from "./config/fault.ts";
import { readConfiguration } from "./config/reader.ts";
import type { Configuration } from "./config/reader.ts";
import type { Settings } from "./config/settings.ts";
import { EXIT } from "./control/cli-io.ts";
import type { CliHandlers, CliIo, DecodeSource } from "./control/cli-io.ts";
import { runCli } from "./control/cli.ts";
import { decodeCommand } from "./control/decode-command.ts";
import type { ControlHost } from "./control/host.ts";
import { startHttpServer } from "./control/http.ts";
import { Output } from "./control/output.ts";
import { portOwner } from "./control/port-owner.ts";
import { startControlServer } from "./control/server.ts";
import { daemonSocketPath } from "./control/socket-path.ts";
import type { DaemonApi } from "./daemon/api.ts";
import { startDaemon } from "./daemon/daemon.ts";
import type { RunningDaemon } from "./daemon/daemon.ts";
import { newLog, SILENT } from "./daemon/log.ts";
import type { Log } from "./daemon/log.ts";
import type { SpeakerEnvironment } from "./daemon/speaker.ts";
import { systemClock, systemRandom, systemScheduler, systemSoon } from "./daemon/system-clock.ts";
import { LAB_NODES_DEFAULT, runLab } from "./lab/lab.ts";
import { systemWorld } from "./lab/system.ts";
import { dialer } from "./transport/dialer.ts";
import { nodeNetProvider } from "./transport/provider.ts";

const PACKAGE: { readonly version: string } =
  JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const VERSION = PACKAGE.version;

/** A server that can be closed. */
interface Closable {
  close(): Promise<void>;
}

/**
 * A full collection, and where V8 can (Node 22) another that gives back what it keeps in reserve ("last-resort"). Node
 * 20 takes any argument as the wish for a collection of the young generation, hence two calls (measured). V8 offers
 * it to contexts made after its flag is set, and only to those.
 */
function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: (options?: object) => void = runInNewContext("gc");
  collect();
  collect({ type: "major", execution: "sync", flavor: "last-resort" });
}

/**
 * Keeps V8's heap near what is in use: the tables are not in it. The young generation stays at the size that loading
 * the program gave it (it would go to twice 16 MiB with the first burst and stay so), and the old one is collected when
 * it has grown by a fifth (V8 waits for four times its size). Both are what its command line has options for, said by
 * the program itself. Measured with a million routes and with 4,000 sessions: the same CPU time, 30 and 50 MiB less.
 */
function keepHeapSmall(): void {
  setFlagsFromString("--semi-space-growth-factor=1");
  setFlagsFromString("--heap-growing-percent=20");
}

function environmentWith(log: Log): SpeakerEnvironment {
  return {
    clock: systemClock, random: systemRandom, scheduler: systemScheduler,
    connector: dialer(systemClock, systemScheduler), log, soon: systemSoon, collectGarbage,
    refusesSockets: ({ passwordFile, ttlSecurityHops }) =>
      nodeNetProvider.refuses({ password: passwordFile !== undefined, ttlSecurityHops }),
  };
}

function controlHost(log: Log): ControlHost {
  return {
    nextTurn: () => new Promise((resolve) => {
      setImmediate(resolve);
    }),
    umask: (mask) => process.umask(mask),
    uid: process.geteuid?.() ?? -1,
    memoryUsage: () => process.memoryUsage(),
    cpuUsage: () => process.cpuUsage(),
    onFailure: (error, where) => log.write("error", "control", { where, error: String(error) }),
  };
}

/** Why a file cannot be read, and what to do. */
const UNREADABLE: Readonly<Record<string, readonly [why: string, todo: string]>> = {
  ENOENT: ["no such file", "give the path of an existing one"],
  EISDIR: ["it is a folder", "give the path of a file"],
  EACCES: ["permission denied", "make it readable for this user"],
};

function whyUnreadable({ code, message }: NodeJS.ErrnoException): readonly [why: string, todo: string] {
  return UNREADABLE[code ?? ""] ?? [message, "give another file"];
}

async function readFile(file: string): Promise<Configuration> {
  try {
    return readConfiguration(await promises.readFile(file, "utf8"), file);
  } catch (error) {
    const [why, todo] = whyUnreadable(error as NodeJS.ErrnoException);
    return { faults: [unreadableFile(file, `cannot be read: ${why}`, todo)] };
  }
}

function complain(faults: readonly ConfigFault[], io: CliIo): void {
  for (const fault of faults) io.stderr.write(`reflectd: ${formatFault(fault)}\n`);
}

/** Opens the control socket, without which nobody could ask, and the pages, without which BGP goes on. */
async function openSurfaces(api: DaemonApi, settings: Settings, socketPath: string, log: Log, open: Closable[]):
  Promise<string | undefined> {
  const host = controlHost(log);
  const { group } = settings.control;
  const control = await startControlServer(api, { socketPath, host, ...(group === undefined ? {} : { group }) });
  if ("refused" in control) return control.refused;
  open.push(control);
  if (settings.http === false) return undefined;
  const http = await startHttpServer(api, { ...settings.http, perPeer: settings.metrics.perPeer, host });
  if ("refused" in http) log.write("warn", "http", { why: http.refused });
  else open.push(http);
  return undefined;
}

async function run(options: { readonly config: string }, io: CliIo): Promise<number> {
  keepHeapSmall();
  const read = await readFile(options.config);
  if ("faults" in read) {
    complain(read.faults, io);
    return EXIT.failed;
  }
  const { settings, intent } = read;
  const format = settings.log.format ?? (process.stderr.isTTY ? "text" : "json");
  const log = newLog(settings.log, format, () => systemClock.wallMilliseconds(), (line) => io.stderr.write(line));
  const open: Closable[] = [];
  const socketPath = settings.control.socket ?? daemonSocketPath(io);
  const daemon = await startDaemon({
    environment: environmentWith(log), intent, settings, version: VERSION, node: process.version, pid: process.pid,
    readConfiguration: () => readFile(options.config), portOwner,
    openSurfaces: (api) => openSurfaces(api, settings, socketPath, log, open),
  });
  if ("refused" in daemon) {
    io.stderr.write(`reflectd: ${daemon.refused}\n`);
    await Promise.all(open.map((server) => server.close()));
    return EXIT.failed;
  }
  const listening = daemon.listening.map(({ address, port }) => `${address} port ${port}`).join(", ");
  log.write("info", "started", { version: VERSION, listening, socket: socketPath, neighbours: intent.peers.length });
  obeySignals(daemon, log);
  await daemon.finished;
  await Promise.all(open.map((server) => server.close()));
  log.write("info", "stopped");
  return EXIT.done;
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

const check: CliHandlers["check"] = async ({ config, output }, io) => {
  const read = await readFile(config);
  const faults = "faults" in read ? read.faults : [];
  if (output === "json") io.stdout.write(`${JSON.stringify({ faults }, undefined, 2)}\n`);
  else if (output === "jsonl") for (const fault of faults) io.stdout.write(`${JSON.stringify(fault)}\n`);
  else if ("faults" in read) complain(faults, io);
  else {
    const { peers, originated } = read.intent;
    io.stdout.write(`${config}: ${peers.length} neighbours, ${originated.length} routes of our own, no fault\n`);
  }
  return faults.length === 0 ? EXIT.done : EXIT.failed;
};

const lab: CliHandlers["lab"] = ({ nodes = LAB_NODES_DEFAULT, once }, io) => runLab({ nodes, once }, systemWorld({
  write: (text) => io.stdout.write(text), complain: (text) => io.stderr.write(text),
  terminal: io.isTTY, soon: systemSoon,
  version: VERSION, node: process.version, pid: process.pid,
  stopped: new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => resolve());
    io.stdout.once("error", () => resolve()); // nobody looks any more
  }),
  async openControl(api) {
    const socketPath = `${io.tmpdir}/reflectd-lab-${process.pid}.sock`;
    const control = await startControlServer(api, { socketPath, host: controlHost(SILENT) });
    if ("refused" in control) return undefined;
    return { hint: `npx reflectd show peers --socket ${socketPath}`, close: () => control.close() };
  },
}));

/** Lines without their ends; a line is handed on before the next is read. */
async function* linesOf(stream: NodeJS.ReadableStream): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + chunk.toString()).split(/\r?\n/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}

const GZIP_MAGIC = 0x1f8b;

async function decode({ source }: { readonly source: DecodeSource }, io: CliIo): Promise<number> {
  const output = new Output(io.stdout);
  const write = async (line: string): Promise<boolean> => {
    await output.write(line);
    return !output.broken;
  };
  if (source.kind === "stdin") return decodeCommand({ lines: linesOf(io.stdin) }, write);
  let octets: Uint8Array;
  try {
    const file = await promises.readFile(source.file);
    octets = file.length > 1 && file.readUInt16BE(0) === GZIP_MAGIC ? gunzipSync(file) : file;
  } catch (error) {
    const [why, todo] = whyUnreadable(error as NodeJS.ErrnoException);
    io.stderr.write(`reflectd: ${source.file}: cannot be read: ${why} (${todo})\n`);
    return EXIT.failed;
  }
  const code = await decodeCommand(source.kind === "pcap" ? { pcap: octets } : { mrt: octets }, write);
  const todo = "--pcap takes pcap and pcapng, --mrt takes MRT, both also gzipped";
  if (code !== EXIT.done) io.stderr.write(`reflectd: ${source.file}: no BGP message could be read (${todo})\n`);
  return code;
}

/** A crash must look like a lost connection to the peers: no Cease, one line, the stack, gone. */
process.on("uncaughtException", (error) => {
  process.stderr.write(`reflectd: bug: ${error.message} (please report this stack)\n${error.stack ?? ""}\n`);
  process.exit(70);
});

process.exitCode = await runCli(process.argv.slice(2), {
  stdout: process.stdout, stderr: process.stderr, stdin: process.stdin, env: process.env,
  uid: process.geteuid?.() ?? -1, tmpdir: tmpdir(), isTTY: process.stdout.isTTY === true,
  wallMilliseconds: () => systemClock.wallMilliseconds(), version: VERSION,
  handlers: { run, check, lab, decode },
});
