/** Selectors as trees of the tests' own, how people write them, and what they mean, independently of src/. */

import fc from "fast-check";

/** A selector as a test draws it. */
export type Tree =
  | { readonly is: "all" }
  | { readonly is: "global" }
  | { readonly is: "has"; readonly label: string }
  | { readonly is: "one"; readonly label: string; readonly operator: string; readonly value: string }
  | { readonly is: "set"; readonly label: string; readonly operator: string; readonly values: readonly string[] }
  | { readonly is: "not"; readonly times: number; readonly of: Tree }
  | { readonly is: "and"; readonly of: readonly Tree[] }
  | { readonly is: "or"; readonly of: readonly Tree[] };

const LABELS = ["a", "in", "x/y-1.z_"] as const;
const VALUES = ["", "b", "bb", "'", '"'] as const;
const label = fc.constantFrom(...LABELS);
const value = fc.constantFrom(...VALUES);

/** Trees over three labels and five values, so that what is asked and what is there meet often. */
export const trees: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree; leaf: Tree }>((tie) => ({
  leaf: fc.oneof(
    fc.record({ is: fc.constantFrom("all" as const, "global" as const) }),
    fc.record({ is: fc.constant("has" as const), label }),
    fc.record({
      is: fc.constant("one" as const), label, value,
      operator: fc.constantFrom("==", "!=", "contains", "starts with", "ends with"),
    }),
    fc.record({
      is: fc.constant("set" as const), label, values: fc.array(value, { maxLength: 3 }),
      operator: fc.constantFrom("in", "not in"),
    }),
  ),
  tree: fc.oneof({ maxDepth: 4, depthIdentifier: "tree" }, tie("leaf"),
    fc.record({ is: fc.constant("not" as const), times: fc.integer({ min: 1, max: 3 }), of: tie("tree") }),
    fc.record({
      is: fc.constantFrom("and" as const, "or" as const), of: fc.array(tie("tree"), { minLength: 2, maxLength: 3 }),
    })),
})).tree;

/** Labels of a node, from the same few. */
export const labelSets: fc.Arbitrary<ReadonlyMap<string, string>> =
  fc.uniqueArray(fc.tuple(label, value), { maxLength: 3, selector: ([name]) => name })
    .map((entries) => new Map(entries));

/** What a tree means, after calico.md section 6, as naively as can be. */
export function means(tree: Tree, labels: ReadonlyMap<string, string>): boolean {
  if (tree.is === "all" || tree.is === "global") return true;
  if (tree.is === "not") return tree.times % 2 === 1 ? !means(tree.of, labels) : means(tree.of, labels);
  if (tree.is === "and") return tree.of.filter((of) => means(of, labels)).length === tree.of.length;
  if (tree.is === "or") return tree.of.filter((of) => means(of, labels)).length > 0;
  const given = labels.get(tree.label);
  if (tree.is === "has") return given !== undefined;
  if (given === undefined) return tree.operator === "!=" || tree.operator === "not in";
  if (tree.is === "set") return tree.values.some((one) => one === given) === (tree.operator === "in");
  if (tree.operator === "==") return given === tree.value;
  if (tree.operator === "!=") return given !== tree.value;
  const at = given.indexOf(tree.value);
  if (tree.operator === "contains") return at >= 0;
  if (tree.operator === "starts with") return at === 0;
  return given.slice(Math.max(0, given.length - tree.value.length)) === tree.value;
}

/** A tree as somebody might write it: `choose(n)` gives 0..n-1. */
export function written(tree: Tree, choose: (count: number) => number): string {
  const blanks = (least: string): string => ["", " ", "\t", "  "][choose(4)] || least;
  const text = (one: string): string => (one.includes('"') || (!one.includes("'") && choose(2) === 0)
    ? `'${one}'` : `"${one}"`);
  const word = (operator: string): string => operator.replace(" ", blanks(""));
  const write = (of: Tree, within: number): string => {
    const strength = of.is === "or" ? 0 : of.is === "and" ? 1 : 2;
    const bare = (): string => {
      if (of.is === "all" || of.is === "global") return `${of.is}(${blanks("")})`;
      if (of.is === "has") return `has(${blanks("")}${of.label}${blanks("")})`;
      if (of.is === "not") return `${`!${blanks("")}`.repeat(of.times)}${write(of.of, 2)}`;
      if (of.is === "and") return of.of.map((one) => write(one, 2)).join(`${blanks("")}&&${blanks("")}`);
      if (of.is === "or") return of.of.map((one) => write(one, 1)).join(`${blanks("")}||${blanks("")}`);
      const head = `${of.label}${blanks(/^[a-z]/.test(of.operator) ? " " : "")}${word(of.operator)}${blanks("")}`;
      if (of.is === "one") return `${head}${text(of.value)}`;
      const values = of.values.map(text).join(`${blanks("")},${blanks("")}`);
      return `${head}{${blanks("")}${values}${of.values.length > 0 && choose(2) === 0 ? "," : ""}${blanks("")}}`;
    };
    return strength < within || choose(6) === 0 ? `(${blanks("")}${bare()}${blanks("")})` : bare();
  };
  return `${blanks("")}${write(tree, 0)}${blanks("")}`;
}

/** Tokens of a selector, by the names of the grammar: the longest first, and operators only after a label. */
const TOKENS: readonly (readonly [after: "label" | "other" | "any", pattern: RegExp, name: string])[] = [
  ["any", /^[ \t]+/, ""],
  ["any", /^(==|!=)/, "="],
  ["any", /^&&/, "&"],
  ["any", /^\|\|/, "|"],
  ["any", /^[!(){},]/, "itself"],
  ["any", /^("[^"]*"|'[^']*')/, "S"],
  ["label", /^(contains|starts[ \t]*with|ends[ \t]*with)(?![\w./-])/, "="],
  ["label", /^(not[ \t]*)?in(?![\w./-])/, "i"],
  ["other", /^has\([ \t]*[\w./-]{1,512}[ \t]*\)/, "X"],
  ["other", /^(all|global)\([ \t]*\)/, "X"],
  ["other", /^[\w./-]{1,512}(?![\w./-])/, "L"],
];

/** Whether a text is a selector, by rewriting its tokens until nothing is left to rewrite. */
export function isSelector(text: string): boolean {
  let tokens = "";
  for (let rest = text; rest !== ""; ) {
    const state = tokens.endsWith("L") ? "label" : "other";
    const row = TOKENS.find(([after, pattern]) => (after === "any" || after === state) && pattern.test(rest));
    if (row === undefined) return false;
    const found = row[1].exec(rest)![0];
    tokens += row[2] === "itself" ? found : row[2];
    rest = rest.slice(found.length);
  }
  for (let before = ""; before !== tokens; ) {
    before = tokens;
    tokens = tokens.replace(/L=S|Li\{(S,)*S?\}|!X|\(X\)|X[&|]X/, "X");
  }
  return tokens === "" || tokens === "X";
}
