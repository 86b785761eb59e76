/** HTML that cannot be forgotten to be escaped: whatever is put into a `markup` text is, unless it is markup itself. */

/** Text that is HTML already. */
export interface Markup {
  readonly html: string;
}

/** What may stand in a template: text and numbers are escaped, lists are joined, undefined and false leave nothing. */
export type Part = string | number | Markup | undefined | false | readonly Part[];

/** A template of HTML. */
export function markup(texts: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  return { html: texts.map((text, i) => text + (i < parts.length ? render(parts[i]) : "")).join("") };
}

/** HTML that this program wrote elsewhere, as it is. */
export function raw(html: string): Markup {
  return { html };
}

function render(part: Part): string {
  if (part === undefined || part === false) return "";
  if (typeof part === "string" || typeof part === "number") return escape(String(part));
  return "html" in part ? part.html : part.map(render).join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;",
};
const escape = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
