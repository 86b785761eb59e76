/** A speaker over real loopback sockets, for tests: everything that was opened is closed by `close`. */

import { systemClock, systemRandom, systemScheduler } from "../../src/daemon/system-clock.ts";
import { Acceptor } from "../../src/transport/acceptor.ts";
import type { Refusal } from "../../src/transport/acceptor.ts";
import { dialer } from "../../src/transport/dialer.ts";
import { listen } from "../../src/transport/listener.ts";
import type { Listener } from "../../src/transport/listener.ts";
import { PeerSession } from "../../src/transport/peer-session.ts";
import type { SessionLogEvent, SessionParameters } from "../../src/transport/ports.ts";
import { RecordingOwner } from "../sim/virtual-speaker.ts";

/** A host on a loopback address with a free port. */
export class LoopbackSpeaker {
  readonly address: string;
  readonly acceptor: Acceptor;
  readonly refusals: Refusal[] = [];
  readonly events: SessionLogEvent[] = [];
  readonly sessions: PeerSession[] = [];
  readonly #listener: Listener;

  constructor(address: string, listener: Listener, acceptor: Acceptor, refusals: Refusal[]) {
    this.address = address;
    this.#listener = listener;
    this.acceptor = acceptor;
    this.refusals = refusals;
  }

  static async open(address: string, port = 0): Promise<LoopbackSpeaker> {
    const world = { clock: systemClock, scheduler: systemScheduler };
    const refusals: Refusal[] = [];
    const acceptor = new Acceptor({ ...world, onRefused: (reason) => { refusals.push(reason); } });
    const listener = await listen({ address, port }, {
      ...world, onConnection: (connection) => acceptor.offer(connection), onTrouble: () => undefined,
    });
    if ("why" in listener) throw new Error(listener.why);
    return new LoopbackSpeaker(address, listener, acceptor, refusals);
  }

  get port(): number {
    return this.#listener.port;
  }

  /** A session that dials from this speaker's address. */
  peer(parameters: SessionParameters, owner: RecordingOwner = new RecordingOwner()): {
    session: PeerSession; owner: RecordingOwner;
  } {
    const session = new PeerSession({ localAddress: this.address, ...parameters }, owner, {
      clock: systemClock, random: systemRandom, scheduler: systemScheduler,
      connector: dialer(systemClock, systemScheduler), onEvent: (event) => { this.events.push(event); },
    });
    this.acceptor.add(session);
    this.sessions.push(session);
    return { session, owner };
  }

  async close(): Promise<void> {
    for (const session of this.sessions) session.stop();
    await this.#listener.close();
  }
}

/** Waits until something is true; fails after a bound that only a broken program reaches. */
export async function until(what: string, test: () => boolean): Promise<void> {
  const end = performance.now() + 15_000;
  while (!test()) {
    if (performance.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 2); });
  }
}
