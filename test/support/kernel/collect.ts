/** Dumps as states, for tests. */

import type { DumpListener } from "../../../src/kernel/port.ts";
import { KernelState } from "../../../src/kernel/state.ts";

/** Listens to a dump, and hands over the state that it says; a dump that fails hands over what is wrong. */
export function collect(done: (state: KernelState | undefined, fault: string | undefined) => void): DumpListener {
  const state = new KernelState();
  return {
    link: (link) => void state.apply({ event: "link", link }),
    address: (address) => void state.apply({ event: "address", address }),
    route: (route) => state.addDumped(route),
    end: (fault) => done(fault === undefined ? state : undefined, fault),
  };
}
