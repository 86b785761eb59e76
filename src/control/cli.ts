/** The command line: finds the command's row, reads its options, runs it. All commands are rows in commands.ts. */

import { nearest } from "../config/suggest.ts";
import { quoted, readArguments } from "./arguments.ts";
import type { Arguments, UsageFault } from "./arguments.ts";
import { EXIT } from "./cli-io.ts";
import type { CliIo } from "./cli-io.ts";
import { COMMANDS, optionsOf } from "./commands.ts";
import type { CommandRow } from "./commands.ts";
import { commandHelp, groupHelp, overview } from "./help.ts";
import { Output } from "./output.ts";

/** Runs one command line (without node and script) and resolves with the exit code. */
export async function runCli(argv: readonly string[], io: CliIo): Promise<number> {
  const out = new Output(io.stdout);
  const err = new Output(io.stderr);
  const code = await dispatch(leadingOptionsLast(argv), io, out, err);
  await out.flush();
  if (out.failure === undefined) return out.broken ? EXIT.done : code; // a closed pager has seen enough
  await err.write(`reflectd: standard output: ${out.failure} (the output is not complete)\n`);
  return EXIT.failed;
}

async function dispatch(argv: readonly string[], io: CliIo, out: Output, err: Output): Promise<number> {
  const asksHelp = argv.includes("--help") || argv.includes("-h") || argv[0] === "help";
  const typed = argv.filter((text) => text !== "--help" && text !== "-h");
  const words = typed[0] === "help" ? typed.slice(1) : typed;
  if (words.length === 0) {
    if (asksHelp) return say(out, overview());
    return misuse(err, undefined, { fault: "no command given", todo: "reflectd --help lists the commands" });
  }
  if (words[0] === "--version") return say(out, `reflectd ${io.version}\n`);
  const row = COMMANDS.find((command) => command.words.every((word, i) => word === words[i]));
  if (row === undefined) return noSuchCommand(words, asksHelp, out, err);
  if (asksHelp) return say(out, commandHelp(row));
  const command = row.words.join(" ");
  const read = readArguments(words.slice(row.words.length), optionsOf(row));
  if ("fault" in read) return misuse(err, row, read);
  const wrong = wrongWords(row, read) ?? row.check?.(read);
  if (wrong !== undefined) return misuse(err, row, wrong);
  return row.run({ ...read, command, io, out, err });
}

async function noSuchCommand(
  words: readonly string[], asksHelp: boolean, out: Output, err: Output,
): Promise<number> {
  const group = COMMANDS.filter((command) => command.words.length > 1 && command.words[0] === words[0]);
  if (group.length > 0 && words.length === 1 && asksHelp) return say(out, groupHelp(group));
  const first = words[0] ?? "";
  if (group.length > 0) {
    const known = group.map((command) => command.words[1] ?? "");
    const close = words[1] === undefined ? undefined : nearest(words[1], known);
    const fault = words[1] === undefined ? `${first} what?` : `unknown command ${quoted(`${first} ${words[1]}`)}`;
    return misuse(err, undefined, {
      fault, todo: close === undefined ? `one of ${known.join(", ")}` : `did you mean ${first} ${close}?`,
    });
  }
  const close = nearest(first, COMMANDS.map((command) => command.words[0] ?? ""));
  const todo = close === undefined ? "reflectd --help lists the commands" : `did you mean ${close}?`;
  return misuse(err, undefined, { fault: `unknown command ${quoted(first)}`, todo });
}

function wrongWords(row: CommandRow, { words, options }: Arguments): UsageFault | undefined {
  const [least, most] = row.arguments ?? [[], []];
  const usage = `reflectd ${row.words.join(" ")} ${[...least, ...most.map((name) => `[${name}]`)].join(" ")}`.trim();
  if (words.length < least.length) return { fault: `${least[words.length] ?? ""} is missing`, todo: usage };
  const extra = words[least.length + most.length];
  const takesMore = most.at(-1)?.endsWith("...") === true;
  if (extra !== undefined && !takesMore) return { fault: `unexpected ${quoted(extra)}`, todo: usage };
  const needed = (row.options ?? []).find((option) => option.needed === true && !options.has(option.name));
  if (needed === undefined) return undefined;
  return { fault: `--${needed.name} is missing`, todo: `${usage} --${needed.name} ${needed.value ?? ""}`.trim() };
}

/** `reflectd -o json show peers` means `reflectd show peers -o json`. */
function leadingOptionsLast(argv: readonly string[]): readonly string[] {
  const first = argv[0] ?? "";
  if (first === "--socket" || first === "-o" || first === "--output") {
    return [...leadingOptionsLast(argv.slice(2)), ...argv.slice(0, 2)];
  }
  const joined = /^(--socket=|--output=|-o)./.test(first);
  return joined ? [...leadingOptionsLast(argv.slice(1)), first] : argv;
}

async function say(out: Output, text: string): Promise<number> {
  await out.write(text);
  return EXIT.done;
}

async function misuse(err: Output, row: CommandRow | undefined, { fault, todo }: UsageFault): Promise<number> {
  const command = row === undefined ? "" : `${row.words.join(" ")}: `;
  await err.write(`reflectd: ${command}${fault} (${todo})\n`);
  return EXIT.usage;
}
