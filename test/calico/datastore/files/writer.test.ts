/** Files and folders written by the verbs: the contract of all datastores, and what only files have. */

import {
  appendFileSync, chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync,
  symlinkSync, writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Timers } from "../../../../src/calico/datastore/datastore.ts";
import { replaceFile, takeAway } from "../../../../src/calico/datastore/files/replace.ts";
import { FilesWriter } from "../../../../src/calico/datastore/files/writer.ts";
import { formatFault } from "../../../../src/config/fault.ts";
import { FAST } from "../../../support/calico/mirror.ts";
import { done, peerOf, plain, resourceWriterContract } from "../../../support/calico/resource-writer-contract.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

/** A folder with these files; it goes with the test. */
function folderWith(texts: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(texts)) writeFileSync(join(folder, name), text);
  return folder;
}

const text = (name: string, asNumber = 65001): string => "apiVersion: projectcalico.org/v3\nkind: BGPPeer\nmetadata:\n"
  + `  name: ${name}\nspec:\n  peerIP: 192.0.2.1\n  asNumber: ${asNumber}\n`;

resourceWriterContract("a folder", async () => new FilesWriter([folderWith()], FAST));
resourceWriterContract("one file", async () =>
  new FilesWriter([join(folderWith({ "all.yaml": "" }), "all.yaml")], FAST));

describe("files", () => {
  it("hold a new resource in a file of its own, and are gone with it", async () => {
    const folder = folderWith();
    const writer = new FilesWriter([folder], FAST);
    done(await writer.create(peerOf("a")));
    expect(readdirSync(folder)).toEqual(["BGPPeer.a.yaml"]);
    expect(readFileSync(join(folder, "BGPPeer.a.yaml"), "utf8")).toBe(text("a"));
    done(await writer.remove("BGPPeer", "a", undefined));
    expect(readdirSync(folder)).toEqual([]);
  });

  it("are changed where the resource stands, the others untouched", async () => {
    const folder = folderWith({
      "a.yaml": `# one\n${text("a")}---\n# two\n${text("b")}`, "c.json": "{}", "d.txt": "{" });
    const writer = new FilesWriter([folder], FAST);
    done(await writer.update(peerOf("b", 2)));
    expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(`# one\n${text("a")}---\n# two\n${text("b", 2)}`);
    done(await writer.remove("BGPPeer", "b", undefined));
    expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(`# one\n${text("a")}`);
    expect(readdirSync(folder).sort()).toEqual(["a.yaml", "c.json", "d.txt"]);
  });

  it("are left alone where nothing changes", async () => {
    const folder = folderWith({ "a.yaml": `${text("a")}  # a comment within\n` });
    const writer = new FilesWriter([folder], FAST);
    const before = statSync(join(folder, "a.yaml")).ino;
    done(await writer.update(done(await writer.get("BGPPeer", "a"))));
    expect(statSync(join(folder, "a.yaml")).ino).toBe(before);
  });

  it("keep their mode, and links stay links", async () => {
    const folder = folderWith({ "real": text("a") });
    chmodSync(join(folder, "real"), 0o640);
    symlinkSync("real", join(folder, "a.yaml"));
    const writer = new FilesWriter([folder], FAST);
    done(await writer.update(peerOf("a", 2)));
    expect(lstatSync(join(folder, "a.yaml")).isSymbolicLink()).toBe(true);
    expect(readFileSync(join(folder, "real"), "utf8")).toBe(text("a", 2));
    expect(statSync(join(folder, "real")).mode & 0o777).toBe(0o640);
  });

  it("count with their last resource of a name, and lose all of them", async () => {
    const folder = folderWith({ "a.yaml": `${text("a", 1)}---\n${text("a", 2)}`, "b.yaml": text("a", 3) });
    const writer = new FilesWriter([folder], FAST);
    expect(plain(done(await writer.get("BGPPeer", "a")))).toEqual(peerOf("a", 3));
    done(await writer.update(peerOf("a", 4)));
    expect(readFileSync(join(folder, "b.yaml"), "utf8")).toBe(text("a", 4));
    expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(`${text("a", 1)}---\n${text("a", 2)}`);
    done(await writer.remove("BGPPeer", "a", undefined));
    expect(readdirSync(folder)).toEqual([]);
  });

  it("may carry a version that is Kubernetes'", async () => {
    const writer = new FilesWriter([folderWith({ "a.yaml": text("a") })], FAST);
    done(await writer.update({ ...peerOf("a", 2), metadata: { name: "a", resourceVersion: "4711" } }));
    expect(plain(done(await writer.get("BGPPeer", "a")))).toEqual(peerOf("a", 2));
  });
});

describe("what cannot be", () => {
  it("is told beside what can be read", async () => {
    const folder = folderWith({ "a.yaml": text("a"), "b.yaml": "a: [\n", "c.yaml": new Uint8Array([0x61, 0xff]),
      "d.yaml": "kind: Node" });
    const writer = new FilesWriter([folder, join(folder, "none")], FAST);
    expect(done(await writer.list("BGPPeer")).map(plain)).toEqual([peerOf("a")]);
    const lines = writer.unread.map((fault) => formatFault(fault).replaceAll(folder, "F"));
    expect(lines).toEqual([
      expect.stringMatching(/^F\/b\.yaml:2:1 .* the document ends too early/),
      "F/c.yaml: is no UTF-8 text (save it as UTF-8)",
      "F/d.yaml: resource 1 has no kind or no metadata.name (give it both; a name such as n or 7 needs quotes)",
      expect.stringMatching(/^F\/none: cannot be read: no such file \(check the path and its mode\)$/),
    ]);
    done(await writer.get("BGPPeer", "a"));
    expect(writer.unread.length).toBe(4);
  });

  it("is a name that another file has", async () => {
    const folder = folderWith({ "BGPPeer.a.yaml": "# mine\n" });
    const answer = await new FilesWriter([folder], FAST).create(peerOf("a"));
    expect(answer).toEqual({ refused: "failed",
      why: `${folder}/BGPPeer.a.yaml is there already (see what it holds, or move it)` });
    expect(readFileSync(join(folder, "BGPPeer.a.yaml"), "utf8")).toBe("# mine\n");
    expect(readdirSync(folder)).toEqual(["BGPPeer.a.yaml"]);
  });

  it("is a place for a new one among files of JSON", async () => {
    const folder = folderWith({ "a.json": "{}" });
    const answer = await new FilesWriter([join(folder, "a.json")], FAST).create(peerOf("a"));
    expect(answer).toMatchObject({ refused: "failed", why: expect.stringContaining("no folder to put it in") });
  });

  it("is a path that is not there", async () => {
    const answer = await new FilesWriter([join(folderWith(), "none")], FAST).create(peerOf("a"));
    expect(answer).toMatchObject({ refused: "failed", why: expect.stringContaining("ENOENT") });
  });

  it("is a change of a text that would harm it", async () => {
    const folder = folderWith({ "a.yaml": `${text("a")}\n---\n${text("b")}` });
    const answer = await new FilesWriter([folder], FAST).update({ ...peerOf("a"), zz: "x\n\n" });
    expect(answer).toMatchObject({ refused: "failed", why: expect.stringContaining("edit it") });
    expect(existsSync(join(folder, "a.yaml"))).toBe(true);
  });

  it("is a folder with the name of a manifest", async () => {
    const folder = folderWith();
    mkdirSync(join(folder, "x.yaml"));
    const writer = new FilesWriter([folder], FAST);
    expect(done(await writer.list("BGPPeer"))).toEqual([]);
    expect(writer.unread.length).toBe(1);
  });
});

describe("a file that somebody else changes meanwhile", () => {
  it("is read again, and not written over", async () => {
    const folder = folderWith({ "a.yaml": text("a"), "b.yaml": text("b") });
    const writer = new FilesWriter([folder], FAST);
    done(await writer.get("BGPPeer", "a"));
    writeFileSync(join(folder, "a.yaml"), `# by hand\n${text("a", 7)}---\n${text("c")}`);
    done(await writer.update(peerOf("a", 8)));
    expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(`# by hand\n${text("a", 8)}---\n${text("c")}`);
    writeFileSync(join(folder, "b.yaml"), text("d"));
    expect(await writer.remove("BGPPeer", "b", undefined)).toEqual({ refused: "absent" });
    expect(done(await writer.list("BGPPeer")).map(plain)).toEqual([peerOf("a", 8), peerOf("c"), peerOf("d")]);
  });

  it("is written by one at a time, and nobody's change is lost", async () => {
    const names = Array.from({ length: 12 }, (_, at) => `p${at}`);
    const folder = folderWith({ "a.yaml": names.map((name) => text(name)).join("---\n") });
    const real: Timers = { ...FAST, after: (milliseconds, run) => FAST.after(milliseconds * 300, run) };
    await Promise.all(names.map(async (name) => done(await new FilesWriter([folder], real).update(peerOf(name, 7)))));
    const changed = done(await new FilesWriter([folder], FAST).list("BGPPeer"));
    expect(changed.map(plain)).toEqual(names.toSorted().map((name) => peerOf(name, 7)));
    expect(readdirSync(folder)).toEqual(["a.yaml"]);
  });

  it("is written by the next one where somebody was killed while writing it", async () => {
    const folder = folderWith({ "a.yaml": text("a"), ".a.yaml.new": "half", ".BGPPeer.b.yaml.new": "" });
    const writer = new FilesWriter([folder], FAST);
    done(await writer.update(peerOf("a", 7)));
    expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(text("a", 7));
    done(await writer.create(peerOf("b")));
    expect(readdirSync(folder).sort()).toEqual(["BGPPeer.b.yaml", "a.yaml"]);
  });

  it("stays as it is while somebody else goes on writing it", async () => {
    const folder = folderWith({ "a.yaml": text("a"), ".a.yaml.new": "" });
    const later: Timers = { ...FAST, after: (_, run) => {
      appendFileSync(join(folder, ".a.yaml.new"), "x");
      return FAST.after(300, run);
    } };
    const answer = await new FilesWriter([folder], later).update(peerOf("a", 7));
    expect(answer).toEqual({ refused: "failed",
      why: `${folder}/.a.yaml.new is in the way (remove it, if nobody is writing)` });
    expect(readdirSync(folder).sort()).toEqual([".a.yaml.new", "a.yaml"]);
  });

  it("is not put in its place by who was taken for dead, and his successor's stays", async () => {
    const folder = folderWith({ "a.yaml": text("a") });
    const [path, next] = [join(folder, "a.yaml"), join(folder, ".a.yaml.new")];
    const slow = replaceFile(path, text("a"), text("a", 7));
    while (!existsSync(next)) await new Promise((resolve) => { setImmediate(resolve); });
    renameSync(next, join(folder, ".gone"));
    writeFileSync(next, "his successor's");
    expect(await slow).toBe("changed");
    expect([readFileSync(path, "utf8"), readFileSync(next, "utf8")]).toEqual([text("a"), "his successor's"]);
  });

  it("is given back where it was another writer's", async () => {
    const folder = folderWith({ ".a.yaml.new": "alive" });
    const busy = join(folder, ".a.yaml.new");
    const { ino } = statSync(busy);
    await takeAway({ busy, state: "1-1" });
    expect(statSync(busy).ino).toBe(ino);
    await takeAway({ busy: join(folder, "none"), state: "1-1" });
    expect(readdirSync(folder)).toEqual([".a.yaml.new"]);
  });

  it("is a conflict for who had seen it as it was", async () => {
    const folder = folderWith({ "a.yaml": text("a") });
    const writer = new FilesWriter([folder], FAST);
    const seen = done(await writer.get("BGPPeer", "a"));
    writeFileSync(join(folder, "a.yaml"), text("a", 7));
    expect(await writer.update({ ...seen, spec: {} })).toEqual({ refused: "conflict" });
    expect(readFileSync(join(folder, "a.yaml"), "utf8")).toBe(text("a", 7));
  });
});
