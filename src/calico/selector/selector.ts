/**
 * Calico's selectors: which nodes a BGPPeer means, by their labels. A selector is read once and then asked once per
 * node. Case matters everywhere; a selector without a condition matches everything.
 */

import { collectLabels, holds, textOf } from "./expression.ts";
import type { Expression, Labels } from "./expression.ts";
import { parseExpression } from "./parse.ts";
import type { SelectorFault } from "./parse.ts";

/** A selector that was understood. */
export interface Selector {
  readonly expression: Expression;
  /** The labels that it asks for: two nodes that agree in these are matched alike. */
  readonly labels: ReadonlySet<string>;
  /** Whether it means a node with these labels. A missing label fulfils `!=` and `not in`, and no other operator. */
  readonly matches: (labels: Labels) => boolean;
}

/** Means no node. */
export const NO_NODE: Selector = selectorOf({ type: "not", operand: { type: "all" } });

/** Reads a selector; a text that is none gives its first mistake (`"column" in result`), and means no node at all. */
export function parseSelector(text: string): Selector | SelectorFault {
  const expression = parseExpression(text);
  return "column" in expression ? expression : selectorOf(expression);
}

function selectorOf(expression: Expression): Selector {
  const labels = new Set<string>();
  collectLabels(expression, labels);
  return { expression, labels, matches: (given) => holds(expression, given) };
}

/**
 * The one text for all ways to write a selector. Read again, it gives the same expression, unless the brackets that it
 * adds around `&&` and `||` nest past the reader's bound.
 */
export function canonicalText(selector: Selector): string {
  return textOf(selector.expression);
}
