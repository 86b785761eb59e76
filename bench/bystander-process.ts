/** The process of a bystander. Rule: it does nothing but what it is told, and ends with whoever started it. */

import type { Asked } from "./bystander.ts";
import { ask } from "./daemons/process.ts";

async function asked(words: readonly string[]): Promise<Asked> {
  try {
    return { milliseconds: (await ask(words)).milliseconds };
  } catch (error) { // told to whoever wants to know
    return { failed: (error as Error).message };
  }
}

process.once("disconnect", () => process.exit());
process.on("message", (words: readonly string[]) => void asked(words).then((what) => process.send!(what)));
process.send!("ready");
