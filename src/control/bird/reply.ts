/**
 * Replies of BIRD's control protocol, as lines and as text. A line begins with its code and a dash, the last one of a
 * reply with its code and a space; a line with the code of the one before begins with a single space instead.
 */

/**
 * Codes by what they say: 0xxx done, 1xxx and 2xxx rows and headings, 8xxx cannot be done, 9xxx not understood. All are
 * BIRD's but `help`: its clients print no line of code 0.
 */
export const CODE = {
  done: 0, ready: 1, statusReport: 13, routeCount: 14, restricted: 16,
  version: 1000, protocol: 1002, protocolDetail: 1006, route: 1007, routeType: 1008, uptime: 1011, attribute: 1012,
  memory: 1018, help: 1999, protocolHeading: 2002,
  noRoute: 8001, noProtocolMatches: 8003, protocolDown: 8005, denied: 8007,
  commandTooLong: 9000, notUnderstood: 9001, noSuchProtocol: 9002,
} as const;

/** One line of a reply. */
export interface ReplyLine {
  /** One of CODE. */
  readonly code: number;
  /** On one line, and fit to print. */
  readonly text: string;
  readonly isLast: boolean;
}

/** The lines of one reply; undefined says nothing, and lets others have their turn. */
export type Reply = Iterable<ReplyLine | undefined>;

/** A line that others follow. */
export function line(code: number, text: string): ReplyLine {
  return { code, text, isLast: false };
}

/** The line that ends a reply. */
export function last(code: number, text = ""): ReplyLine {
  return { code, text, isLast: true };
}

/** BIRD's clients read lines of at most 4,095 octets; a character is at most four. */
const TEXT_CHARACTERS_MAX = 1_000;

/** The reply as text, a line at a time; "" where nothing is said. */
export function* encodeReply(reply: Reply): Generator<string> {
  let before: number | undefined;
  for (const said of reply) {
    if (said === undefined) {
      yield "";
      continue;
    }
    const { code, isLast } = said;
    const text = said.text.length > TEXT_CHARACTERS_MAX ? `${said.text.slice(0, TEXT_CHARACTERS_MAX)} ...` : said.text;
    if (isLast) yield `${fourDigits(code)} ${text}\n`;
    else yield code === before ? ` ${text}\n` : `${fourDigits(code)}-${text}\n`;
    before = code;
  }
}

function fourDigits(code: number): string {
  return String(code).padStart(4, "0");
}
