import { describe, expect, it } from "vitest";
import { Shared } from "../../src/base/shared.ts";

describe("shared values", () => {
  it("are one object where they are equal, and apart where they are not", () => {
    const shared = new Shared<object>();
    const first = { families: ["ipv4-unicast"], time: 90, value: Uint8Array.of(1) };
    expect(shared.of(first)).toBe(first);
    expect(shared.of({ families: ["ipv4-unicast"], time: 90, value: Uint8Array.of(1) })).toBe(first);
    const others = [{ ...first, time: 91 }, { ...first, families: [] }, { ...first, value: Uint8Array.of(2) }];
    for (const other of others) expect(shared.of(other)).toBe(other);
  });

  it("are forgotten from the oldest on where there are very many", () => {
    const shared = new Shared<{ readonly n: number }>();
    const first = shared.of({ n: 0 });
    for (let n = 1; n <= 255; n++) shared.of({ n });
    expect(shared.of({ n: 0 })).toBe(first);
    shared.of({ n: 256 });
    expect(shared.of({ n: 0 })).not.toBe(first);
  });
});
