/** The members of one mapping. Rule: a key is a text on one line, as it is written, and is given once. */

import { quoted } from "../../config/fault.ts";
import type { JsonMember, JsonNode } from "../../config/json.ts";
import type { Cursor } from "./cursor.ts";

/** A key and where it starts. */
export interface Key {
  readonly name: string;
  readonly offset: number;
}

/** The members of one mapping while it is read. */
export class Members {
  readonly #cursor: Cursor;
  readonly #list: JsonMember[] = [];
  readonly #names = new Set<string>();

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
  }

  /** In the order of the text. */
  get list(): readonly JsonMember[] {
    return this.#list;
  }

  /** A node that was read, as a key; the cursor is right behind it. */
  key(node: JsonNode | undefined): Key | undefined {
    if (node === undefined) return undefined;
    const c = this.#cursor;
    const { offset } = node;
    if (node.type === "object" || node.type === "array") {
      return c.fail("a key that is no text", 'write "key: value"', offset);
    }
    const written = c.text.slice(offset, c.at);
    if (written.includes("\n")) {
      return c.fail("a key of several lines", 'write "key: value" on one line, with the space; check the indentation',
        offset);
    }
    const name = node.type === "string" ? node.value : node.text;
    if (written === "<<") return c.fail("a merge key, which is not read here", "write its keys out", offset);
    return { name, offset };
  }

  /** Reads the value of a key; a key that was there is noted, and the first one counts. */
  add(key: Key, read: () => JsonNode | undefined): true | undefined {
    const { name, offset: nameOffset } = key;
    const value = this.#cursor.under(name, read);
    if (value === undefined) return undefined;
    if (this.#names.has(name)) {
      this.#cursor.fail(`the key ${quoted(name)} is given twice`, "keep one of the two", nameOffset);
    } else this.#list.push({ name, nameOffset, value });
    this.#names.add(name);
    return true;
  }
}
