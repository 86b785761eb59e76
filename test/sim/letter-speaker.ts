/**
 * A speaker that follows RFC 4271 §6.8 to the letter, as BIRD does: it answers every OPEN by a KEEPALIVE at once and
 * judges a collision only against a connection in OpenConfirm or Established. Written apart from src/fsm.
 */

import type { Capability } from "../../src/messages/capabilities.ts";
import { isFault } from "../../src/messages/fault.ts";
import { Framer } from "../../src/messages/framer.ts";
import { KEEPALIVE } from "../../src/messages/keepalive.ts";
import { encodeNotification } from "../../src/messages/notification.ts";
import { decodeOpen, encodeOpen } from "../../src/messages/open.ts";
import type { Connection } from "../../src/transport/ports.ts";
import type { VirtualHost } from "./virtual-clock.ts";
import type { VirtualNetwork } from "./virtual-network.ts";

type LetterState = "connect" | "openSent" | "openConfirm" | "established" | "closed";
interface Conn {
  readonly incoming: boolean;
  state: LetterState;
  connection: Connection | undefined;
  cancel?: () => void;
}

/** One neighbour as BIRD would play it. */
export class LetterSpeaker {
  readonly host: VirtualHost;
  /** How often a session came up. */
  ups = 0;
  readonly #network: VirtualNetwork;
  readonly #routerId: number;
  readonly #capabilities: readonly Capability[];
  readonly #remote: string;
  readonly #conns: Conn[] = [];
  #started = false;

  constructor(
    network: VirtualNetwork, address: string, remote: string, routerId: number, more: readonly Capability[] = [],
  ) {
    this.#network = network;
    this.#routerId = routerId;
    this.#capabilities = [{ name: "multiprotocol", afi: 1, safi: 1 }, ...more];
    this.#remote = remote;
    this.host = network.host(address);
    network.listen(this.host, 179, (connection) => this.#accept(connection));
  }

  get established(): Connection | undefined {
    return this.#conns.find(({ state }) => state === "established")?.connection;
  }

  start(): void {
    this.#started = true;
    this.#dial();
  }

  #dial(): void {
    const decided = ({ state }: Conn): boolean => state === "openConfirm" || state === "established";
    if (this.#conns.some((conn) => !conn.incoming || decided(conn))) return;
    const conn: Conn = { incoming: false, state: "connect", connection: undefined };
    this.#conns.push(conn);
    conn.cancel = this.#network.connector(this.host).connect({ address: this.#remote, port: 179 }, {
      connected: (connection) => this.#opened(conn, connection),
      failed: () => this.#close(conn),
    });
  }

  #accept(connection: Connection): void {
    if (!this.#started || this.#conns.some(({ incoming }) => incoming)) return connection.destroy();
    const conn: Conn = { incoming: true, state: "connect", connection: undefined };
    this.#conns.push(conn);
    this.#opened(conn, connection);
  }

  #opened(conn: Conn, connection: Connection): void {
    conn.connection = connection;
    conn.state = "openSent";
    connection.write(encodeOpen({
      asNumber: 64512, holdTimeSeconds: 90, routerId: this.#routerId, capabilities: this.#capabilities,
    }));
    const framer = new Framer();
    connection.attach({
      data: (chunk) => {
        framer.push(chunk);
        for (let m = framer.next(); m !== undefined && conn.state !== "closed"; m = framer.next()) {
          if (isFault(m)) return this.#close(conn);
          this.#message(conn, m);
        }
      },
      closed: () => this.#close(conn),
    });
  }

  #message(conn: Conn, message: Uint8Array): void {
    const type = message[18];
    if (type === 3) return this.#close(conn);
    if (type === 4 && conn.state === "openConfirm") {
      conn.state = "established";
      this.ups++;
      this.#keepalive(conn);
    }
    if (type === 1 && conn.state === "openSent") this.#open(conn, message);
  }

  #open(conn: Conn, message: Uint8Array): void {
    const open = decodeOpen(message);
    if (isFault(open)) return this.#close(conn, true);
    for (const other of [...this.#conns]) {
      if (other === conn) continue;
      if (other.state === "connect") this.#close(other);
      if (other.state === "established") return this.#close(conn, true);
      if (other.state !== "openConfirm") continue;
      const keepThis = (this.#routerId < open.routerId) === conn.incoming;
      if (!keepThis) return this.#close(conn, true);
      this.#close(other, true);
    }
    conn.state = "openConfirm";
    conn.connection?.write(KEEPALIVE);
  }

  #keepalive(conn: Conn): void {
    this.#network.clock.schedule(this.#network.clock.now() + 25_000, 0, this.host, () => {
      if (conn.state !== "established") return;
      conn.connection?.write(KEEPALIVE);
      this.#keepalive(conn);
    });
  }

  #close(conn: Conn, collision = false): void {
    if (conn.state === "closed") return;
    conn.state = "closed";
    this.#conns.splice(this.#conns.indexOf(conn), 1);
    conn.cancel?.();
    if (collision) conn.connection?.write(encodeNotification({ code: 6, subcode: 7 }));
    if (collision) conn.connection?.end();
    else conn.connection?.destroy();
    const retry = 4_000 + 1_000 * this.#network.clock.random();
    this.#network.clock.schedule(this.#network.clock.now() + retry, 0, this.host, () => this.#dial());
  }
}
