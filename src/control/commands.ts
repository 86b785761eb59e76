/** Every command, one row each: its words, what it takes, what help says, what runs. */

import { FAMILIES } from "../messages/families.ts";
import type { Arguments, OptionRow, UsageFault } from "./arguments.ts";
import type { DecodeSource } from "./cli-io.ts";
import * as daemon from "./daemon-commands.ts";
import { RESOURCE_COMMANDS } from "./resource-commands.ts";
import { outputOf } from "./session.ts";
import type { Session } from "./session.ts";

/** One command. */
export interface CommandRow {
  readonly words: readonly string[];
  /** Names of what follows the words; the last may end in "...": any number of them. */
  readonly arguments?: readonly [needed: readonly string[], optional: readonly string[]];
  readonly options?: readonly (OptionRow & { readonly needed?: boolean })[];
  /** Options of every command of its kind: the daemon's socket, the output format. */
  readonly takes?: readonly ("socket" | "output")[];
  readonly does: string;
  readonly more?: string;
  /** What the table cannot say: options that need or exclude each other. */
  check?(read: Arguments): UsageFault | undefined;
  run(session: Session): Promise<number>;
}

const SOCKET: OptionRow = { name: "socket", value: "PATH", help: "the daemon's control socket (also REFLECTD_SOCKET)" };
const OUTPUT: OptionRow = {
  name: "output", short: "o", value: "FORMAT", oneOf: ["table", "wide", "json", "jsonl"],
  help: "json is one document, jsonl one object per line",
};
const CONFIG = { name: "config", value: "FILE", help: "the configuration file", needed: true } as const;
const ASKS: CommandRow["takes"] = ["socket", "output"];
const PEER: CommandRow["arguments"] = [["PEER"], []];

/** All commands, in the order of the overview. */
export const COMMANDS: readonly CommandRow[] = [
  { words: ["run"], options: [CONFIG], does: "the daemon, in the foreground",
    more: "SIGHUP reloads the configuration; SIGTERM and SIGINT stop the daemon, with a Cease to every neighbour.",
    run: ({ options, io }) => io.handlers.run({ config: options.get("config") ?? "" }, io) },
  { words: ["check"], options: [CONFIG], takes: ["output"],
    does: "validates all that run would read, prints every fault",
    run: (session) => session.io.handlers.check(
      { config: session.options.get("config") ?? "", output: outputOf(session) }, session.io) },
  { words: ["lab"], does: "a reflector and speakers on loopback, nothing to configure",
    options: [{ name: "nodes", value: "N", help: "number of speakers, 1 to 250; 4 unless told" },
      { name: "once", help: "exit 0 as soon as every speaker holds every other's routes" }],
    check: ({ options }) => wrongNumber(options, "nodes", 1, 250),
    run: ({ options, io }) => io.handlers.lab(
      { nodes: numberOf(options, "nodes"), once: options.has("once") }, io) },
  { words: ["node", "status"], takes: ASKS, does: "the sessions as calicoctl node status shows them",
    run: daemon.nodeStatus },
  { words: ["show", "peers"], arguments: [[], ["PEER"]], takes: ASKS, does: "all sessions, or one in full",
    run: daemon.showPeers },
  { words: ["show", "routes"], arguments: [[], ["PREFIX"]], takes: ASKS,
    does: "Loc-RIB, or what one peer sent or was sent",
    options: [
      { name: "longer", help: "PREFIX and all more specific ones" },
      { name: "for", value: "ADDRESS", help: "the longest match of an address" },
      { name: "peer", value: "PEER", help: "one neighbour's table, with --in or --out" },
      { name: "in", help: "Adj-RIB-In: what the neighbour announced" },
      { name: "out", help: "Adj-RIB-Out: what the neighbour was told" },
      { name: "family", value: "F", oneOf: FAMILIES.map((row) => row.name), help: "one address family" },
      { name: "community", value: "C", help: "routes that carry it: aa:nn, aa:nn:nn or a name as no-export" },
      { name: "count", help: "only how many" }],
    more: "Marks in front of a route: * best, S stale, x cannot be used (the reason follows).",
    check: wrongRouteQuery, run: daemon.showRoutes },
  { words: ["explain"], arguments: [["PREFIX"], []], takes: ASKS,
    does: "why a prefix's best path is best, and who is told",
    options: [{ name: "to", value: "PEER", help: "only towards this neighbour" }], run: daemon.explain },
  { words: ["show", "groups"], takes: ASKS, does: "update groups with members and lag", run: daemon.showGroups },
  { words: ["show", "memory"], takes: ASKS, does: "octets by owner", run: daemon.showMemory },
  { words: ["show", "kernel"], takes: ASKS, does: "kernel routes: wanted, installed, failed and why",
    run: daemon.showKernel },
  { words: ["show", "config"], takes: ASKS, does: "the configuration in force, secrets masked",
    run: daemon.showConfig },
  { words: ["reload"], takes: ASKS, does: "reads the configuration again, says what changed", run: daemon.reload },
  { words: ["shutdown"], takes: ASKS, does: "stops the daemon for good",
    options: [{ name: "drain", value: "SECONDS", help: "first ask peers to prefer other paths (RFC 8326)" }],
    check: ({ options }) => wrongNumber(options, "drain", 0, 3600), run: daemon.shutdown },
  { words: ["restart"], takes: ASKS, does: "stops the daemon, which asks to be started again",
    more: "The daemon ends with exit code 75; its supervisor (systemd, Kubernetes) starts it again.",
    run: daemon.restart },
  { words: ["reset"], arguments: PEER, takes: ASKS, does: "ends a session so that it starts anew",
    options: [{ name: "soft", value: "in|out", oneOf: ["in", "out"], help: "keep the session, apply policy again" }],
    run: daemon.reset },
  { words: ["disable"], arguments: PEER, takes: ASKS, does: "ends a session and keeps it down",
    options: [{ name: "reason", value: "TEXT", help: "told to the neighbour, at most 255 octets (RFC 9003)" }],
    run: daemon.disable },
  { words: ["enable"], arguments: PEER, takes: ASKS, does: "lets a disabled session come up", run: daemon.enable },
  { words: ["decode"], arguments: [[], ["-"]], does: "BGP messages to JSON, one object per message",
    options: [{ name: "pcap", value: "FILE", help: "a capture of tcpdump or Wireshark, also gzipped" },
      { name: "mrt", value: "FILE", help: "messages or tables of an MRT file, also gzipped" }],
    more: "Standard input: one message per line, as hex or as {hex, peer, asNumberSize, addPath}.",
    check: wrongDecodeSource, run: ({ options, io }) => io.handlers.decode({ source: decodeSource(options) }, io) },
  { words: ["calico", "sessions"], arguments: [[], ["FILE..."]], takes: ["output"],
    options: [{ name: "node", value: "NAME", help: "the node whose sessions are asked for", needed: true },
      { name: "filename", short: "f", value: "FILE", many: true, needed: true,
        help: "resources in JSON or YAML, a folder of them, or -; may be given again" }],
    does: "the sessions, routes and filters a Calico node would have, offline",
    run: (session) => session.io.handlers.calicoSessions({ node: session.options.get("node") ?? "",
      files: [...session.lists.get("filename") ?? [], ...session.words], output: outputOf(session) }, session.io) },
  ...RESOURCE_COMMANDS,
];

/** All options of a command. */
export function optionsOf(row: CommandRow): readonly OptionRow[] {
  const shared = (row.takes ?? []).map((kind) => (kind === "socket" ? SOCKET : OUTPUT));
  return [...(row.options ?? []), ...shared];
}

function numberOf(options: Arguments["options"], name: string): number | undefined {
  const text = options.get(name);
  return text === undefined ? undefined : Number(text);
}

function wrongNumber(
  options: Arguments["options"], name: string, least: number, most: number,
): UsageFault | undefined {
  const text = options.get(name);
  if (text === undefined) return undefined;
  if (/^[0-9]{1,6}$/.test(text) && Number(text) >= least && Number(text) <= most) return undefined;
  return { fault: `--${name} is no number from ${least} to ${most}`, todo: `--${name} ${Math.max(least, 5)}, say` };
}

function wrongRouteQuery({ words, options }: Arguments): UsageFault | undefined {
  const direction = options.has("in") || options.has("out");
  if (options.has("in") && options.has("out")) return { fault: "--in and --out exclude each other", todo: "give one" };
  if (options.has("peer") && !direction) return { fault: "--peer needs a table", todo: "add --in or --out" };
  if (direction && !options.has("peer")) return { fault: "--in and --out need a neighbour", todo: "add --peer PEER" };
  if (words.length > 0 && options.has("for")) return { fault: "PREFIX and --for exclude each other", todo: "give one" };
  if (words.length > 0 || !options.has("longer")) return undefined;
  return { fault: "--longer needs PREFIX", todo: "show routes PREFIX --longer" };
}

function wrongDecodeSource({ words, options }: Arguments): UsageFault | undefined {
  const [word] = words;
  if (word !== undefined && word !== "-") return { fault: "a file needs its kind", todo: "--pcap FILE or --mrt FILE" };
  const sources = words.length + Number(options.has("pcap")) + Number(options.has("mrt"));
  return sources > 1 ? { fault: "more than one source", todo: "one of --pcap FILE, --mrt FILE and -" } : undefined;
}

function decodeSource(options: Arguments["options"]): DecodeSource {
  const pcap = options.get("pcap");
  const mrt = options.get("mrt");
  if (pcap !== undefined) return { kind: "pcap", file: pcap };
  return mrt === undefined ? { kind: "stdin" } : { kind: "mrt", file: mrt };
}
