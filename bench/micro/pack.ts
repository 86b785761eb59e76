/** From changed routes to messages: decided, compared with what was told, packed, pulled by one live member. */

import { EMPTY } from "../../src/base/bytes.ts";
import { IPV4_UNICAST } from "../../src/messages/families.ts";
import type { GroupMember } from "../../src/reflector/member.ts";
import type { Reflector } from "../../src/reflector/reflector.ts";
import type { AttributesId, PrefixId } from "../../src/rib/ids.ts";
import type { Engine } from "./engine.ts";
import { addressOf, clientTarget, newEngine, storedBlockOf } from "./engine.ts";
import type { MicroOperation } from "./measure.ts";

const PREFIXES = 20_000;

/** Per prefix, by how many share their attributes; and taken back. */
export function packOperations(count: number = PREFIXES): MicroOperation[] {
  return [...[1, 5, 1_000].map((perSet) => changes(perSet, count)), withdrawals(count)];
}

/** A table that one client feeds and another, live, is told. */
class Bench {
  readonly #engine: Engine = newEngine(2);
  readonly #reflector: Reflector = this.#engine.tables.reflectors[IPV4_UNICAST.index]!;
  readonly #prefixes: Uint32Array;
  readonly #member: GroupMember;

  constructor(count: number) {
    const { tables, peers } = this.#engine;
    const { prefixes } = tables.ribs[IPV4_UNICAST.index]!;
    this.#prefixes = Uint32Array.from({ length: count }, (_, i) => prefixes.intern(addressOf(i), 0, 0, 0, 26));
    const who = { peer: peers[1]!, name: "receiver", routerId: 1, wake: () => undefined };
    this.#member = this.#reflector.join(who, clientTarget(), { atStart: [], atEnd: [] });
    this.tell();
  }

  /** Every prefix with other attributes than before, `perSet` of them with the same ones. */
  announce(perSet: number, serial: number): void {
    const { tables, peers } = this.#engine;
    const rib = tables.ribs[IPV4_UNICAST.index]!;
    let set = 0 as AttributesId;
    for (let i = 0; i < this.#prefixes.length; i++) {
      if (i % perSet === 0) {
        const block = storedBlockOf(serial + i / perSet);
        set = tables.store.intern(block, 0, block.length, EMPTY);
      }
      rib.announce(peers[0]!, this.#prefixes[i] as PrefixId, 0, set, set, 0, 1);
    }
  }

  withdraw(): void {
    const { tables, peers } = this.#engine;
    const rib = tables.ribs[IPV4_UNICAST.index]!;
    for (const prefix of this.#prefixes) rib.withdraw(peers[0]!, prefix as PrefixId, 0);
  }

  /** Slices and pulls, in turns as in the daemon, until nothing is left. */
  tell(): void {
    while (this.#reflector.busy || this.#pull()) this.#reflector.pump();
  }

  #pull(): boolean {
    let any = false;
    while (this.#reflector.pull(this.#member) !== undefined) any = true;
    return any;
  }
}

function changes(perSet: number, count: number): MicroOperation {
  const bench = new Bench(count);
  let serial = 1;
  const prepare = (): void => {
    bench.announce(perSet, serial);
    serial += count;
  };
  const what = `a changed prefix, ${perSet.toLocaleString("en-US")} per attribute set`;
  return { group: "pack", what, count, allocationFree: true, prepare, work: () => bench.tell() };
}

function withdrawals(count: number): MicroOperation {
  const bench = new Bench(count);
  const prepare = (): void => {
    bench.announce(1_000, 1);
    bench.tell();
    bench.withdraw();
  };
  return { group: "pack", what: "a withdrawn prefix", count, allocationFree: true, prepare,
    work: () => bench.tell() };
}
