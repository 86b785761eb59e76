/** What the command line needs from outside: streams, surroundings, and the commands that are not the daemon's. */

/** The process as the command line sees it. */
export interface CliIo {
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: NodeJS.WritableStream;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Effective user id; -1 where the system has none. */
  readonly uid: number;
  /** The system's folder for temporary files. */
  readonly tmpdir: string;
  /** Whether standard output is a terminal. */
  readonly isTTY: boolean;
  /** Milliseconds since 1970, for SINCE columns. */
  wallMilliseconds(): number;
  /** Version of reflectd, for `--version`. */
  readonly version: string;
  readonly handlers: CliHandlers;
}

/** How a command prints what it was asked. */
export type OutputFormat = "table" | "wide" | "json" | "jsonl";

/** The commands that do not talk to a running daemon. Each resolves with the exit code. */
export interface CliHandlers {
  run(options: { readonly config: string }, io: CliIo): Promise<number>;
  check(options: { readonly config: string; readonly output: OutputFormat }, io: CliIo): Promise<number>;
  /** `nodes` undefined: the lab's own default. */
  lab(options: { readonly nodes: number | undefined; readonly once: boolean }, io: CliIo): Promise<number>;
  decode(options: { readonly source: DecodeSource }, io: CliIo): Promise<number>;
  /** `-` among the files is standard input. */
  calicoSessions(options: { readonly node: string; readonly files: readonly string[]; readonly output: OutputFormat },
    io: CliIo): Promise<number>;
  /** calicoctl's verbs on the resources of a datastore. */
  resources(request: ResourceRequest, io: CliIo): Promise<number>;
}

/** One of calicoctl's verbs, as it was typed. */
export interface ResourceRequest {
  readonly verb: "get" | "create" | "apply" | "replace" | "patch" | "delete";
  /** KIND and NAMEs; empty where files say them. */
  readonly words: readonly string[];
  /** Files and folders of `-f`; `-` is standard input. */
  readonly files: readonly string[];
  /** Folders within folders too. */
  readonly recursive: boolean;
  /** `-o` of get. */
  readonly format: string;
  /** `-p` of patch. */
  readonly patch: string;
  /** What is skipped counts as done: create of what is there, delete of what is not, files without resources. */
  readonly skip: { readonly existing: boolean; readonly absent: boolean; readonly empty: boolean };
  /** get without what belongs to one cluster. */
  readonly export: boolean;
  /** The configuration whose datastore is meant; undefined: that of the running daemon. */
  readonly config: string | undefined;
  /** `--socket`. */
  readonly socket: string | undefined;
}

/** Where `decode` reads. */
export type DecodeSource =
  | { readonly kind: "pcap" | "mrt"; readonly file: string }
  | { readonly kind: "stdin" };

/** Exit codes of every command. */
export const EXIT = {
  done: 0,
  /** The request failed or the input is wrong. */
  failed: 1,
  /** Wrong usage. */
  usage: 2,
  /** The daemon cannot be reached. */
  unreachable: 3,
  /** Of `run`: whoever started it is to start it again (`reflectd restart`; EX_TEMPFAIL of sysexits.h). */
  startAgain: 75,
} as const;
