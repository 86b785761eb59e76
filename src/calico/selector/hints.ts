/** What is said of a selector that cannot be read: what belongs where the reading stopped, and what was meant. */

/** What belongs where the reading stopped; each with how to write it. */
export const WANTED = {
  condition: { what: "a condition", todo: 'write has(label), label == "value", all() or the like' },
  operator: { what: "an operator", todo: "write ==, !=, contains, starts with, ends with, in or not in" },
  label: { what: "a label", todo: "write the name of a label: has(label)" },
  bracket: { what: ")", todo: "close the bracket" },
  text: { what: "a text in quotes", todo: 'write it in quotes: label == "value"' },
  set: { what: "a set", todo: 'write the texts in braces: label in {"a", "b"}' },
  item: { what: "a text in quotes or }", todo: 'write the texts in quotes: {"a", "b"}' },
  brace: { what: ", or }", todo: 'write a comma between the texts and } behind the last: {"a", "b"}' },
  end: { what: "&&, || or the end", todo: "join conditions with && or ||" },
  closing: { what: "&&, || or )", todo: "join conditions with && or ||, and close each ( with )" },
} as const;

/** A key of WANTED. */
export type Wanted = keyof typeof WANTED;

/** What people write who mean something else: where it is met, what stands there, what to do. The first row counts. */
const MEANT: readonly (readonly [where: string, found: RegExp, todo: string])[] = [
  ["", /[\r\n\v\f\u0085\u00a0\u2000-\u200b\u2028\u2029\u3000\ufeff]/y,
    "only spaces and tabs may stand between words; write the selector on one line"],
  ["", /[\u2018-\u201f\u00ab\u00bb`]/y, "use straight quotes: \" or '"],
  ["operator", /=/y, "write == to compare"],
  ["operator", /\(/y, 'write has(label), all() or global() without a space before "("'],
  ["operator", /[)&|]|$/y, "write has(label) if the label need only be there"],
  ["operator", /not[ \t]|!/y, "write ! before the label to turn the condition round"],
  ["operator", /["'{]/y, "write == before a value and in before a set"],
  ["end closing", /&|and(?![\w./-])/iy, "write && for and"],
  ["end closing", /\||or(?![\w./-])/iy, "write || for or"],
  ["end closing", /,/y, "write && for and, || for or"],
  ["end", /\)/y, "remove it, or open it with ("],
  ["condition", /["']/y, "write the label first and without quotes, the value last"],
  ["condition", /\*/y, "write all() for every node"],
  ["condition", /[&|]/y, "write a condition before and after each && and ||"],
  ["text", /=/y, "write == to compare"],
  ["text", /\{/y, "write in or not in before a set"],
  ["set", /["']/y, 'write the text in braces, {"a"}, or compare with =='],
  ["set", /[([]/y, 'sets are in braces: {"a", "b"}'],
  ["item", /,/y, "remove the comma"],
  ["label", /["']/y, "write the label without quotes"],
];

/** What to do about what stands at `at`, where something else is wanted. */
export function hint(wanted: Wanted, text: string, at: number): string {
  const row = MEANT.find(([where, found]) => {
    found.lastIndex = at;
    return (where === "" || where.split(" ").includes(wanted)) && found.test(text);
  });
  return row === undefined ? WANTED[wanted].todo : row[2];
}
