/** calicoctl's verbs on the command line: their options are calicoctl's, and a mistake says what to type instead. */

import type { Arguments, OptionRow, UsageFault } from "./arguments.ts";
import type { ResourceRequest } from "./cli-io.ts";
import type { CommandRow } from "./commands.ts";
import type { Session } from "./session.ts";

type Verb = ResourceRequest["verb"];

const CONFIG: OptionRow = { name: "config", short: "c", value: "FILE",
  help: "the configuration whose datastore is meant; else the running daemon's, else DATASTORE_TYPE's" };
const FILES: OptionRow = { name: "filename", short: "f", value: "FILE", many: true,
  help: "resources in JSON or YAML, a folder of them, or -; may be given again" };
const RECURSIVE: OptionRow = { name: "recursive", short: "R", help: "folders within folders too" };
const SKIP_EMPTY: OptionRow = { name: "skip-empty", help: "files without resources are no mistake" };
const FROM_FILES: readonly OptionRow[] = [RECURSIVE, SKIP_EMPTY, CONFIG];
const OUTPUT: OptionRow = { name: "output", short: "o", value: "FORMAT",
  help: "ps (the default), wide, yaml, json, jsonl, custom-columns=HEADING,..." };
const FORMATS = /^(?:ps|table|wide|ya?ml|jsonl?|custom-columns=.+)$/;
const ONE_SOURCE = "KIND NAME or -f FILE, not both";
const NAMES = "Kinds are BGPPeer, BGPConfiguration, BGPFilter, Node, IPPool, BlockAffinity and others, "
  + "with calicoctl's plural and\nshort names in any case.";
const NOTE = `${NAMES} On a Kubernetes datastore kubectl does this.`;

/** The rows of the verbs, in the order of the overview. */
export const RESOURCE_COMMANDS: readonly CommandRow[] = [
  { words: ["get"], arguments: [[], ["KIND", "NAME..."]], takes: ["socket"], does: "shows Calico resources",
    options: [FILES, OUTPUT, { name: "export", help: "without what belongs to this cluster" }, ...FROM_FILES],
    more: NAMES, check: (read) => wrongFormat(read) ?? wrongSource(read), run: asked("get") },
  { words: ["create"], arguments: [[], ["FILE..."]], takes: ["socket"], does: "makes Calico resources", more: NOTE,
    options: [{ ...FILES, needed: true }, { name: "skip-exists", help: "what is there counts as made" }, ...FROM_FILES],
    run: asked("create") },
  { words: ["apply"], arguments: [[], ["FILE..."]], takes: ["socket"], does: "makes or replaces Calico resources",
    more: NOTE, options: [{ ...FILES, needed: true }, ...FROM_FILES], run: asked("apply") },
  { words: ["replace"], arguments: [[], ["FILE..."]], takes: ["socket"], does: "replaces Calico resources", more: NOTE,
    options: [{ ...FILES, needed: true }, ...FROM_FILES], run: asked("replace") },
  { words: ["patch"], arguments: [["KIND", "NAME"], []], takes: ["socket"], does: "changes parts of a Calico resource",
    options: [{ name: "patch", short: "p", value: "JSON", needed: true, help: "what to merge into it (RFC 7396)" },
      { name: "type", short: "t", value: "TYPE", oneOf: ["strategic", "merge", "json"],
        help: "taken as calicoctl takes it: all of them merge" }, CONFIG],
    more: NOTE, run: asked("patch") },
  { words: ["delete"], arguments: [[], ["KIND", "NAME..."]], takes: ["socket"], does: "removes Calico resources",
    options: [FILES, { name: "skip-not-exists", short: "s", help: "what is not there counts as removed" },
      ...FROM_FILES],
    more: NOTE, check: wrongVictim, run: asked("delete") },
];

function asked(verb: Verb): CommandRow["run"] {
  return (session) => session.io.handlers.resources(requestOf(verb, session), session.io);
}

/** Words after `-f` are files to the verbs that take no KIND: a shell makes several of `-f *.yaml`. */
function requestOf(verb: Verb, { words, options, lists }: Session): ResourceRequest {
  const files = lists.get("filename") ?? [];
  const hasKind = verb === "get" || verb === "delete" || verb === "patch";
  return {
    verb, words: hasKind ? words : [], files: hasKind ? files : [...files, ...words],
    recursive: options.has("recursive"), format: options.get("output") ?? "ps", patch: options.get("patch") ?? "",
    skip: { existing: options.has("skip-exists"), absent: options.has("skip-not-exists"),
      empty: options.has("skip-empty") },
    export: options.has("export"), config: options.get("config"), socket: options.get("socket"),
  };
}

function wrongFormat({ options }: Arguments): UsageFault | undefined {
  const format = options.get("output") ?? "ps";
  if (FORMATS.test(format)) return undefined;
  return { fault: "-o has no such format", todo: "one of ps, wide, yaml, json, jsonl, custom-columns=HEADING,..." };
}

function wrongSource({ words, lists }: Arguments): UsageFault | undefined {
  const hasFiles = lists.has("filename");
  if (hasFiles && words.length > 0) return { fault: "KIND beside -f", todo: ONE_SOURCE };
  return hasFiles || words.length > 0 ? undefined : { fault: "KIND is missing", todo: ONE_SOURCE };
}

function wrongVictim(read: Arguments): UsageFault | undefined {
  const isAll = read.words.length === 1 && !read.lists.has("filename");
  return isAll ? { fault: "NAME is missing", todo: "reflectd delete KIND NAME" } : wrongSource(read);
}
