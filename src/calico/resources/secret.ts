/** Secret, for the passwords of sessions: calico.md 2.3. Rule: no fault says what a Secret holds. */

import type { CalicoSecret } from "./model.ts";
import type { Envelope } from "./envelope.ts";
import { qualifiedName } from "./raw.ts";

/** A Secret; what is no text in it is left out, and reported by its key. */
export function readSecret(envelope: Envelope): CalicoSecret {
  const { root } = envelope;
  const texts = new Map<string, string>();
  for (const [key, value] of root.textsByKey("data")) {
    const text = decoded(value);
    if (text === undefined) root.fault(`data.${key}`, "is no text in base64");
    else texts.set(key, text);
  }
  // What people write into files; the API server turns it into the other.
  for (const [key, value] of root.textsByKey("stringData")) texts.set(key, value);
  return { name: qualifiedName(envelope), texts };
}

/** The Secrets of a namespace by their names; one in a file may go without a namespace. */
export function secretsIn(
  namespace: string, secrets: ReadonlyMap<string, CalicoSecret>,
): ReadonlyMap<string, CalicoSecret> {
  const found = new Map<string, CalicoSecret>();
  for (const [name, secret] of secrets) {
    const bare = name.startsWith(`${namespace}/`) ? name.slice(namespace.length + 1) : name;
    if (bare.includes("/") || (bare === name && found.has(bare))) continue;
    found.set(bare, secret);
  }
  return found;
}

function decoded(base64: string): string | undefined {
  try {
    const octets = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(octets);
  } catch {
    // Any text may stand there, and any octets in it: not being base64 or a text is an answer.
    return undefined;
  }
}
