/**
 * What can be asked over a BIRD socket, one row each. Rule: nothing that can be said here changes anything; commands
 * of BIRD that would are refused as BIRD refuses them to a restricted session.
 */

import { wordsOf } from "./command-words.ts";
import type { Word } from "./command-words.ts";
import type { BirdContext } from "./context.ts";
import { protocolsReply } from "./protocols.ts";
import type { ProtocolChoice } from "./protocols.ts";
import { CODE, last, line } from "./reply.ts";
import type { Reply } from "./reply.ts";
import { routeReply } from "./show-route.ts";
import { memoryReply, statusReply } from "./status.ts";

/** What a command does: a reply, perhaps later, or the end of the session. */
export type Answer = Reply | Promise<Reply> | "end";

/** One command. */
interface Command {
  readonly words: readonly string[];
  /** How it goes on, for the help. */
  readonly usage: string;
  readonly does: string;
  /** Undefined where its arguments make no sense. */
  readonly answer: (args: readonly Word[], context: BirdContext) => Answer | undefined;
}

const COMMANDS: readonly Command[] = [
  row("show status", "", "Show router status", alone(statusReply)),
  row("show memory", "", "Show memory usage", alone(memoryReply)),
  row("show protocols", '[all] [<protocol> | "<pattern>"]', "Show routing protocols", showProtocols),
  row("show route",
    "[<prefix> | for <prefix> | for <ip>] [table <t>] [all] [primary] [export <p>] [protocol <p>] [count]",
    "Show routing table", routeReply),
  row("restrict", "", "Restrict current CLI session to safe commands",
    alone(() => [last(CODE.restricted, "Access restricted")])),
  row("echo", "off", "Control echoing of log messages", echo),
  row("help", "", "Show this", alone(help)),
  row("quit", "", "End the session", alone(() => "end")),
  row("exit", "", "End the session", alone(() => "end")),
];

/** First words of BIRD's commands that change something. */
const DENIED: readonly string[] = [
  "add", "configure", "debug", "delete", "disable", "down", "dump", "enable", "flush", "graceful", "mrtdump", "reload",
  "restart",
];

/** Characters of a command; BIRD takes as many. */
export const COMMAND_CHARACTERS_MAX = 4_096;

/** What to do about a line that a client sent. */
export function answerTo(command: string, context: BirdContext): Answer {
  if (command.length > COMMAND_CHARACTERS_MAX) return [last(CODE.commandTooLong, "Command too long")];
  const words = wordsOf(command);
  const found = words && COMMANDS.find((candidate) => begins(words, candidate.words));
  const answer = found?.answer((words ?? []).slice(found.words.length), context);
  if (answer !== undefined) return answer;
  if (DENIED.includes(words?.[0]?.text ?? "")) return [last(CODE.denied, "Access denied")];
  return [last(CODE.notUnderstood, "syntax error")];
}

function row(words: string, usage: string, does: string, answer: Command["answer"]): Command {
  return { words: words.split(" "), usage, does, answer };
}

/** A command without arguments. */
function alone(answer: (context: BirdContext) => Answer): Command["answer"] {
  return (args, context) => (args.length === 0 ? answer(context) : undefined);
}

function begins(words: readonly Word[], first: readonly string[]): boolean {
  return first.every((text, i) => words[i]?.text === text && !words[i].isQuoted);
}

function showProtocols(args: readonly Word[], context: BirdContext): Answer | undefined {
  const all = args[0]?.text === "all" && !args[0].isQuoted;
  const [chosen, ...more] = all ? args.slice(1) : args;
  if (more.length > 0) return undefined;
  const choice: ProtocolChoice = chosen && (chosen.isQuoted ? { pattern: chosen.text } : { name: chosen.text });
  return protocolsReply(context, choice, all);
}

/** Nothing of the log is ever echoed here; who asks for it is told that it may not. */
function echo(args: readonly Word[]): Answer | undefined {
  if (args.length === 0) return undefined;
  return [args.length === 1 && args[0]?.text === "off" ? last(CODE.done) : last(CODE.denied, "Access denied")];
}

function* help(): Reply {
  for (const { words, usage, does } of COMMANDS) {
    yield line(CODE.help, `${[...words, ...(usage === "" ? [] : [usage])].join(" ")}: ${does}`);
  }
  yield last(CODE.done);
}
