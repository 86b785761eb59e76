/**
 * Joins the modules that the compiler wrote: Node takes longer to find and to link 180 files than to compile what is in
 * them. One file holds the first module and all that it needs; what that one loads later, by `import()`, becomes a file
 * each with what the first lacks, so that a command compiles no more than it runs. A module may be in several of these:
 * a process loads one of them. What they load later is a file each, too, in a folder named like theirs. Of those a
 * process may load several: what two of them need is in the file that loads them.
 *
 * A module becomes a function that runs once, when it is first needed, and what it exports an object. Its text stays
 * as the compiler wrote it, under a line with its name: that is where a stack leads. The first file is a module, the
 * others are scripts that it reads a piece at a time (`open$` says why). Rules: an unknown form of import or export, and
 * modules that import each other, are mistakes and not guessed at.
 */

import { basename, dirname, join, normalize } from "node:path/posix";

/** In front of each file. */
const ONCE = `const once = (load) => {
    let exported;
    return () => exported ??= load();
};
`;

/**
 * In front of the first file. Node's own modules are loaded when the first module that wants them runs. A script is read
 * in pieces, as a long buffer that is freed makes glibc keep up to twice as much for each thread that compiles.
 */
const HEAD = `import { createRequire } from "node:module";
const url$ = import.meta.url;
const require = createRequire(url$);
${ONCE}const open$ = (place, given) => {
    const { closeSync, openSync, readSync } = require("node:fs");
    const url = new URL(place, url$);
    const filename = require("node:url").fileURLToPath(url);
    const piece = Buffer.allocUnsafe(65536);
    const file = openSync(filename);
    let text = "";
    for (let octets; (octets = readSync(file, piece)) > 0;) text += piece.latin1Slice(0, octets);
    closeSync(file);
    return new (require("node:vm").Script)(text, { filename }).runInThisContext()(given, require, open$, url.href);
};
`;

/**
 * The files that do what the module `root` does, which lies above all others, with all it imports: their texts by their
 * paths. `read` gives the text of a module by its path. Throws where a rule is broken.
 */
export function joined(root, read) {
  const [, shebang = "", source = ""] = /^(#!.*\n)?([^]*)$/.exec(read(root)) ?? [];
  const main = rewritten(root, source);
  const done = new Map();
  const parts = main.needs.flatMap((file) => withNeeds(file, [root], done, read));
  expectExported(main, done);
  const apart = apartOf([main], done).map((file) => [file, file]);
  const files = apart.flatMap(([file, place]) => filesOf(file, place, done, read));
  const text = [shebang, HEAD, ...parts.map(({ text }) => text), ...loadersOf(apart, files), `// ${root}\n`,
    main.text].join("");
  return new Map([[root, text], ...files.map(({ place, text }) => [place, text])]
    .map(([place, text]) => [place, asciiOf(text)]));
}

/** The file at `place` with the module `file` and what it needs beyond `known`, then the files that it loads. */
function filesOf(file, place, known, read) {
  const done = new Map(known);
  const parts = withNeeds(file, [], done, read);
  const needed = new Map();
  for (const later of apartOf(parts, done)) {
    for (const need of reachedFrom(later, done, read)) needed.set(need, (needed.get(need) ?? 0) + 1);
  }
  for (const [need, count] of needed) if (count > 1) parts.push(...withNeeds(need, [], done, read));
  const apart = apartOf(parts, done).map((later) => [later, join(place.replace(/\.js$/, ""), basename(later))]);
  const twice = apart.find(([, at], i) => apart.findIndex((other) => other[1] === at) < i);
  if (twice !== undefined) throw new Error(`${file} loads two modules of one name: ${twice[1]}`);
  const files = apart.flatMap(([later, at]) => filesOf(later, at, done, read));
  const body = [...parts.map(({ text }) => text), ...loadersOf(apart, files)].join("");
  const takes = [...known.keys()].map(nameOf).filter((name) => body.includes(name));
  const text = `"use strict";\n(function ({ ${takes.join(", ")} }, require, open$, url$) {\n${ONCE}${body}`
    + `return ${nameOf(file)}();\n})\n`;
  return [{ place, takes, text }, ...files];
}

/** What modules load later and no file has yet: a file each. */
const apartOf = (modules, done) => [...new Set(modules.flatMap(({ later }) => later))].filter((file) => !done.has(file));

/** Functions that load those `apart`, [module, place] each, once, and give them what they take. */
function loadersOf(apart, files) {
  return apart.map(([file, place]) => {
    const { takes } = files.find((other) => other.place === place);
    return `const ${nameOf(file)} = once(() => open$("./${place}", { ${takes.join(", ")} }));\n`;
  });
}

/** All modules that `file` needs or loads later, itself too, which are not in `done`. */
function reachedFrom(file, done, read, reached = new Set()) {
  if (done.has(file) || reached.has(file)) return reached;
  reached.add(file);
  const { needs, later } = rewritten(file, read(file));
  for (const next of [...needs, ...later]) reachedFrom(next, done, read, reached);
  return reached;
}

/** The module `file` as a function, behind those that it needs; each once. */
function withNeeds(file, path, done, read) {
  if (path.includes(file)) throw new Error(`modules import each other: ${[...path, file].join(" > ")}`);
  if (done.has(file)) return [];
  const module = rewritten(file, read(file));
  const { needs, later, exported, text } = module;
  const before = needs.flatMap((need) => withNeeds(need, [...path, file], done, read));
  done.set(file, exported.map((name) => name.split(":")[0]));
  expectExported(module, done);
  // A `function` in parentheses V8 compiles with the file; any other it reads past, and once more when it is called.
  const own = `// ${file}\nconst ${nameOf(file)} = once((function () {\n${text}return { ${exported.join(", ")} };\n}));\n`;
  return [...before, { text: own, later }];
}

/** Throws where a module imports what another does not export; `done`: what those before it export. */
function expectExported({ file, wanted }, done) {
  const missing = wanted.find(([from, name]) => !done.get(from).includes(name));
  if (missing !== undefined) throw new Error(`${file}: ${missing[0]} does not export ${missing[1]}`);
}

/** What a module needs at once and what later, what it exports, and its text without imports and exports. */
function rewritten(file, source) {
  const module = { file, needs: [], wanted: [], later: [], exported: [] };
  const lines = source.trimEnd().split("\n").map((line) => {
    if (!/^(import|export)\b/.test(line)) return rewrittenBody(module, line);
    for (const [pattern, rewrite] of FORMS) {
      const match = pattern.exec(line);
      if (match !== null) return rewrite(module, ...match.slice(1));
    }
    throw new Error(`${file}: cannot be joined: ${line}`);
  });
  return { ...module, text: `${lines.join("\n")}\n` };
}

/** A line that neither imports nor exports: what it loads by `import()`, and which file it is of. */
function rewrittenBody({ file, later }, line) {
  return line.replaceAll("import.meta.url", "url$").replaceAll(/\bimport\("([^"]+)"\)/g, (_, target) => {
    if (target.startsWith("node:")) return `Promise.resolve().then(() => require("${target}"))`;
    if (!target.startsWith(".")) throw new Error(`${file}: a package may be had by createRequire() only: ${target}`);
    const to = placeOf(file, target);
    later.push(to);
    return `Promise.resolve().then(() => ${nameOf(to)}())`;
  });
}

/** Every form of import and export that the compiler writes of what we write, and what it becomes. */
const FORMS = [
  [/^import \{ (.*) \} from "(.*)";$/, (module, names, target) =>
    `const { ${names.replaceAll(" as ", ": ")} } = ${exportsOf(module, target, names)};`],
  [/^import \* as (\w+) from "(.*)";$/, (module, name, target) => `const ${name} = ${exportsOf(module, target)};`],
  [/^export \{\};$/, () => ""],
  [/^export \{ (\w+(?:, \w+)*) \} from "(.*)";$/, (module, names, target) => {
    const owner = exportsOf(module, target, names);
    module.exported.push(...names.split(", ").map((name) => `${name}: ${owner}.${name}`));
    return "";
  }],
  [/^export ((?:async )?function\*? ?|class |const )(\w+)\b(.*)$/, (module, kind, name, rest) => {
    module.exported.push(name);
    return `${kind}${name}${rest}`;
  }],
];

/** An expression of what `target` exports, of which `names` are wanted. */
function exportsOf({ file, needs, wanted }, target, names = "") {
  if (target.startsWith("node:")) return `require("${target}")`;
  if (!target.startsWith(".")) throw new Error(`${file}: a package may be had by createRequire() only: ${target}`);
  const to = placeOf(file, target);
  needs.push(to);
  wanted.push(...[...names.matchAll(/([\w$]+)( as [\w$]+)?/g)].map(([, name]) => [to, name]));
  return `${nameOf(to)}()`;
}

/** What is not ASCII as escapes, which mean the same in a string: for one "…" V8 keeps two octets of every character. */
const asciiOf = (text) =>
  text.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);

const placeOf = (file, target) => normalize(join(dirname(file), target));

/** Ends in what no name of ours ends in. */
const nameOf = (file) => `${file.replace(/\.js$/, "").replaceAll(/\W/g, "_")}$`;
