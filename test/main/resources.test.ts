/** calicoctl's verbs on files, from what is typed to what stands in the file. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { FilesWriter } from "../../src/calico/datastore/files/writer.ts";
import type { Answer, ResourceWriter } from "../../src/calico/datastore/writer.ts";
import type { JsonObject } from "../../src/config/json.ts";
import type { CliIo, ResourceRequest } from "../../src/control/cli-io.ts";
import { choiceOf } from "../../src/main/datastore-choice.ts";
import { resources, runVerb } from "../../src/main/resources.ts";
import { fakeDaemon } from "../control/fake-daemon.ts";
import { controlServer } from "../control/running.ts";
import { cli, cliIo, recordingHandlers, Sink } from "../control/terminal.ts";
import type { Ran } from "../control/terminal.ts";
import { FAST } from "../support/calico/mirror.ts";
import { peerOf } from "../support/calico/resource-writer-contract.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

/** A folder as the datastore, and what is typed on it. */
class World {
  readonly folder: string;
  writer: ResourceWriter;

  constructor(texts: Readonly<Record<string, string>> = {}) {
    this.folder = temporaryFolder();
    mkdirSync(join(this.folder, "store"));
    for (const [name, text] of Object.entries(texts)) this.write(name, text);
    this.writer = new FilesWriter([join(this.folder, "store")], FAST);
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  read(name: string): string {
    return readFileSync(join(this.folder, "store", name), "utf8");
  }

  get stored(): readonly string[] {
    return readdirSync(join(this.folder, "store")).sort();
  }

  /** Types a command line; `stdin` is what stands on standard input. */
  async type(line: readonly string[], stdin = ""): Promise<Ran> {
    const handlers = { ...recordingHandlers(),
      resources: (request: ResourceRequest, io: CliIo) => runVerb(request, this.writer, io) };
    const ran = await cli(line, { handlers, stdin: Readable.from([Buffer.from(stdin)], { objectMode: false }) });
    return { ...ran, out: ran.out.replaceAll(this.folder, "F"), err: ran.err.replaceAll(this.folder, "F") };
  }
}

const PEERS = `apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: a}
spec: {peerIP: 192.0.2.1, asNumber: 65001}
---
# the second
apiVersion: projectcalico.org/v3
kind: BGPPeer
metadata: {name: b, labels: {rack: r1}}
spec: {peerSelector: all()}
`;
const done = (out: string): Ran => ({ code: 0, out, err: "" });
const failed = (err: string, out = ""): Ran => ({ code: 1, out, err });

describe("the guide's commands", () => {
  it("create, get, patch, apply, replace, delete", async () => {
    const world = new World();
    const file = world.write("peers.yaml", PEERS);
    expect(await world.type(["create", "-f", file])).toEqual(done("Successfully created 2 'BGPPeer' resource(s)\n"));
    expect(world.stored).toEqual(["BGPPeer.a.yaml", "BGPPeer.b.yaml"]);
    expect(await world.type(["get", "bgppeers"])).toEqual(done(
      "NAME   PEERIP      NODE       ASN     \na      192.0.2.1   (global)   65001   \n"
      + "b                  (global)   0       \n\n"));
    expect(await world.type(["patch", "bgpp", "b", "-p", '{"spec": {"nodeSelector": "!has(rr)"}}']))
      .toEqual(done("Successfully patched 1 'BGPPeer' resource\n"));
    expect(world.read("BGPPeer.b.yaml")).toContain("  nodeSelector: '!has(rr)'\n");
    expect(await world.type(["apply", "-f", "-"], PEERS.replace("65001", "65009")))
      .toEqual(done("Successfully applied 2 'BGPPeer' resource(s)\n"));
    expect(world.read("BGPPeer.a.yaml")).toContain("asNumber: 65009");
    expect(world.read("BGPPeer.b.yaml")).not.toContain("nodeSelector");
    expect(await world.type(["replace", "-f", file])).toEqual(done("Successfully replaced 2 'BGPPeer' resource(s)\n"));
    expect(await world.type(["delete", "bgppeer", "a"])).toEqual(
      done("Successfully deleted 1 'BGPPeer' resource(s)\n"));
    expect(await world.type(["delete", "-f", file, "-s"])).toEqual(
      done("Successfully deleted 2 'BGPPeer' resource(s)\n"));
    expect(world.stored).toEqual([]);
  });

  it("edit a file that an operator wrote, and leave the rest of it alone", async () => {
    const world = new World({ "store/all.yaml": `# ours\n${PEERS}# end\n` });
    await world.type(["patch", "bgppeer", "a", "-p", "spec: {asNumber: 7}"]);
    expect(world.read("all.yaml")).toBe(
      "# ours\napiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n  name: a\n"
      + `spec:\n  peerIP: 192.0.2.1\n  asNumber: 7\n${PEERS.slice(PEERS.indexOf("---"))}# end\n`);
    await world.type(["delete", "bgppeer", "a"]);
    expect(world.read("all.yaml")).toBe(`# ours\n${PEERS.slice(PEERS.indexOf("---"))}# end\n`);
  });

  it("take what get prints", async () => {
    const world = new World({ "store/all.yaml": PEERS });
    for (const format of ["yaml", "json"]) {
      for (const names of [[], ["a"], ["a", "b"]]) {
        const { out } = await world.type(["get", "bgppeer", ...names, "-o", format]);
        const count = names.length === 1 ? 1 : 2;
        expect(await world.type(["apply", "-f", "-"], out))
          .toEqual(done(`Successfully applied ${count} 'BGPPeer' resource(s)\n`));
      }
    }
    expect(world.read("all.yaml")).toBe(PEERS);
  });

  it("tell a change by somebody else apart", async () => {
    const world = new World({ "store/all.yaml": PEERS });
    const { out } = await world.type(["get", "bgppeer", "a", "-o", "yaml"]);
    await world.type(["patch", "bgppeer", "a", "-p", '{"spec": {"asNumber": 7}}']);
    expect(await world.type(["apply", "-f", "-"], out))
      .toEqual(failed("reflectd: Failed to apply 'BGPPeer' resource: [update conflict: BGPPeer(a)]\n"));
    const exported = await world.type(["get", "bgppeer", "a", "-o", "yaml", "--export"]);
    expect(exported.out).not.toContain("resourceVersion");
  });

  it("read folders, and folders within them when told", async () => {
    const world = new World();
    mkdirSync(join(world.folder, "in/deep"), { recursive: true });
    world.write("in/a.yaml", PEERS.slice(0, PEERS.indexOf("---")));
    world.write("in/deep/b.yaml", PEERS.slice(PEERS.indexOf("# the")));
    expect((await world.type(["create", "-f", join(world.folder, "in")])).out).toContain("created 1 ");
    expect((await world.type(["apply", "-Rf", join(world.folder, "in")])).code).toBe(2); // options stand alone
    expect((await world.type(["apply", "-R", "-f", join(world.folder, "in")])).out).toContain("applied 2 ");
  });
});

describe("what fails", () => {
  it("is there already, or is not there", async () => {
    const world = new World({ "store/all.yaml": PEERS });
    const file = world.write("p.json", JSON.stringify([peerOf("a"), peerOf("c")]));
    expect(await world.type(["create", "-f", file])).toEqual(failed(
      "reflectd: Hit error: [resource already exists: BGPPeer(a)]\n",
      "Partial success: created the first 1 out of 2 'BGPPeer' resources:\n"));
    expect(await world.type(["create", "-f", file, "--skip-exists"]))
      .toEqual(done("Successfully created 2 'BGPPeer' resource(s)\n"));
    expect(await world.type(["get", "bgppeer", "a", "x"])).toEqual(failed(
      "reflectd: resource does not exist: BGPPeer(x)\n",
      "NAME   PEERIP      NODE       ASN     \na      192.0.2.1   (global)   65001   \n\n"));
    expect(await world.type(["delete", "bgppeer", "c", "x"])).toEqual(failed(
      "reflectd: Failed to delete 'BGPPeer' resource: resource does not exist: BGPPeer(x)\n",
      "Successfully deleted 1 'BGPPeer' resource(s)\n"));
    expect(await world.type(["patch", "bgppeer", "x", "-p", "{}"]))
      .toEqual(failed("reflectd: Hit error: resource does not exist: BGPPeer(x)\n"));
  });

  it("is refused with its field before anything is written", async () => {
    const world = new World({ "store/all.yaml": PEERS });
    const wrong = { ...peerOf("c"), spec: { peerIP: "192.0.2.1", asNumber: "x" } };
    expect((await world.type(["create", "-f", "-"], JSON.stringify(wrong))).err).toMatch(
      /^reflectd: Failed to create 'BGPPeer' resource: \[error with .*spec\.asNumber: expected an AS number, /);
    expect((await world.type(["patch", "bgppeer", "a", "-p", '{"spec": {"asNumber": 64512.5}}'])).err).toMatch(
      /^reflectd: Hit error: error with .*spec\.asNumber: expected an AS number, found 64512\.5/);
    expect((await world.type(["patch", "bgppeer", "a", "-p", '{"metadata": {"name": "z"}}'])).err).toBe(
      "reflectd: Hit error: error with field metadata.name: a patch changes neither apiVersion, kind nor name\n");
    expect(world.read("all.yaml")).toBe(PEERS);
    expect(world.stored).toEqual(["all.yaml"]);
  });

  it("is a file with a mistake, and nothing of the others is done", async () => {
    const world = new World();
    const [good, bad] = [world.write("a.yaml", PEERS), world.write("b.yaml", "spec: {nodeSelector: !has(x)}\n")];
    const { code, err } = await world.type(["create", "-f", good, bad]);
    expect([code, world.stored]).toEqual([1, []]);
    expect(err).toMatch(/^reflectd: F\/b\.yaml:1:22 .*quote it: "!has\(x\)"\)\n$/);
    expect((await world.type(["create", "-f", join(world.folder, "none")])).err)
      .toBe("reflectd: F/none: cannot be read: no such file (give the path of an existing one)\n");
  });

  it.each([
    [["get", "somekind", "x"], "", "Failed to get resources: resource type 'somekind' is not supported"],
    [["delete", "somekind", "x"], "", "resource type 'somekind' is not supported"],
    [["get", "node", ""], "", "resource name may not be empty"],
    [["get", "node", "-o", "custom-columns=X"], "", "Unknown heading X, valid values are: NAME, ASN, IPV4, IPV6"],
    [["apply", "-f", "-"], "", "No resources specified in -"],
    [["apply", "-f", "-"], "kind: Service\napiVersion: v1", "Failed to execute command: Unknown resource type (Service)"
      + " and/or version (v1)"],
    [["apply", "-f", "-"], "7", "Failed to execute command: Unknown resource type () and/or version ()"],
    [["apply", "-f", "-"], "kind: Node\napiVersion: v1\nmetadata: {name: n}", "Failed to execute command: "
      + "metadata.name false is no text (quote it)"],
    [["apply", "-f", "-"], "kind: Node\napiVersion: v1\n", "Failed to execute command: resource name may not be empty"],
    [["patch", "bp", "a", "-p", "[1]"], "", "Hit error: the patch is no object of JSON"],
    [["patch", "bp", "a", "-p", "{"], "", "Hit error: --patch:1:2 $: the document ends too early (a \"}\" is missing)"],
  ] as const)("%j: %s%s", async (line, stdin, err) => {
    expect(await new World({ "store/all.yaml": PEERS }).type(line, stdin)).toEqual(failed(`reflectd: ${err}\n`));
  });

  it("is nothing where files may be empty", async () => {
    expect(await new World().type(["apply", "-f", "-", "--skip-empty"], "# nothing\n"))
      .toEqual(done("No resources specified\n"));
  });
});

describe("get", () => {
  it("says what is wrong with what it shows, and with files", async () => {
    const world = new World({ "store/a.yaml": PEERS.replace("65001", '"x\\e[2J"'), "store/b.yaml": "a: [\n" });
    const { code, out, err } = await world.type(["get", "bgppeer", "-o", "wide"]);
    expect(out).toContain("a      192.0.2.1   (global)   x\\u{1b}[2J   \n");
    expect(err.split("\n")).toEqual([
      expect.stringMatching(/^reflectd: BGPPeer a: spec\.asNumber: expected an AS number, .*\(correct it with patch/),
      ...(err.includes("missing: a peerIP") ? [expect.stringContaining("missing: a peerIP")] : []),
      expect.stringMatching(/^reflectd: F\/store\/b\.yaml:2:1 /), ""]);
    expect(code).toBe(1);
  });

  it("shows the cluster's AS number with nodes", async () => {
    const world = new World({ "store/a.yaml": "apiVersion: projectcalico.org/v3\nkind: Node\nmetadata: {name: n1}\n"
      + "spec: {bgp: {ipv4Address: 10.0.0.1/24}}\n---\napiVersion: projectcalico.org/v3\nkind: BGPConfiguration\n"
      + "metadata: {name: default}\nspec: {asNumber: 65099}\n" });
    expect((await world.type(["get", "no", "-owide"])).out).toBe("NAME   ASN       IPV4          IPV6   \n"
      + "n1     (65099)   10.0.0.1/24          \n\n");
  });

  it("asks for what files name", async () => {
    const world = new World({ "store/a.yaml": PEERS });
    expect((await world.type(["get", "-f", "-", "-o", "jsonl"], JSON.stringify(peerOf("b")))).out)
      .toMatch(/^\{"apiVersion":.*"name":"b".*\}\n$/);
  });
});

it("tries again after somebody else's change, five times", async () => {
  let updates = 0;
  const refuse = async (): Promise<Answer<never>> => {
    updates += 1;
    return { refused: "conflict" };
  };
  const world = new World();
  const found = async (): Promise<Answer<JsonObject>> => ({ done: peerOf("a") });
  world.writer = { unread: [], list: async () => ({ done: [] }), get: found, create: refuse, update: refuse,
    remove: refuse };
  expect((await world.type(["patch", "bp", "a", "-p", "{}"])).err)
    .toBe("reflectd: Hit error: update conflict: BGPPeer(a)\n");
  expect(updates).toBe(5);
});

describe("a field that nobody has", () => {
  const SLIP = PEERS.slice(0, PEERS.indexOf("---")).replace("65001}", "65001, nodeSelecter: all()}");
  const WHY = "error with field spec.nodeSelecter: unknown field; did you mean nodeSelector?";

  it.each(["create", "apply", "replace"])("is refused by %s", async (verb) => {
    const world = new World(verb === "replace" ? { "store/a.yaml": PEERS } : {});
    const file = world.write("slip.yaml", SLIP);
    const { code, err } = await world.type([verb, "-f", file]);
    expect([code, err]).toEqual([1, expect.stringContaining(WHY)]);
  });

  it("is refused by patch, unless it was there before, and shown by get", async () => {
    const world = new World({ "store/a.yaml": PEERS, "store/c.yaml": SLIP.replace("name: a", "name: c") });
    expect(await world.type(["patch", "bgppeer", "a", "-p", '{"spec": {"nodeSelecter": "all()"}}']))
      .toEqual(failed(`reflectd: Hit error: ${WHY}\n`));
    expect((await world.type(["patch", "bgppeer", "c", "-p", '{"spec": {"asNumber": 65002}}'])).code).toBe(0);
    expect((await world.type(["get", "bgppeer", "c"])).err).toBe("reflectd: BGPPeer c: spec.nodeSelecter: note: "
      + "unknown field; did you mean nodeSelector? (it counts as it is)\n");
  });
});

describe("the datastore that is meant", () => {
  it("is that of the configuration, else of the environment", () => {
    const none = { datastore: undefined, files: [], kubeconfig: undefined, etcd: undefined };
    expect(choiceOf({ ...none, files: ["/r"] }, {})).toEqual({ datastore: "files", files: ["/r"] });
    expect(choiceOf({ ...none, datastore: "etcd" }, { DATASTORE_TYPE: "kubernetes" })?.datastore).toBe("etcd");
    expect(choiceOf(none, { DATASTORE_TYPE: "etcdv3" })?.datastore).toBe("etcd");
    expect(choiceOf(undefined, { DATASTORE_TYPE: "Kubernetes" })?.datastore).toBe("kubernetes");
    expect(choiceOf({ ...none, kubeconfig: "/k" }, { DATASTORE_TYPE: "kubernetes" })?.kubeconfig).toBe("/k");
    expect([choiceOf(undefined, {}), choiceOf(undefined, { DATASTORE_TYPE: "x" })]).toEqual([undefined, undefined]);
  });

  it("is the running daemon's", async () => {
    const world = new World({ "store/a.yaml": PEERS });
    const api = fakeDaemon();
    const { socketPath } = await controlServer(api);
    const type = (): Promise<Ran> => cli(["get", "bgppeer", "a", "--socket", socketPath],
      { handlers: { ...recordingHandlers(), resources } });
    expect(await type()).toEqual(failed("reflectd: get: the daemon is not in Calico mode (give --config FILE, or set "
      + "DATASTORE_TYPE)\n"));
    api.calicoStatus = { node: "rr1", waiting: null, nodes: 0, sessions: 0, faults: [], datastore: { kind: "files",
      files: [join(world.folder, "store")], up: true, since: "2026-03-01T00:00:00.000Z", why: null } };
    expect(await type()).toEqual(done("NAME   PEERIP      NODE       ASN     \na      192.0.2.1   (global)   65001   "
      + "\n\n"));
  });

  it.each([
    [{}, 3, /^reflectd: get: no datastore is known: no daemon answers on \/nonexistent\/r\.sock .*\(give --config/],
    [{ DATASTORE_TYPE: "kubernetes" }, 1, /^reflectd: Kubernetes cannot be read: apis: this is no pod .*\n$/],
    [{ DATASTORE_TYPE: "etcdv3" }, 1, /^reflectd: get: no endpoints of etcd are known /],
    [{ DATASTORE_TYPE: "etcdv3", ETCD_ENDPOINTS: "http://127.0.0.1:1" }, 1,
      /^reflectd: etcd cannot be read: http:\/\/127\.0\.0\.1:1: .*connect ECONNREFUSED 127\.0\.0\.1:1\n$/],
    [{ DATASTORE_TYPE: "files" }, 1, /^reflectd: get: no files are known \(give --config FILE\)\n$/],
  ])("is named or said to be missing: %j", async (env, code, err) => {
    const [stdout, stderr] = [new Sink(), new Sink()];
    const io = cliIo(stdout, stderr, { env: { REFLECTD_SOCKET: "/nonexistent/r.sock", ...env } });
    const request: ResourceRequest = { verb: "get", words: ["node"], files: [], recursive: false, format: "ps",
      patch: "",
      skip: { existing: false, absent: false, empty: false }, export: false, config: undefined, socket: undefined };
    expect(await resources(request, io)).toBe(code);
    expect([stdout.text, stderr.text]).toEqual(["", expect.stringMatching(err)]);
  });
});
