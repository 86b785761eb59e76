/** A command as words. */

/** One word; quoted ones are texts such as patterns, never key words. */
export interface Word {
  readonly text: string;
  readonly isQuoted: boolean;
}

const WORD = /\s*(?:"([^"]*)"|([^\s"]+))/y;

/** The words of a command; undefined where a quote is not closed. */
export function wordsOf(command: string): Word[] | undefined {
  const text = command.trimEnd();
  const words: Word[] = [];
  for (let at = 0; at < text.length; at = WORD.lastIndex) {
    WORD.lastIndex = at;
    const found = WORD.exec(text);
    if (found === null) return undefined;
    words.push({ text: found[1] ?? found[2] ?? "", isQuoted: found[1] !== undefined });
  }
  return words;
}
