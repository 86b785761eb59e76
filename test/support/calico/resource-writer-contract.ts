/** What every ResourceWriter must do; whoever implements the port runs it. */

import { describe, expect, it } from "vitest";
import type { ResourceWriter } from "../../../src/calico/datastore/writer.ts";
import { nameOf, versionOf, withMetadata } from "../../../src/calico/resources/raw.ts";
import type { JsonObject } from "../../../src/config/json.ts";

/** A BGPPeer. */
export function peerOf(name: string, asNumber = 65001): JsonObject {
  return {
    apiVersion: "projectcalico.org/v3", kind: "BGPPeer", metadata: { name },
    spec: { peerIP: "192.0.2.1", asNumber },
  };
}

/** The resource without what the datastore adds. */
export function plain(resource: JsonObject): JsonObject {
  return withMetadata(resource, { resourceVersion: undefined, uid: undefined, creationTimestamp: undefined });
}

/** The answer's value; a refusal fails the test. */
export function done<T>(answer: { readonly done: T } | { readonly refused: string }): T {
  if ("done" in answer) return answer.done;
  throw new Error(`refused: ${JSON.stringify(answer)}`);
}

/** Runs the contract; `open` gives an empty datastore. */
export function resourceWriterContract(name: string, open: () => Promise<ResourceWriter>): void {
  describe(`${name} is a ResourceWriter`, () => {
    it("gives back what was created, with a version", async () => {
      const writer = await open();
      const version = done(await writer.create(peerOf("a")));
      expect(version).toMatch(/./);
      const read = done(await writer.get("BGPPeer", "a"));
      expect(versionOf(read)).toBe(version);
      expect(plain(read)).toEqual(peerOf("a"));
      expect(writer.unread).toEqual([]);
    });

    it("lists one kind in order of the names", async () => {
      const writer = await open();
      for (const one of ["c", "a", "b-2", "b"]) done(await writer.create(peerOf(one)));
      done(await writer.create({ ...peerOf("z"), kind: "BGPFilter", spec: {} }));
      const listed = done(await writer.list("BGPPeer"));
      expect(listed.map(nameOf)).toEqual(["a", "b", "b-2", "c"]);
      expect(listed[0]).toEqual(done(await writer.get("BGPPeer", "a")));
      expect(done(await writer.list("IPPool"))).toEqual([]);
    });

    it("creates no second one", async () => {
      const writer = await open();
      done(await writer.create(peerOf("a")));
      expect(await writer.create(peerOf("a", 1))).toEqual({ refused: "exists" });
      expect(plain(done(await writer.get("BGPPeer", "a")))).toEqual(peerOf("a"));
    });

    it("knows what is not there", async () => {
      const writer = await open();
      expect(await writer.get("BGPPeer", "a")).toEqual({ refused: "absent" });
      expect(await writer.update(peerOf("a"))).toEqual({ refused: "absent" });
      expect(await writer.remove("BGPPeer", "a", undefined)).toEqual({ refused: "absent" });
    });

    it("updates without a version, and with the one that is there", async () => {
      const writer = await open();
      const first = done(await writer.create(peerOf("a")));
      const second = done(await writer.update(peerOf("a", 2)));
      expect(second).not.toBe(first);
      const stored = done(await writer.get("BGPPeer", "a"));
      const third = done(await writer.update({ ...stored, spec: { peerIP: "192.0.2.9", asNumber: 3 } }));
      const read = done(await writer.get("BGPPeer", "a"));
      expect([versionOf(stored), versionOf(read)]).toEqual([second, third]);
      expect(read["spec"]).toEqual({ peerIP: "192.0.2.9", asNumber: 3 });
    });

    it("refuses an older version, to update as to remove", async () => {
      const writer = await open();
      const first = done(await writer.create(peerOf("a")));
      done(await writer.update(peerOf("a", 2)));
      const older = withMetadata(peerOf("a", 3), { resourceVersion: first });
      expect(await writer.update(older)).toEqual({ refused: "conflict" });
      expect(await writer.remove("BGPPeer", "a", first)).toEqual({ refused: "conflict" });
      expect(plain(done(await writer.get("BGPPeer", "a")))).toEqual(peerOf("a", 2));
    });

    it("removes", async () => {
      const writer = await open();
      done(await writer.create(peerOf("a")));
      const version = done(await writer.create(peerOf("b")));
      done(await writer.remove("BGPPeer", "a", undefined));
      done(await writer.remove("BGPPeer", "b", version));
      expect(done(await writer.list("BGPPeer"))).toEqual([]);
      done(await writer.create(peerOf("a")));
    });
  });
}
