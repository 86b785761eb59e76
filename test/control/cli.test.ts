/** The command line without a daemon: usage, help, suggestions, handlers, exit codes. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ResourceRequest } from "../../src/control/cli-io.ts";
import { COMMANDS, optionsOf } from "../../src/control/commands.ts";
import { cli, recordingHandlers } from "./terminal.ts";

describe("wrong usage: one line, what to do, exit 2", () => {
  it.each([
    [[], "reflectd: no command given (reflectd --help lists the commands)"],
    [["shwo"], 'reflectd: unknown command "shwo" (did you mean show?)'],
    [["relod"], 'reflectd: unknown command "relod" (did you mean reload?)'],
    [["show", "rutes"], 'reflectd: unknown command "show rutes" (did you mean show routes?)'],
    [["show"], "reflectd: show what? (one of peers, routes, groups, memory, kernel, config)"],
    [["zzzzzzzz"], 'reflectd: unknown command "zzzzzzzz" (reflectd --help lists the commands)'],
    [["a\u001b[2Jb"], 'reflectd: unknown command "a\\u{1b}[2Jb" (reflectd --help lists the commands)'],
    [["--vresion"], 'reflectd: unknown command "--vresion" (reflectd --help lists the commands)'],
    [["run"], "reflectd: run: --config is missing (reflectd run --config FILE)"],
    [["run", "--confg", "x"], 'reflectd: run: unknown option "--confg" (did you mean --config?)'],
    [["run", "--config"], "reflectd: run: --config needs a value (--config FILE)"],
    [["run", "--config="], "reflectd: run: --config needs a value (--config FILE)"],
    [["run", "--config", "a", "b"], 'reflectd: run: unexpected "b" (reflectd run)'],
    [["run", "--config", "a", "--config=b"], "reflectd: run: --config is given twice (give it once)"],
    [["lab", "--once=yes"], "reflectd: lab: --once takes no value (type --once alone)"],
    [["lab", "--nodes", "x"], "reflectd: lab: --nodes is no number from 1 to 250 (--nodes 5, say)"],
    [["explain"], "reflectd: explain: PREFIX is missing (reflectd explain PREFIX)"],
    [["show", "peers", "-o", "yaml"], 'reflectd: show peers: -o cannot be "yaml" (one of table, wide, json, jsonl)'],
    [["show", "routes", "--in"], "reflectd: show routes: --in and --out need a neighbour (add --peer PEER)"],
    [["show", "routes", "--peer", "a"], "reflectd: show routes: --peer needs a table (add --in or --out)"],
    [["show", "routes", "--longer"], "reflectd: show routes: --longer needs PREFIX (show routes PREFIX --longer)"],
    [["show", "routes", "a", "--for", "b"], "reflectd: show routes: PREFIX and --for exclude each other (give one)"],
    [["reset", "a", "--soft", "both"], 'reflectd: reset: --soft cannot be "both" (one of in, out)'],
    [["shutdown", "--drain", "-1"], "reflectd: shutdown: --drain is no number from 0 to 3600 (--drain 5, say)"],
    [["decode", "file"], "reflectd: decode: a file needs its kind (--pcap FILE or --mrt FILE)"],
    [["decode", "-", "--mrt", "a"], "reflectd: decode: more than one source (one of --pcap FILE, --mrt FILE and -)"],
    [["get"], "reflectd: get: KIND is missing (KIND NAME or -f FILE, not both)"],
    [["get", "node", "-f", "x"], "reflectd: get: KIND beside -f (KIND NAME or -f FILE, not both)"],
    [["get", "node", "-o", "x"],
      "reflectd: get: -o has no such format (one of ps, wide, yaml, json, jsonl, custom-columns=HEADING,...)"],
    [["create"], "reflectd: create: --filename is missing (reflectd create [FILE...] --filename FILE)"],
    [["delete", "node"], "reflectd: delete: NAME is missing (reflectd delete KIND NAME)"],
    [["patch", "node"], "reflectd: patch: NAME is missing (reflectd patch KIND NAME)"],
  ] as const)("%j", async (argv, line) => {
    expect(await cli(argv)).toEqual({ code: 2, out: "", err: `${line}\n` });
  });
});

describe("help", () => {
  it("lists every command", async () => {
    for (const argv of [["--help"], ["-h"], ["help"]]) {
      const { code, out, err } = await cli(argv);
      expect({ code, err }).toEqual({ code: 0, err: "" });
      for (const row of COMMANDS) expect(out).toContain(`  ${row.words.join(" ")}`);
    }
  });

  it.each(COMMANDS.map((row) => [row.words.join(" "), row] as const))("of %s", async (_, row) => {
    const { code, out } = await cli([...row.words, "--help"]);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: reflectd ${row.words.join(" ")}`);
    for (const option of optionsOf(row)) expect(out).toContain(`--${option.name}`);
    expect(await cli(["help", ...row.words])).toEqual({ code, out, err: "" });
  });

  it("of a group of commands", async () => {
    expect((await cli(["show", "--help"])).out).toMatch(/show peers \[PEER\]/);
  });

  it("prints the version", async () => {
    expect(await cli(["--version"])).toEqual({ code: 0, out: "reflectd 0.1.0\n", err: "" });
  });
});

/** A request as the command line makes it of a verb alone. */
const request = (verb: ResourceRequest["verb"], typed: Partial<ResourceRequest>): ResourceRequest => ({
  verb, words: [], files: [], recursive: false, format: "ps", patch: "", export: false, config: undefined,
  socket: undefined, skip: { existing: false, absent: false, empty: false }, ...typed,
});

describe("handlers", () => {
  it.each([
    [["run", "--config", "a.json"], ["run", { config: "a.json" }]],
    [["check", "--config=a.json", "-o", "json"], ["check", { config: "a.json", output: "json" }]],
    [["-o", "json", "check", "--config=a.json"], ["check", { config: "a.json", output: "json" }]],
    [["-ojson", "check", "--config=a.json"], ["check", { config: "a.json", output: "json" }]],
    [["lab"], ["lab", { nodes: undefined, once: false }]],
    [["lab", "--once", "--nodes", "7"], ["lab", { nodes: 7, once: true }]],
    [["decode"], ["decode", { source: { kind: "stdin" } }]],
    [["decode", "-"], ["decode", { source: { kind: "stdin" } }]],
    [["decode", "--pcap", "a.pcap"], ["decode", { source: { kind: "pcap", file: "a.pcap" } }]],
    [["decode", "--mrt=a.mrt"], ["decode", { source: { kind: "mrt", file: "a.mrt" } }]],
    [["calico", "sessions", "--node", "a", "-f", "x", "y", "-f", "-", "-o", "json"],
      ["calicoSessions", { node: "a", files: ["x", "-", "y"], output: "json" }]],
    [["get", "bgppeers", "a", "b", "-o", "wide"],
      ["resources", request("get", { words: ["bgppeers", "a", "b"], format: "wide" })]],
    [["-oyaml", "get", "-f", "-", "--export"],
      ["resources", request("get", { files: ["-"], format: "yaml", export: true })]],
    [["create", "-f", "a", "b", "-f", "c", "--skip-exists", "-R"],
      ["resources", request("create", { files: ["a", "c", "b"], recursive: true,
        skip: { existing: true, absent: false, empty: false } })]],
    [["apply", "-f", "a", "-c", "x", "--skip-empty"],
      ["resources", request("apply", { files: ["a"], config: "x",
        skip: { existing: false, absent: false, empty: true } })]],
    [["patch", "node", "n", "-p", '{"a": "b=c"}', "--type=merge"],
      ["resources", request("patch", { words: ["node", "n"], patch: '{"a": "b=c"}' })]],
    [["delete", "bp", "x", "-s", "--socket", "/s"],
      ["resources", request("delete", { words: ["bp", "x"], socket: "/s",
        skip: { existing: false, absent: true, empty: false } })]],
  ] as const)("%j", async (argv, call) => {
    const calls: unknown[] = [];
    expect((await cli(argv, { handlers: recordingHandlers(calls) })).code).toBe(0);
    expect(calls).toEqual([call]);
  });

  it("give the exit code", async () => {
    const handlers = { ...recordingHandlers(), check: async () => 1 };
    expect((await cli(["check", "--config", "x"], { handlers })).code).toBe(1);
  });
});

it("says where it looked for the daemon, exit 3", async () => {
  expect(await cli(["show", "peers"])).toEqual({
    code: 3, out: "", err: "reflectd: show peers: no daemon answers on /nonexistent/r.sock (no such file) "
      + "(start it with reflectd run --config FILE, or give --socket PATH)\n",
  });
  expect((await cli(["reload", "--socket", "/dev/null"])).err).toContain("/dev/null");
  expect((await cli(["reload", "--socket", "a\u0000b"])).code).toBe(3);
});

it("ends any command line with a documented code, and with one line on stderr unless it is 0", async () => {
  const words = fc.constantFrom(
    "show", "peers", "routes", "node", "status", "run", "check", "lab", "decode", "reload", "reset", "explain", "help",
    "get", "restart", "--config", "--config=x", "-o", "json", "-ojson", "--socket", "/nonexistent/x", "--help", "-h",
    "--", "-", "", "--in", "--peer", "--nodes", "--nodes=3", "--soft", "in", "-x", "--", "=", "--=", "-=", "__proto__",
    "\u0000", "10.0.0.0/8",
  );
  const seen = new Set<number>();
  await fc.assert(fc.asyncProperty(fc.array(fc.oneof(words, words, fc.string()), { maxLength: 6 }), async (argv) => {
    const { code, err } = await cli(argv);
    seen.add(code);
    expect([0, 1, 2, 3]).toContain(code);
    if (code === 0) expect(err).toBe("");
    else expect(err).toMatch(/^reflectd: [^\n]+\n$/);
  }), { numRuns: 1500 });
  expect([...seen]).toEqual(expect.arrayContaining([0, 2, 3]));
});
