/** A client of a BIRD socket that says what a test wants and keeps what it hears. */

import { connect } from "node:net";
import type { Socket } from "node:net";

/** One session. */
export class BirdClient {
  /** Everything that was heard. */
  text = "";
  /** Resolves when the server has closed. */
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #heard: () => void = () => undefined;

  constructor(path: string) {
    this.#socket = connect(path);
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => {
      this.text += text;
      this.#heard();
    });
    this.#socket.on("error", () => undefined); // "close" follows
    this.closed = new Promise((resolve) => {
      this.#socket.on("close", () => {
        resolve();
        this.#heard();
      });
    });
  }

  send(text: string): void { this.#socket.write(text); }
  /** Ends our side; the answer may still come. */
  end(text: string = ""): void { this.#socket.end(text); }
  destroy(): void { this.#socket.destroy(); }
  pause(): void { this.#socket.pause(); }

  /** Everything heard so far, once it fits. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.text)) {
      if (this.#socket.closed) throw new Error(`closed after ${JSON.stringify(this.text)}`);
      await new Promise<void>((resolve) => { this.#heard = resolve; });
    }
    return this.text;
  }
}

/** The octets with which a server answers one command; a greeting before and a status after mark its ends. */
export async function rawReply(path: string, command: string): Promise<string> {
  const client = new BirdClient(path);
  const greeting = await client.until(/^0001 .*\n/);
  client.send(`${command}\nshow status\n`);
  const text = await client.until(/^1000-[^]*\n0013 .*\n$/m);
  client.destroy();
  return text.slice(greeting.length, text.lastIndexOf("1000-"));
}
