/**
 * A scanner over TypeScript source, enough for the house rules: it knows comments, strings, templates and regular
 * expressions apart from code, and nothing of types. TypeScript 7's package root exports no compiler API.
 */

/** Source with every comment, string content and regular expression blanked; offsets and lines stay the same. */
export function codeOnly(source: string): string {
  const out = source.split("");
  const templates: number[] = [];
  let depth = 0;
  let at = 0;
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to; i++) if (out[i] !== "\n") out[i] = " ";
  };
  const skipTo = (end: number, keep: number): void => {
    blank(at + keep, end - keep);
    at = end;
  };
  while (at < source.length) {
    const two = source.slice(at, at + 2);
    const char = source[at]!;
    if (two === "//" || (at === 0 && two === "#!")) skipTo(lineEnd(source, at), 0);
    else if (two === "/*") skipTo(after(source, "*/", at + 2), 0);
    else if (char === '"' || char === "'") skipTo(quoteEnd(source, at), 1);
    else if (char === "`" || (char === "}" && templates.at(-1) === depth)) {
      if (char === "}") templates.pop();
      const end = templateEnd(source, at + 1);
      if (source[end - 1] === "{") templates.push(depth);
      skipTo(end, 1);
    } else if (char === "/" && startsRegex(out, at)) skipTo(regexEnd(source, at), 1);
    else {
      if (char === "{") depth++;
      if (char === "}") depth--;
      at++;
    }
  }
  return out.join("");
}

const lineEnd = (source: string, at: number): number => {
  const end = source.indexOf("\n", at);
  return end < 0 ? source.length : end;
};
const after = (source: string, text: string, at: number): number => {
  const found = source.indexOf(text, at);
  return found < 0 ? source.length : found + text.length;
};
function quoteEnd(source: string, at: number): number {
  let i = at + 1;
  while (i < source.length && source[i] !== source[at] && source[i] !== "\n") i += source[i] === "\\" ? 2 : 1;
  return Math.min(i + 1, source.length);
}
/** Just behind the closing backtick, or behind the "${" that opens an expression. */
function templateEnd(source: string, at: number): number {
  for (let i = at; i < source.length; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "`") return i + 1;
    else if (source[i] === "$" && source[i + 1] === "{") return i + 2;
  }
  return source.length;
}
function regexEnd(source: string, at: number): number {
  let inClass = false;
  for (let i = at + 1; i < source.length && source[i] !== "\n"; i++) {
    if (source[i] === "\\") i++;
    else if (source[i] === "[") inClass = true;
    else if (source[i] === "]") inClass = false;
    else if (source[i] === "/" && !inClass) return i + 1;
  }
  return at + 1;
}
function startsRegex(out: readonly string[], at: number): boolean {
  const before = out.slice(Math.max(0, at - 60), at).join("").trimEnd();
  return before === "" || /[-(,=:[!&|?{};+*%<>~^]$/.test(before) || /\b(return|typeof|case|of|in)$/.test(before);
}

/** One import or re-export. */
export interface Import { readonly target: string; readonly typeOnly: boolean; readonly line: number }

/** Every static and dynamic import and re-export of a file. */
export function importsOf(source: string): Import[] {
  const code = codeOnly(source);
  const found: Import[] = [];
  const pattern = /\b(?:(import|export)\b([^;"']*?)\bfrom\s*|import\s*\(?\s*)(["'])( *)\3/g;
  for (const match of code.matchAll(pattern)) {
    const end = match.index + match[0].length - 1;
    const target = source.slice(end - match[4]!.length, end);
    found.push({ target, typeOnly: /^\s*type\b/.test(match[2] ?? ""), line: lineOf(source, match.index) });
  }
  return found;
}

/** Number, from 1, of the line that holds an offset. */
export function lineOf(source: string, offset: number): number {
  let line = 1;
  for (let i = source.indexOf("\n"); i >= 0 && i < offset; i = source.indexOf("\n", i + 1)) line++;
  return line;
}

/** One function body with its first and last line and the comment directly above. */
export interface FunctionSpan { readonly firstLine: number; readonly lastLine: number; readonly comment: string }

/** Every function, method and arrow function with a block body. */
export function functionsOf(source: string): FunctionSpan[] {
  const code = codeOnly(source);
  const lines = source.split("\n");
  const spans: FunctionSpan[] = [];
  for (let at = code.indexOf("{"); at >= 0; at = code.indexOf("{", at + 1)) {
    const head = functionHead(code, at);
    if (head === undefined) continue;
    const firstLine = lineOf(source, head);
    spans.push({ firstLine, lastLine: lineOf(source, matching(code, at)), comment: commentAbove(lines, firstLine) });
  }
  return spans;
}

/** Offset of the parameter list of the function whose body opens at `brace`; undefined when it opens something else. */
function functionHead(code: string, brace: number): number | undefined {
  const before = code.slice(0, brace).trimEnd();
  if (before.endsWith("=>")) return lineStart(code, before.length - 2);
  if (/(^|[^\w$])(else|try|do|finally|static)$/.test(before)) return undefined;
  let at = before.length - 1;
  const inType = at >= 0 && code[at] !== ")";
  while (at >= 0) {
    const char = code[at]!;
    if (char === ")") {
      const open = matchingBack(code, at);
      if (!inType || /^\s*:/.test(code.slice(at + 1, brace))) return controlled(code, open) ? undefined : open;
      at = open - 1;
    } else if (char === "}" && /\b(class|interface)\b/.test(code.slice(at, brace))) return undefined;
    else if ("]}".includes(char)) at = matchingBack(code, at) - 1;
    else if (";{([=".includes(char) && code[at + 1] !== ">") return undefined;
    else at--;
  }
  return undefined;
}
const controlled = (code: string, open: number): boolean =>
  /\b(if|for|while|switch|catch|with|for await)\s*$/.test(code.slice(Math.max(0, open - 20), open));

/** An arrow function starts where its parameters do, which is taken to be the line of the parameter list. */
function lineStart(code: string, arrow: number): number {
  const before = code.slice(0, arrow).trimEnd();
  return before.endsWith(")") ? matchingBack(code, before.length - 1) : Math.max(0, before.length - 1);
}
function matching(code: string, at: number): number {
  let depth = 0;
  for (let i = at; i < code.length; i++) {
    if ("{([".includes(code[i]!)) depth++;
    if ("})]".includes(code[i]!) && --depth === 0) return i;
  }
  return code.length;
}
function matchingBack(code: string, at: number): number {
  let depth = 0;
  for (let i = at; i >= 0; i--) {
    if ("})]".includes(code[i]!)) depth++;
    if ("{([".includes(code[i]!) && --depth === 0) return i;
  }
  return 0;
}

/** The comment block that ends on the line above, blank lines not crossed. */
function commentAbove(lines: readonly string[], line: number): string {
  let first = line - 1;
  while (first > 0 && /^\s*(\/\*|\*|\/\/)/.test(lines[first - 1]!)) first--;
  return lines.slice(first, line - 1).join("\n");
}

/** Names of exported declarations that have no doc comment directly above, with their lines. */
export function undocumentedExports(source: string): { name: string; line: number }[] {
  const lines = source.split("\n");
  const declaration =
    /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type) (\w+)/;
  const seen = new Set<string>();
  return lines.flatMap((text, i) => {
    const name = declaration.exec(text)?.[1];
    if (name === undefined || seen.has(name)) return [];
    seen.add(name);
    const documented = /\*\/\s*$/.test(lines[i - 1] ?? "") && commentAbove(lines, i + 1).includes("/**");
    return documented ? [] : [{ name, line: i + 1 }];
  });
}
