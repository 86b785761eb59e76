/** A host with an acceptor and sessions, whose owner of routes writes down what it hears. */

import { encodeUpdate } from "../../src/messages/update.ts";
import type { Fault } from "../../src/messages/fault.ts";
import { Acceptor } from "../../src/transport/acceptor.ts";
import { PeerSession } from "../../src/transport/peer-session.ts";
import type {
  SessionEnd, SessionEnvironment, SessionFacts, SessionLogEvent, SessionOwner, SessionParameters,
} from "../../src/transport/ports.ts";
import type { RouteRefresh } from "../../src/messages/route-refresh.ts";
import type { VirtualHost } from "./virtual-clock.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

/** Parameters of an iBGP session that dials, with what a test wants different. */
export function sessionParameters(
  changes: Partial<SessionParameters> & Pick<SessionParameters, "address" | "routerId">,
): SessionParameters {
  return {
    name: changes.address, port: 179, passive: false, asNumber: 64512, localAsNumber: 64512, holdTimeSeconds: 90,
    connectRetrySeconds: 5, idleHoldSeconds: [5, 30], families: ["ipv4-unicast"],
    capabilities: [
      { name: "multiprotocol", afi: 1, safi: 1 }, { name: "routeRefresh" },
      { name: "fourOctetAs", asNumber: changes.localAsNumber ?? 64512 },
    ],
    ...changes,
  };
}

/** An owner of routes that remembers, and sends what `queue` holds. */
export class RecordingOwner implements SessionOwner {
  facts: SessionFacts | undefined;
  readonly ups: SessionFacts[] = [];
  readonly downs: SessionEnd[] = [];
  readonly refreshes: RouteRefresh[] = [];
  updates = 0;
  sentOctets = 0;
  readonly queue: Uint8Array[] = [];
  answer: (message: Uint8Array) => Fault | undefined = () => undefined;

  up(facts: SessionFacts): void {
    if (this.facts !== undefined) throw new Error("up twice");
    this.facts = facts;
    this.ups.push(facts);
  }

  update(message: Uint8Array): Fault | undefined {
    if (this.facts === undefined) throw new Error("an UPDATE outside Established");
    this.updates++;
    return this.answer(message);
  }

  routeRefresh(request: RouteRefresh): void {
    this.refreshes.push(request);
  }

  down(reason: SessionEnd): void {
    if (this.facts === undefined) throw new Error("down without up");
    this.facts = undefined;
    this.downs.push(reason);
  }

  pull(): Uint8Array | undefined {
    if (this.facts === undefined) throw new Error("pulled outside Established");
    return this.queue.shift();
  }

  sent(octets: number): void {
    this.sentOctets += octets;
  }
}

/** A host that speaks BGP on port 179. */
export class VirtualSpeaker {
  readonly host: VirtualHost;
  readonly acceptor: Acceptor;
  readonly events: SessionLogEvent[] = [];
  readonly #network: VirtualNetwork;

  constructor(network: VirtualNetwork, address: string, port = 179) {
    this.#network = network;
    this.host = network.host(address);
    this.acceptor = new Acceptor({ clock: network.clock, scheduler: this.host, onRefused: () => undefined });
    network.listen(this.host, port, (connection) => this.acceptor.offer(connection));
  }

  /** What its sessions need. */
  environment(): SessionEnvironment {
    const { clock } = this.#network;
    return {
      clock, random: clock.random, scheduler: this.host, connector: this.#network.connector(this.host),
      onEvent: (event) => { this.events.push(event); },
    };
  }

  /** A session of its own, known to its acceptor. */
  peer(parameters: SessionParameters): { session: PeerSession; owner: RecordingOwner } {
    const owner = new RecordingOwner();
    const session = new PeerSession(parameters, owner, this.environment());
    this.acceptor.add(session);
    return { session, owner };
  }
}

/** The smallest UPDATE: an End-of-RIB of IPv4 unicast. */
export const SMALL_UPDATE: Uint8Array = encodeUpdate({ family: "ipv4-unicast" });
