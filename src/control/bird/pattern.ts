/** BIRD's patterns for names: `*` is any text, `?` any one character. */

/** Whether a text fits a pattern. Takes at most as many steps as text and pattern have characters, multiplied. */
export function fits(text: string, pattern: string): boolean {
  let textAt = 0;
  let patternAt = 0;
  /** Behind the last `*`, and how far the text was when it is taken to have ended. */
  let again: { patternAt: number; textAt: number } | undefined;
  while (textAt < text.length) {
    const wanted = pattern[patternAt];
    if (wanted === "*") {
      patternAt++;
      again = { patternAt, textAt };
    } else if (wanted === "?" || wanted === text[textAt]) {
      patternAt++;
      textAt++;
    } else if (again !== undefined) {
      again.textAt++;
      ({ patternAt, textAt } = again);
    } else return false;
  }
  return /^\**$/.test(pattern.slice(patternAt));
}
