/** A proxy before etcd's gateway that counts, delays, refuses and cuts. */

import { createServer, request as httpRequest } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** The proxy. */
export class GatewayProxy {
  /** Paths of the requests so far. */
  readonly requests: string[] = [];
  /** Awaited before a request is passed on. */
  before: (path: string) => Promise<void> | void = () => undefined;
  /** Octets of each watch's answer after which its connection is cut. */
  cutWatchAfter: number = Infinity;
  /** Closes every new connection without an answer. */
  isRefusing = false;
  readonly #port: number;
  readonly #server: Server;

  /** In front of this port. */
  static async start(port: number): Promise<GatewayProxy> {
    const proxy = new GatewayProxy(port);
    await new Promise<void>((resolve) => { proxy.#server.listen(0, "127.0.0.1", resolve); });
    return proxy;
  }

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((request, response) => {
      const pieces: Buffer[] = [];
      // Cuts are the point here: neither side's errors are anybody's fault.
      request.on("error", () => {});
      response.on("error", () => {});
      request.on("data", (piece: Buffer) => { pieces.push(piece); });
      request.on("end", () => void this.#pass(request, response, Buffer.concat(pieces)));
    });
  }

  get url(): string { return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`; }

  count(path: string): number {
    return this.requests.filter((each) => each === path).length;
  }

  /** Cuts all connections. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => { this.#server.close(resolve); });
    this.cut();
    await closed;
  }

  async #pass(request: IncomingMessage, response: ServerResponse, body: Buffer): Promise<void> {
    const path = request.url ?? "";
    this.requests.push(path);
    if (this.isRefusing) {
      request.socket.destroy();
      return;
    }
    await this.before(path);
    if (response.destroyed) return;
    const onward = httpRequest({ host: "127.0.0.1", port: this.#port, path, method: "POST", headers: request.headers,
      agent: false });
    onward.on("error", () => response.destroy());
    onward.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      let left = path === "/v3/watch" ? this.cutWatchAfter : Infinity;
      answer.on("data", (piece: Buffer) => {
        const part = piece.subarray(0, Math.min(left, piece.length));
        left -= part.length;
        if (left > 0) response.write(part);
        else if (part.length > 0) response.write(part, () => response.destroy());
        else response.destroy();
      });
      answer.on("end", () => response.end());
      answer.on("error", () => response.destroy());
    });
    response.on("close", () => onward.destroy());
    onward.end(body);
  }
}
