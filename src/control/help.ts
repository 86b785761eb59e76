/** What `--help` prints, made of the tables of commands and options. */

import type { OptionRow } from "./arguments.ts";
import { COMMANDS, optionsOf } from "./commands.ts";
import type { CommandRow } from "./commands.ts";

/** All commands. */
export function overview(): string {
  return `reflectd: a BGP-4 speaker and RFC 4456 route reflector

Usage: reflectd COMMAND [options]

${listing(COMMANDS)}
reflectd COMMAND --help tells more about one command, reflectd --version the version.
PEER is a neighbour's name, its address, or address:port ([v6]:port, fe80::1%eth0).
Exit codes: 0 done, 1 the request failed or the input is wrong, 2 wrong usage, 3 the daemon cannot be reached.
`;
}

/** The commands that begin with one word. */
export function groupHelp(rows: readonly CommandRow[]): string {
  return `Usage: reflectd ${rows[0]?.words[0] ?? ""} COMMAND [options]\n\n${listing(rows)}`;
}

/** One command in full. */
export function commandHelp(row: CommandRow): string {
  const options = optionsOf(row);
  const lines = options.map((option) => `  ${optionText(option).padEnd(24)}  ${option.help}\n`).join("");
  const more = row.more === undefined ? "" : `\n${row.more}\n`;
  return `${row.does}\n\nUsage: reflectd ${usage(row)}${options.length > 0 ? " [options]" : ""}\n`
    + (lines === "" ? "" : `\nOptions:\n${lines}`) + more;
}

function listing(rows: readonly CommandRow[]): string {
  const width = Math.max(...rows.map((row) => usage(row).length));
  return rows.map((row) => `  ${usage(row).padEnd(width)}  ${row.does}\n`).join("");
}

function usage(row: CommandRow): string {
  const [needed, optional] = row.arguments ?? [[], []];
  const must = (row.options ?? []).filter((option) => option.needed === true)
    .map((option) => `--${option.name} ${option.value ?? ""}`);
  return [...row.words, ...needed, ...optional.map((name) => `[${name}]`), ...must].join(" ");
}

function optionText(option: OptionRow): string {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  const value = option.oneOf?.join("|") ?? option.value;
  return `${short}--${option.name}${value === undefined ? "" : ` ${value}`}`;
}
