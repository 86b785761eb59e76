/** What a selector says, as a tree: what it is over labels, how it is written, which labels it asks for. */

/** Operators between a label and one value. */
export type Comparison = "==" | "!=" | "contains" | "starts with" | "ends with";
/** Operators between a label and a set of values. */
export type Membership = "in" | "not in";

/** One condition. `!` stands before one condition, so that a `not` never holds another `not`. */
export type Expression =
  | { readonly type: "all" | "global" }
  | { readonly type: "has"; readonly label: string }
  | { readonly type: "compare"; readonly label: string; readonly operator: Comparison; readonly value: string }
  | { readonly type: "member"; readonly label: string; readonly operator: Membership; readonly values: Values }
  | { readonly type: "not"; readonly operand: Expression }
  | { readonly type: "and" | "or"; readonly operands: readonly Expression[] };
type Values = ReadonlySet<string>;

/** Names and values of the labels of a node. */
export type Labels = ReadonlyMap<string, string>;

/** What each operator asks of a label's value, which is undefined where the label is missing. */
const COMPARISONS: Readonly<Record<Comparison, (given: string | undefined, value: string) => boolean>> = {
  "==": (given, value) => given === value,
  "!=": (given, value) => given !== value,
  contains: (given, value) => given?.includes(value) ?? false,
  "starts with": (given, value) => given?.startsWith(value) ?? false,
  "ends with": (given, value) => given?.endsWith(value) ?? false,
};

/** Whether labels fulfil a condition. */
export function holds(expression: Expression, labels: Labels): boolean {
  switch (expression.type) {
    case "all":
    case "global":
      return true;
    case "has":
      return labels.has(expression.label);
    case "compare":
      return COMPARISONS[expression.operator](labels.get(expression.label), expression.value);
    case "member":
      return isMember(expression.values, labels.get(expression.label)) === (expression.operator === "in");
    case "not":
      return !holds(expression.operand, labels);
    case "and":
      return expression.operands.every((operand) => holds(operand, labels));
    case "or":
      return expression.operands.some((operand) => holds(operand, labels));
  }
}
const isMember = (values: Values, given: string | undefined): boolean => given !== undefined && values.has(given);

/** The text of a condition as Calico writes it: double quotes where they can be, brackets around `&&` and `||`. */
export function textOf(expression: Expression): string {
  switch (expression.type) {
    case "all":
    case "global":
      return `${expression.type}()`;
    case "has":
      return `has(${expression.label})`;
    case "compare":
      return `${expression.label} ${expression.operator} ${literal(expression.value)}`;
    case "member":
      return `${expression.label} ${expression.operator} {${[...expression.values].map(literal).join(", ")}}`;
    case "not":
      return `!${textOf(expression.operand)}`;
    case "and":
      return `(${expression.operands.map(textOf).join(" && ")})`;
    case "or":
      return `(${expression.operands.map(textOf).join(" || ")})`;
  }
}
const literal = (value: string): string => (value.includes('"') ? `'${value}'` : `"${value}"`);

/** Adds the names of the labels that a condition asks for. */
export function collectLabels(expression: Expression, into: Set<string>): void {
  switch (expression.type) {
    case "has":
    case "compare":
    case "member":
      into.add(expression.label);
      return;
    case "not":
      collectLabels(expression.operand, into);
      return;
    case "and":
    case "or":
      for (const operand of expression.operands) collectLabels(operand, into);
  }
}
