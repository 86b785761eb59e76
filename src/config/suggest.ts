/** The known word that a misspelt one was probably meant to be. */

/** The nearest of `known` to `word`, of like ones that of the most like length; undefined where none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > 64) return undefined;
  let best: string | undefined;
  let [bestDistance, bestOff] = [Infinity, Infinity];
  const plain = simplified(word);
  for (const candidate of known) {
    const distance = distanceOf(plain, simplified(candidate));
    const off = Math.abs(candidate.length - word.length);
    if (distance > bestDistance || (distance === bestDistance && off >= bestOff)) continue;
    [best, bestDistance, bestOff] = [candidate, distance, off];
  }
  return best !== undefined && bestDistance <= Math.max(1, Math.floor(plain.length / 3)) ? best : undefined;
}

/** Spelling habits that mean the same: hold_time, hold-time, holdTime. */
function simplified(word: string): string {
  return word.toLowerCase().replace(/[_-]/g, "");
}

/** Edit distance with swapped neighbours as one edit; a word that begins with the other is one edit away from it. */
function distanceOf(a: string, b: string): number {
  if (a !== b && Math.min(a.length, b.length) >= 4 && (a.startsWith(b) || b.startsWith(a))) return 1;
  let before = new Uint16Array(b.length + 1);
  let row = Uint16Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = new Uint16Array(b.length + 1).fill(i, 0, 1);
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + same);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, before[j - 2]! + 1);
      next[j] = cost;
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
