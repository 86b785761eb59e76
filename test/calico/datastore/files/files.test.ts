/** Resources in files: what is told of changes, of what is half written, and of what is missing. */

import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Instant } from "../../../../src/base/ports.ts";
import type { DatastoreEvent } from "../../../../src/calico/datastore/datastore.ts";
import { FilesDatastore } from "../../../../src/calico/datastore/files/files.ts";
import type { WatchFolder } from "../../../../src/calico/datastore/watch-folder.ts";
import { systemClock, systemScheduler } from "../../../../src/daemon/system-clock.ts";
import { manifest, nodeManifest } from "../../../support/calico/manifests.ts";
import { VirtualTimers } from "../../../support/calico/timers.ts";
import { temporaryFolder } from "../../../support/temporary-folder.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
const write = (name: string, ...values: readonly unknown[]): void =>
  writeFileSync(at(name), values.map((value) => JSON.stringify(value)).join("\n---\n"));

beforeEach(() => { folder = temporaryFolder(); });

/** How long files are left alone before they are looked at, in milliseconds. */
const SETTLE = 200;

/** Until the datastore has looked at everything: it then waits for the next time. */
async function idle(timers: VirtualTimers): Promise<void> {
  await expect.poll(() => timers.size, { interval: 2, timeout: 10_000 }).toBeGreaterThan(0);
}

/** What a datastore told, in words. */
class Listener {
  readonly events: DatastoreEvent[] = [];
  readonly timers = new VirtualTimers();
  readonly datastore: FilesDatastore;
  changed: (name: string | null) => void = () => undefined;
  isWatched = false;

  constructor(paths: readonly string[], watchFolder?: WatchFolder) {
    this.datastore = new FilesDatastore({ paths, timers: this.timers, watchFolder: watchFolder ?? ((_, onChange) => {
      this.changed = onChange;
      this.isWatched = true;
      return () => { this.isWatched = false; };
    }) });
    this.datastore.start((event) => this.events.push(event));
    onTestFinished(() => this.datastore.stop());
  }

  /** What is told once time has passed, so long that what has changed is looked at. */
  async told(milliseconds = 10_000): Promise<string[]> {
    await idle(this.timers);
    this.timers.pass(milliseconds);
    await idle(this.timers);
    while (this.timers.next <= SETTLE) {
      this.timers.pass(SETTLE);
      await idle(this.timers);
    }
    return this.events.splice(0).map(wordsOf);
  }
}

function wordsOf(event: DatastoreEvent): string {
  const names = "resources" in event ? ` ${event.resources.map(nameOf).join(" ")}` : "";
  if (names !== "") return event.kind + names;
  if (event.kind === "removed") return `removed ${event.resourceKind}/${event.name}`;
  if (event.kind === "down") return `down ${event.why.replaceAll(folder, "FOLDER")}`;
  if (event.kind !== "faults") return event.kind;
  return `faults ${event.faults.map(({ name, field, why }) => `${name.replace(folder, "FOLDER")} ${field}: ${why}`)
    .join("; ")}`;
}
const nameOf = (value: unknown): string => {
  const { kind, metadata: { name } } = value as { kind: string; metadata: { name: string } };
  return `${kind}/${name}`;
};

const W1 = nodeManifest("w1", "10.0.0.1/24");
const W2 = nodeManifest("w2", "10.0.0.2/24");
const POOL = manifest("IPPool", "p", { cidr: "10.244.0.0/16" });

describe("a folder", () => {
  it("is told as a whole first, in order of names, and then as it changes", async () => {
    write("b.json", W2);
    write("a.yaml", W1, POOL);
    write("notes.txt", "nothing");
    write(".hidden.yaml", POOL);
    const listener = new Listener([folder]);
    expect(await listener.told()).toEqual(["up", "snapshot Node/w1 IPPool/p Node/w2", "synced"]);
    expect(await listener.told()).toEqual([]);
    write("b.json", nodeManifest("w2", "10.0.0.22/24"));
    expect(await listener.told()).toEqual(["put Node/w2"]);
    write("c.yml", nodeManifest("w3", "10.0.0.3/24"));
    rmSync(at("a.yaml"));
    expect(await listener.told()).toEqual(["removed Node/w1", "removed IPPool/p", "put Node/w3"]);
  });

  it("is told of at once where the system tells of changes; bursts are read once", async () => {
    write("a.yaml", W1);
    const listener = new Listener([folder]);
    await listener.told(0);
    write("b.yaml", W2);
    listener.changed("b.yaml");
    listener.timers.pass(SETTLE - 20);
    listener.changed("b.yaml");
    expect(listener.timers.next).toBe(SETTLE);
    expect(await listener.told(SETTLE)).toEqual(["put Node/w2"]);
    listener.changed("notes.txt");
    expect(listener.timers.next).toBeGreaterThan(1000);
  });

  it("that is stirred without end is read all the same", async () => {
    write("a.yaml", W1);
    const listener = new Listener([folder]);
    await listener.told(0);
    write("b.yaml", W2);
    for (let i = 0; i < 10; i++) {
      listener.changed("b.yaml");
      listener.timers.pass(SETTLE - 20);
    }
    expect(await listener.told(SETTLE)).toEqual(["put Node/w2"]);
  });

  /** Looks once; answers what was told. */
  const look = async (listener: Listener): Promise<string[]> => {
    listener.timers.pass(SETTLE);
    await idle(listener.timers);
    return listener.events.splice(0).map(wordsOf);
  };

  it("in which a file is written slowly tells nothing before it is whole, of other files neither", async () => {
    write("a.yaml", W1, W2, POOL);
    const listener = new Listener([folder]);
    await listener.told();
    write("a.yaml", W1); // so far
    write("b.yaml", nodeManifest("w3", "10.0.0.3/24"));
    listener.changed("a.yaml");
    expect(await look(listener)).toEqual([]);
    appendFileSync(at("a.yaml"), `\n---\n${JSON.stringify(W2)}`);
    expect(await look(listener)).toEqual([]);
    appendFileSync(at("a.yaml"), `\n---\n${JSON.stringify(POOL)}`);
    expect(await look(listener)).toEqual([]);
    expect(await look(listener)).toEqual(["put Node/w1 Node/w2 IPPool/p Node/w3"]);
    expect(listener.timers.next).toBe(10_000);
  });

  it("from which a file goes and comes back keeps what it said", async () => {
    write("a.yaml", W1);
    const listener = new Listener([folder]);
    await listener.told();
    rmSync(at("a.yaml"));
    listener.changed("a.yaml");
    expect(await look(listener)).toEqual([]);
    write("a.yaml", W1);
    expect(await look(listener)).toEqual([]);
    expect(await look(listener)).toEqual(["put Node/w1"]);
    rmSync(at("a.yaml"));
    listener.changed("a.yaml");
    expect([await look(listener), await look(listener)]).toEqual([[], ["removed Node/w1"]]);
  });

  it.each([["is told", true], ["is synced", false]])("%s at last, though a file in it never comes to rest", async (
    _, isTold,
  ) => {
    write("a.yaml", W1);
    write("b.yaml", W2);
    const listener = new Listener([folder]);
    if (isTold) await listener.told();
    else await idle(listener.timers);
    write("b.yaml", POOL);
    listener.changed("b.yaml");
    const told: string[] = [];
    for (let i = 0; i < 30; i++) {
      write("a.yaml", nodeManifest("w1", `10.0.0.${i}/24`));
      listener.changed("a.yaml");
      told.push(...await look(listener));
    }
    const fault = "faults FOLDER/a.yaml : does not come to rest; what it said before counts";
    expect(told).toEqual(isTold ? [fault, "removed Node/w2", "put IPPool/p"]
      : [fault, "up", "snapshot IPPool/p", "synced"]);
    expect(await listener.told()).toEqual(["faults ", "put Node/w1"]);
  });

  it("follows an editor that renames over, and a mount that swaps a link", async () => {
    mkdirSync(at("..1"));
    write("..1/a.yaml", W1);
    symlinkSync("..1", at("..data"));
    symlinkSync("..data/a.yaml", at("a.yaml"));
    const listener = new Listener([folder]);
    expect(await listener.told()).toEqual(["up", "snapshot Node/w1", "synced"]);
    mkdirSync(at("..2"));
    write("..2/a.yaml", W2);
    symlinkSync("..2", at("..new"));
    renameSync(at("..new"), at("..data"));
    listener.changed("..data");
    expect(await listener.told(SETTLE)).toEqual(["removed Node/w1", "put Node/w2"]);
    write("b.tmp", POOL);
    renameSync(at("b.tmp"), at("b.yaml"));
    listener.changed("b.yaml");
    expect(await listener.told(SETTLE)).toEqual(["put IPPool/p"]);
  });

  it("that moves an object from one file to another never takes it away", async () => {
    write("a.yaml", W1, W2);
    const listener = new Listener([folder]);
    await listener.told();
    write("a.yaml", W1);
    write("b.yaml", W2);
    expect(await listener.told()).toEqual(["put Node/w1 Node/w2"]);
  });
});

describe("a mistake", () => {
  it("of syntax keeps what the file said last, and is a fault by the file's name", async () => {
    write("a.yaml", W1, W2);
    const listener = new Listener([folder]);
    await listener.told();
    writeFileSync(at("a.yaml"), '{"kind": "Node", "metadata": {"name": "w1"');
    const [fault, ...rest] = await listener.told();
    expect(fault).toMatch(/^faults FOLDER\/a\.yaml 1:\d+ \$.*: .*; its last good content counts/);
    expect(rest).toEqual([]);
    expect(await listener.told()).toEqual([]);
    write("a.yaml", W2);
    expect(await listener.told()).toEqual(["faults ", "removed Node/w1", "put Node/w2"]);
  });

  it("an empty file, as a shell leaves it for a command that takes its time: what it said last counts", async () => {
    write("a.yaml", W1);
    const listener = new Listener([folder]);
    await listener.told();
    writeFileSync(at("a.yaml"), "");
    expect(await listener.told()).toEqual(["faults FOLDER/a.yaml : is empty; its last good content counts"]);
    write("a.yaml", W1, W2);
    expect(await listener.told()).toEqual(["faults ", "put Node/w1 Node/w2"]);
    writeFileSync(at("a.yaml"), "\n");
    expect(await listener.told()).toEqual(["removed Node/w1", "removed Node/w2"]);
  });

  it("of syntax at the start costs its document", async () => {
    writeFileSync(at("a.yaml"), `${JSON.stringify(W1)}\n---\nnodeSelector: !has(x)\n---\n${JSON.stringify(W2)}\n`);
    const [fault, ...rest] = await new Listener([folder]).told();
    expect(fault).toMatch(/; its other documents count/);
    expect(rest).toEqual(["up", "snapshot Node/w1 Node/w2", "synced"]);
  });

  it("of sense is told: no kind, no name, the same twice", async () => {
    write("a.yaml", W1, { kind: "Node" }, 7);
    write("b.yaml", W1, POOL, POOL);
    const [faults, ...rest] = await new Listener([folder]).told();
    expect(faults).toBe(["faults FOLDER/a.yaml : resource 2 has no kind or no metadata.name",
      "FOLDER/a.yaml : resource 3 has no kind or no metadata.name",
      `w1 : is also in ${folder}/a.yaml; the one in ${folder}/b.yaml counts`,
      "p : is twice in its file; the last one counts"].join("; "));
    expect(rest).toEqual(["up", "snapshot Node/w1 IPPool/p", "synced"]);
  });

  it("of a name, or of a file that was cut, ends no resource that was there before", async () => {
    write("a.yaml", W1, W2, POOL);
    const listener = new Listener([folder]);
    await listener.told();
    const faults = (kept: string): string => "faults FOLDER/a.yaml : resource 2 has no kind or no metadata.name; "
      + `FOLDER/a.yaml : what it said before of ${kept} counts`;
    write("a.yaml", W1, { ...W2, metadata: {} });
    expect(await listener.told()).toEqual([faults("Node w2 and 1 more"), "put Node/w1"]);
    write("b.yaml", W2);
    expect(await listener.told()).toEqual([faults("IPPool p"), "put Node/w2"]);
    write("a.yaml", W1);
    expect(await listener.told()).toEqual(["faults ", "removed IPPool/p", "put Node/w1"]);
  });

  it("of the file itself: a folder with a manifest's name", async () => {
    write("a.yaml", W1);
    mkdirSync(at("b.yaml"));
    expect(await new Listener([folder]).told())
      .toEqual(["faults FOLDER/b.yaml : is no file", "up", "snapshot Node/w1", "synced"]);
  });
});

describe("a path that is missing", () => {
  it("is an outage: nothing first, what is known later, and back by itself", async () => {
    const listener = new Listener([at("resources")]);
    const down = "down FOLDER/resources cannot be read: no such file";
    expect(await listener.told()).toEqual([down]);
    expect(await listener.told()).toEqual([]);
    mkdirSync(at("resources"));
    write("resources/a.yaml", W1);
    expect(await listener.told()).toEqual(["up", "snapshot Node/w1", "synced"]);
    renameSync(at("resources"), at("elsewhere"));
    expect(await listener.told()).toEqual([down]);
    renameSync(at("elsewhere"), at("resources"));
    write("resources/a.yaml", W2);
    expect(await listener.told()).toEqual(["up", "removed Node/w1", "put Node/w2"]);
  });

  it("among others holds back the first snapshot, and no later change of the others", async () => {
    write("a.yaml", W1);
    const listener = new Listener([at("a.yaml"), at("b.yaml")]);
    expect((await listener.told()).map((words) => words.split(" ")[0])).toEqual(["down"]);
    write("b.yaml", W2);
    expect(await listener.told()).toEqual(["up", "snapshot Node/w1 Node/w2", "synced"]);
    rmSync(at("b.yaml"));
    write("a.yaml", nodeManifest("w1", "10.0.0.9/24"));
    expect((await listener.told()).map((words) => words.split(" ")[0])).toEqual(["down", "put"]);
  });
});

describe("watching", () => {
  it("is not needed", async () => {
    write("a.yaml", W1);
    const listener = new Listener([folder], () => { throw new Error("ENOSPC"); });
    await listener.told();
    write("a.yaml", W2);
    expect(await listener.told(9_000)).toEqual([]);
    expect(await listener.told(1_000)).toEqual(["removed Node/w1", "put Node/w2"]);
  });

  it("starts anew where a folder was replaced, and ends with the datastore", async () => {
    mkdirSync(at("resources"));
    const folders: string[] = [];
    let watching = 0;
    const listener = new Listener([at("resources")], (path) => {
      folders.push(path.replace(folder, "FOLDER"));
      watching++;
      return () => { watching--; };
    });
    await listener.told();
    await listener.told();
    expect(folders).toEqual(["FOLDER/resources"]);
    renameSync(at("resources"), at("old"));
    mkdirSync(at("resources"));
    write("resources/a.yaml", W1);
    expect(await listener.told()).toEqual(["put Node/w1"]);
    expect([folders, watching]).toEqual([["FOLDER/resources", "FOLDER/resources"], 1]);
    await listener.datastore.stop();
    expect([watching, listener.timers.size]).toEqual([0, 0]);
  });

  it("looks less often at very many files", async () => {
    for (let i = 0; i < 1500; i++) write(`${i}.json`, nodeManifest(`w${i}`, "10.0.0.1/24"));
    const listener = new Listener([folder]);
    await listener.told(0);
    expect(listener.timers.next).toBe(15_000);
  });

  it("hears the system: rename over, removal, a new file", async () => {
    write("a.yaml", W1);
    const events: string[] = [];
    const datastore = new FilesDatastore({ paths: [folder], timers: { random: () => 0,
      after: (wait, run) => systemScheduler.at((systemClock.now() + wait) as Instant, run) } });
    datastore.start((event) => events.push(wordsOf(event)));
    onTestFinished(() => datastore.stop());
    const heard = async (...want: string[]): Promise<void> => {
      await expect.poll(() => events.length, { timeout: 5000 }).toBeGreaterThanOrEqual(want.length);
      expect(events.splice(0, want.length)).toEqual(want);
    };
    await heard("up", "snapshot Node/w1", "synced");
    write("b.tmp", W2);
    renameSync(at("b.tmp"), at("b.yaml"));
    await heard("put Node/w2");
    rmSync(at("a.yaml"));
    await heard("removed Node/w1");
    appendFileSync(at("b.yaml"), `\n---\n${JSON.stringify(POOL)}\n`);
    await heard("put Node/w2 IPPool/p");
  });
});
