/** A kernel in memory: LinuxTables behind the port, answering later as a kernel does. */

import { CHANGES } from "../../../src/kernel/port.ts";
import type {
  DumpListener, KernelChanges, KernelEvent, KernelFailure, KernelPort, RouteList,
} from "../../../src/kernel/port.ts";
import { ESRCH, errnoName, errnoText } from "../../../src/kernel/rtnetlink/errno.ts";
import { LinuxTables } from "./linux-tables.ts";

/** The twin of the real kernel's port. What befalls it by other hands is done to its `tables`. */
export class MemoryKernel implements KernelPort {
  readonly tables: LinuxTables = new LinuxTables();
  /** Why it cannot be read; unset: it can. */
  unreadable: string | undefined = undefined;
  /** While set, events are not told, as if the socket's buffer had overrun; unset, the loss is told. */
  #deaf = false;
  /** Calls that are lost with the process that writes: none of their changes is made. */
  lostCalls = 0;
  /** While set, all is told of a kernel that is read, but not that it is all. */
  holdsReadings = false;
  readonly #held: (() => void)[] = [];
  #onEvent: (event: KernelEvent) => void = () => undefined;

  constructor() {
    this.tables.onEvent = (event) => {
      if (!this.#deaf) queueMicrotask(() => this.#onEvent(event));
    };
  }

  /** Misses events from now on, or again tells them: what was missed is lost. */
  setDeaf(deaf: boolean): void {
    if (this.#deaf && !deaf) queueMicrotask(() => this.#onEvent({ event: "lost", why: "overrun" }));
    this.#deaf = deaf;
  }

  apply(changes: KernelChanges<RouteList>, done: (failures: readonly KernelFailure[]) => void): void {
    queueMicrotask(() => {
      if (this.lostCalls > 0) {
        this.lostCalls--;
        this.#onEvent({ event: "lost", why: "it was ended by SIGKILL", changes: true });
        done([]);
      } else done(this.#applied(changes));
    });
  }

  #applied(changes: KernelChanges<RouteList>): KernelFailure[] {
    return CHANGES.flatMap((change) =>
      [...changes[change]].flatMap((route): KernelFailure[] => {
        const errno = this.tables.change(change, route);
        const isFine = errno === 0 || (change === "remove" && errno === ESRCH);
        return isFine ? [] : [{ change, route, errno, name: errnoName(errno), text: errnoText(errno) }];
      }));
  }

  dump(listener: DumpListener): void {
    const end = (): void => {
      if (this.holdsReadings) this.#held.push(end);
      else listener.end();
    };
    queueMicrotask(() => {
      if (this.unreadable !== undefined) return listener.end(this.unreadable);
      for (const link of this.tables.links.values()) listener.link(link);
      for (const address of this.tables.addresses) listener.address(address);
      for (const route of this.tables.routes) listener.route(route);
      end();
    });
  }

  /** Ends the readings that were held. */
  endReadings(): void {
    this.holdsReadings = false;
    for (const end of this.#held.splice(0)) end();
  }

  follow(listener: (event: KernelEvent) => void): void {
    this.#onEvent = listener;
  }

  stop(stopped: () => void): void {
    queueMicrotask(stopped);
  }
}
