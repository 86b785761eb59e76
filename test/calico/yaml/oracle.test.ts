/**
 * Beside PyYAML on libyaml, of which kubectl's go-yaml is a port. Law: what we read, it reads the same; it reads more.
 * One process of Python reads everything.
 */

import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { writeYaml } from "../../../src/calico/yaml/write.ts";
import type { JsonValue } from "../../../src/config/json.ts";
import { SAMPLES } from "./samples.ts";
import { read, texts, trickyValue } from "./support.ts";

const PYTHON = ["/usr/bin/python3", "python3"].find((python) => says(python, "import yaml; yaml.CBaseLoader"));
const READER = `
import json, sys, yaml
def documents(text):
  try: return {"values": list(yaml.load_all(text, Loader=yaml.CBaseLoader))}
  except (yaml.YAMLError, TypeError) as mistake: return {"mistake": str(mistake)}
print(json.dumps([documents(text) for text in json.load(sys.stdin)]))`;

function says(python: string, program: string): boolean {
  return spawnSync(python, ["-c", program], { stdio: "ignore" }).status === 0;
}

interface Answer { readonly values?: readonly JsonValue[]; readonly mistake?: string }

function pythonReads(given: readonly string[]): Answer[] {
  const options = { input: JSON.stringify(given), encoding: "utf8", maxBuffer: 2 ** 28 } as const;
  const { status, stdout, stderr } = spawnSync(PYTHON ?? "python3", ["-c", READER], options);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout) as Answer[];
}

/** Signs and words in a row, and samples to which something was done. */
function soup(): fc.Arbitrary<string> {
  const word = fc.constantFrom("a", "b: ", "c", "- ", "-", ":", ": ", "'", '"', "'x'", '"y": ', "|", "|-", ">", "|2\n",
    "{", "}", "[", "]", ", ", "#", " # c", "1", "null", "~", "d:", "---", "\\n", "e f", "g:h", "\n", "\n  ", "\n    ",
    "\n ", "\n- ", "\n  - ", "\nk: ", "\nl:\n", "  ", ">+\n", "\n\n", "%x", "\n---\n", "!", "&a", "*a", "\r\n", "\t");
  const words = fc.array(word, { minLength: 1, maxLength: 14 }).map((found) => found.join(""));
  const change = fc.record({ at: fc.nat(), cut: fc.nat({ max: 3 }), put: word });
  const changed = fc.tuple(fc.constantFrom(...SAMPLES), change).map(([{ text }, { at, cut, put }]) => {
    const from = at % (text.length + 1);
    return text.slice(0, from) + put + text.slice(from + cut);
  });
  return fc.oneof(words, changed);
}

function asPythonHasThem(text: string): { values: readonly JsonValue[]; lines: readonly string[] } {
  const { nodes, lines } = read(text);
  return { values: nodes.map(texts).filter((value) => value !== ""), lines };
}

/** What YAML 1.2 allows of colons in brackets, JSON's among it, and libyaml refuses. */
const NEWER = /[[{](?::|[^]*(?:[\s,[{]:|:[,\]}]))/;

const suite = PYTHON === undefined ? describe.skip : describe;
suite(`YAML beside PyYAML${PYTHON === undefined ? " (needs python3-yaml)" : ""}`, () => {
  it("is read the same", () => {
    const given = [...SAMPLES.map(({ text }) => text), ...fc.sample(soup(), 6000)];
    const counts = { same: 0, refusedByBoth: 0, refusedByUs: 0, refusedByIt: 0 };
    pythonReads(given).forEach(({ values, mistake }, i) => {
      const text = given[i]!;
      const ours = asPythonHasThem(text);
      if (ours.lines.length > 0) counts[mistake === undefined ? "refusedByUs" : "refusedByBoth"] += 1;
      else if (mistake !== undefined && NEWER.test(text)) counts.refusedByIt += 1;
      else {
        expect({ text, mistake, values: values?.filter((value) => value !== "") })
          .toEqual({ text, mistake: undefined, values: ours.values });
        counts.same += 1;
      }
    });
    expect(counts.same).toBeGreaterThan(1000);
    expect(counts.refusedByBoth).toBeGreaterThan(1000);
    expect(counts.refusedByUs).toBeLessThan(600);
    expect(counts.refusedByIt).toBeLessThan(60);
  });

  it("is written so that it reads what was meant", () => {
    const values = fc.sample(trickyValue(), 3000).filter((value) => value !== "");
    const written = values.map(writeYaml);
    pythonReads(written).forEach((answer, i) => {
      const text = written[i]!;
      expect({ text, ...answer }).toEqual({ text, values: asPythonHasThem(text).values });
    });
  });
});
