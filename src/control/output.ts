/** A stream that is written to at the pace of its reader, and whose reader may leave (EPIPE). */

/** Standard output or standard error of a command. */
export class Output {
  readonly #stream: NodeJS.WritableStream;
  #failure: NodeJS.ErrnoException | undefined;

  constructor(stream: NodeJS.WritableStream) {
    this.#stream = stream;
    // Stays for the life of the process: EPIPE may arrive after the last write.
    stream.on("error", (error: NodeJS.ErrnoException) => { this.#failure ??= error; });
  }

  /** Whether nobody reads any more. */
  get broken(): boolean {
    return this.#failure !== undefined;
  }

  /** Why writing failed where that is the user's problem, such as a full disk; a closed pipe is not. */
  get failure(): string | undefined {
    const code = this.#failure?.code;
    return code === "EPIPE" || code === "ERR_STREAM_DESTROYED" ? undefined : this.#failure?.message;
  }

  /** Resolves when more may be written, or when the stream is broken. */
  async write(text: string): Promise<void> {
    if (this.broken || text === "" || this.#stream.write(text)) return;
    await this.#settled((settle) => this.#stream.once("drain", settle), "drain");
  }

  /** Resolves when everything written has left the process, or cannot. */
  async flush(): Promise<void> {
    if (this.broken) return;
    await this.#settled((settle) => this.#stream.write("", settle), undefined);
  }

  #settled(wait: (settle: () => void) => void, event: string | undefined): Promise<void> {
    return new Promise((resolve) => {
      const settle = (): void => {
        this.#stream.off("error", settle).off("close", settle);
        if (event !== undefined) this.#stream.off(event, settle);
        resolve();
      };
      this.#stream.on("error", settle).on("close", settle);
      wait(settle);
    });
  }
}
