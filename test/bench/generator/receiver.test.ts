/** Receivers fed with what sources say: complete when the table is right, and not before. */

import { describe, expect, it } from "vitest";
import { CountingReceiver } from "../../../bench/generator/counting-receiver.ts";
import { Expectation } from "../../../bench/generator/expectation.ts";
import { internetLoad } from "../../../bench/generator/internet.ts";
import { uniformLoad } from "../../../bench/generator/uniform.ts";
import type { Load } from "../../../bench/generator/load.ts";
import { ExactReceiver } from "../../../bench/generator/receiver.ts";
import type { Receiver } from "../../../bench/generator/receiver.ts";
import { planted, reflection } from "./faults.ts";

function feed(receiver: Receiver, bytes: Buffer, leaveOut = 0): void {
  let at = 0;
  const ends: number[] = [];
  for (; at < bytes.length; at += bytes.readUInt16BE(at + 16)) ends.push(at + bytes.readUInt16BE(at + 16));
  let from = 0;
  for (const end of ends.slice(0, ends.length - leaveOut)) {
    receiver.update(bytes, from, end);
    from = end;
  }
}

interface World { readonly expectation: Expectation; readonly receivers: readonly Receiver[] }
function worldOf(load: Load, index: number): World {
  const expectation = new Expectation(load);
  return { expectation, receivers: [new ExactReceiver(index, expectation), new CountingReceiver(index, expectation)] };
}

const kinds = (["ipv4", "ipv6"] as const).flatMap((family) => [true, false].flatMap((addPath) => [
  { name: `uniform ${family} ${addPath}`, addPath,
    load: (): Load => uniformLoad({ family, addPath, sources: 3, each: 300, perSet: 7 }) },
  { name: `one set ${family} ${addPath}`, addPath,
    load: (): Load => uniformLoad({ family, addPath, sources: 3, each: 10, perSet: 10 }) },
  { name: `internet ${family} ${addPath}`, addPath,
    load: (): Load => internetLoad({ family, addPath, sources: 3, prefixes: 900, seed: 1 }) },
]));

describe.each(kinds)("receivers of a load: $name", ({ load: make }) => {
  it.each([["a source", 1], ["no source", 9]])("are complete with the last message of others: %s", (_name, index) => {
    const load = make();
    const { expectation, receivers } = worldOf(load, index);
    const diff = expectation.announce([0, 1, 2], 4);
    const others = [0, 1, 2].filter((source) => source !== index);
    for (const receiver of receivers) {
      receiver.expect(diff);
      expect(receiver.complete).toBe(false);
      for (const source of others.slice(1)) feed(receiver, load.announcements(source, 4));
      feed(receiver, load.announcements(0, 4), 1);
      expect(receiver.complete).toBe(false);
      feed(receiver, load.announcements(0, 4));
      expect(receiver.complete).toBe(true);
      expect(receiver.unknownPrefixes).toBe(0);
    }
    const gone = expectation.announce([0], 0);
    for (const receiver of receivers) {
      receiver.expect(gone);
      expect(receiver.complete).toBe(false);
      feed(receiver, load.withdrawals(0));
      expect(receiver.complete).toBe(true);
    }
  });
  it("see the prefix that is looked out for", () => {
    const load = make();
    const { expectation, receivers } = worldOf(load, 9);
    for (const receiver of receivers) {
      receiver.expect(expectation.announce([0, 1, 2], 1));
      for (const source of [0, 1, 2]) feed(receiver, load.announcements(source, 1));
      receiver.watch(load.sources[1]!.prefixes[5]!);
      receiver.now = 12;
      feed(receiver, load.change(1, 4, 2));
      expect(receiver.watchedAt).toBe(0);
      expectation.change(1, 5, 2);
      feed(receiver, load.change(1, 5, 2));
      expect(receiver.watchedAt).toBe(12);
    }
  });
});

describe("an exact receiver", () => {
  const load = uniformLoad({ family: "ipv4", addPath: false, sources: 2, each: 100, perSet: 10, markedEvery: 2 });
  it("is not content with an old version, and says what is short", () => {
    const { expectation, receivers: [receiver] } = worldOf(load, 5);
    expectation.announce([0, 1], 2);
    receiver!.expect(expectation.everything());
    feed(receiver!, load.announcements(0, 2));
    feed(receiver!, load.announcements(1, 1));
    expect(receiver!.complete).toBe(false);
    expect(receiver!.short).toBe("100 of 200 prefixes are right");
  });
  it("does not want what a policy rejects", () => {
    const { expectation, receivers: [receiver] } = worldOf(load, 5);
    expectation.announce([0], 2);
    const diff = expectation.rejectMarked(true);
    expect(diff.withdrawn).toBe(51); // five sets of ten, and the last prefix by itself
    receiver!.expect(diff);
    feed(receiver!, load.announcements(0, 2));
    expect(receiver!.complete).toBe(false);
    expect(expectation.rejectMarked(false).announced).toBe(51);
    receiver!.expect(diff);
    expect(receiver!.complete).toBe(true);
  });
  it("notes its own routes and strange ones, and ignores the former", () => {
    const { expectation, receivers: [receiver] } = worldOf(load, 0);
    receiver!.expect(expectation.announce([0], 2));
    expect(receiver!.complete).toBe(true);
    feed(receiver!, load.announcements(0, 2));
    expect(receiver!.complete).toBe(true);
    expect(receiver!.ownPrefixes).toBe(100);
    feed(receiver!, uniformLoad({ family: "ipv4", addPath: false, sources: 9, each: 100, perSet: 100 })
      .announcements(8, 1));
    expect(receiver!.unknownPrefixes).toBe(100);
  });
  it("tells a replaced path from a withdrawn one, and one that stayed", () => {
    const paths = uniformLoad({ family: "ipv4", addPath: true, sources: 1, each: 3, perSet: 3 });
    const { expectation, receivers: [receiver] } = worldOf(paths, 5);
    receiver!.expect(expectation.announce([0], 1));
    const first = paths.announcements(0, 1);
    feed(receiver!, first);
    expect(receiver!.complete).toBe(true);
    const renamed = Buffer.from(first);
    for (let at = renamed.length - 27; at < renamed.length; at += 9) renamed[at + 3] = 7;
    feed(receiver!, renamed);
    expect(receiver!.complete).toBe(false);
    expect(receiver!.short).toContain("3 replaced paths not withdrawn");
    feed(receiver!, paths.withdrawals(0)); // of identifier 1, which nothing uses any more
    expect(receiver!.complete).toBe(true);
  });
});

describe("sources with prefixes in common", () => {
  const shared = (addPath: boolean): Load =>
    uniformLoad({ family: "ipv4", addPath, sources: 2, each: 50, perSet: 10, isShared: true });
  it("leave a prefix until the last of them withdraws it", () => {
    const load = shared(false);
    const { expectation, receivers: [receiver, counting] } = worldOf(load, 5);
    const diff = expectation.announce([0, 1], 1);
    expect(diff.announced).toBe(50);
    for (const each of [receiver!, counting!]) each.expect(diff);
    feed(receiver!, load.announcements(1, 1));
    feed(counting!, load.announcements(1, 1));
    expect([receiver!.complete, counting!.complete]).toEqual([true, true]);
    expect(expectation.announce([0], 0)).toMatchObject({ announced: 0, withdrawn: 0 });
    expect(expectation.announce([1], 0)).toMatchObject({ announced: 0, withdrawn: 50 });
  });
  it("in different versions are all right, as long as there is one", () => {
    const load = shared(false);
    const { expectation, receivers: [receiver] } = worldOf(load, 5);
    expectation.announce([0], 1);
    receiver!.expect(expectation.announce([1], 2));
    expect(receiver!.complete).toBe(false);
    feed(receiver!, load.announcements(1, 2));
    expect(receiver!.complete).toBe(true);
    feed(receiver!, load.announcements(0, 1));
    expect(receiver!.complete).toBe(true);
  });
  it("are right in the path that a reflector prefers only, where that is known", () => {
    const load = shared(false);
    const expectation = new Expectation(load, { firstIdentifier: 0x7f0b_0001, clusterId: 0xc000_0201 });
    const receiver = new ExactReceiver(5, expectation);
    expectation.announce([0, 1], 1);
    receiver.expect();
    const connection = { client: 5, each: 50, announcements: 0, withdrawals: 0, kept: undefined,
      later: () => undefined };
    const told = (bytes: Buffer): void => feed(receiver, planted(reflection, connection)(bytes));
    told(load.announcements(0, 1));
    expect(receiver.short).toBe("29 of 50 prefixes are right");
    told(load.announcements(1, 1));
    expect(receiver.short).toBe("21 of 50 prefixes are right");
    for (let route = 0; route < 50; route++) if (load.preferred![route] === 0) told(load.change(0, route, 1));
    expect(receiver.complete).toBe(true);
    expect(receiver.alteredPrefixes).toBe(0);
  });
  it("are told apart by next hop where receivers are told all paths", () => {
    const load = shared(true);
    const { expectation, receivers: [receiver] } = worldOf(load, 5);
    const diff = expectation.announce([0, 1], 1);
    expect(diff.announced).toBe(100);
    receiver!.expect(diff);
    feed(receiver!, load.announcements(0, 1));
    expect(receiver!.complete).toBe(false);
    const second = load.announcements(1, 1);
    feed(receiver!, second);
    expect(receiver!.short).toBe("100 of 100 prefixes are right");
  });
});
