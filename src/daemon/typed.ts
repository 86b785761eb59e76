/** What users type into queries. Rule: the answer to a mistake says what was meant, or how to write it. */

import { parsePrefix } from "../base/prefix.ts";
import type { Prefix } from "../base/prefix.ts";
import { WELL_KNOWN_COMMUNITIES, withoutHostBits } from "../config/scalars.ts";
import type { Refusal } from "./api.ts";

/** A prefix; an address alone is the one of its full length. */
export function typedPrefix(text: string): Prefix | Refusal {
  const found = parsePrefix(text);
  if (found !== undefined) return found;
  const meant = withoutHostBits(text);
  if (meant === undefined) return invalid(`"${text}" is no prefix (write it like 10.0.0.0/26 or 2001:db8::/64)`);
  return invalid(`"${text}" has bits set past its length (did you mean ${meant}?)`);
}

/** The numbers of a community (two, RFC 1997) or large community (three, RFC 8092), or of a well-known name. */
export function typedCommunity(text: string): readonly number[] | Refusal {
  const known = WELL_KNOWN_COMMUNITIES.get(text);
  if (known !== undefined) return [known >>> 16, known & 0xffff];
  const parts = text.split(":");
  const most = parts.length === 2 ? 0xffff : 0xffffffff;
  const good = (parts.length === 2 || parts.length === 3)
    && parts.every((part) => /^[0-9]{1,10}$/.test(part) && Number(part) <= most);
  if (good) return parts.map(Number);
  return invalid(`"${text}" is no community (write it like 64512:100, 64512:1:2 or no-export)`);
}

/** The one of several that a name or address means; why not where there is none or more. */
export function only<T extends object>(found: readonly T[], selector: string): T | Refusal {
  if (found.length > 1) return invalid(`"${selector}" names ${found.length} peers (give the address of one)`);
  return found[0] ?? noPeer(selector);
}

/** Nobody is called so. */
export function noPeer(selector: string): Refusal {
  return { refused: `no peer is called "${selector}"`, what: "not-found" };
}

/** A request that makes no sense: one line. */
export function invalid(why: string): Refusal {
  return { refused: why, what: "invalid" };
}
