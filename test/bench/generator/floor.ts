/** The floor in the process of a test, on a free port of the loopback interface. */

import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { Copier } from "../../../bench/floor/copier.ts";
import type { NlriForm } from "../../../bench/floor/withdrawals.ts";
import type { Place } from "../../../bench/place.ts";

/** An open floor and its connections. */
export interface TestFloor {
  readonly place: Place;
  readonly server: Server;
  readonly sockets: readonly Socket[];
  /** Closes the port and destroys the connections. */
  close(): Promise<void>;
}

/** A floor whose clients have addresses from `firstClient` on; `seen`: a connection as it is to see it. */
export async function openFloor(firstClient: number, form: NlriForm, seen: (socket: Socket) => Duplex = (is) => is):
Promise<TestFloor> {
  const copier = new Copier(form);
  const sockets: Socket[] = [];
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.push(socket);
    copier.accept(seen(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    server, sockets,
    place: { namespace: undefined, daemonAddress: "127.0.0.1", port, firstClient, clientRange: "127.0.0.0/8",
      ipv6Transport: false },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
