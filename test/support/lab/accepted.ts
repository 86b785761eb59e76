/**
 * Mistakes of the dissector, each listed by the bytes it is made on. Rule: an entry must read the message itself and
 * find it well-formed; "tshark is wrong here" is never believed without that.
 */

/** A mistake: what tshark says, on which messages, and why it is wrong. */
export interface Accepted {
  readonly said: RegExp;
  /** Looks at one whole message. */
  readonly excuses: (message: Uint8Array) => boolean;
  readonly reason: string;
}

/** Where tshark 4.0.17 is known to be wrong. */
export const ACCEPTED: readonly Accepted[] = [{
  said: /Malformed/,
  excuses: (message) => (nlriBlocks(message) ?? []).some((block) => {
    const lengths = prefixLengths(block);
    return lengths.length > 1 && lengths.includes(0);
  }),
  reason: "a default route (one octet 00) beside other prefixes is taken for a part of an ADD-PATH path identifier: "
    + "detect_add_path_prefix46 guesses from what the octets would also spell",
}, {
  said: /^Length is invalid \d+$/,
  excuses: (message) => message.length > 4096 && nlriBlocks(message) !== undefined,
  reason: "it knows no extended messages (RFC 8654) and stops at their length; a receiver that did not offer them "
    + "ends the session, which the suites would see",
}];

/** The withdrawn routes, the NLRI, and those of attributes 14 and 15 of an UPDATE; undefined for anything unsound. */
function nlriBlocks(message: Uint8Array): Uint8Array[] | undefined {
  const u16 = (at: number): number => (message[at]! << 8) | message[at + 1]!;
  if (message.length < 23 || u16(16) !== message.length || message[18] !== 2) return undefined;
  const attributesAt = 23 + u16(19);
  const nlriAt = attributesAt + u16(attributesAt - 2);
  if (!(nlriAt <= message.length)) return undefined;
  const blocks = [message.subarray(21, attributesAt - 2), message.subarray(nlriAt)];
  for (let at = attributesAt; at < nlriAt;) {
    const extended = (message[at]! & 0x10) !== 0;
    const value = at + (extended ? 4 : 3);
    const end = value + (extended ? u16(at + 2) : message[at + 2]!);
    if (!(end <= nlriAt)) return undefined;
    // AFI, SAFI, next hop with its length, one reserved octet (RFC 4760 §3); AFI and SAFI (§4).
    if (message[at + 1] === 14) blocks.push(message.subarray(value + 5 + message[value + 3]!, end));
    if (message[at + 1] === 15) blocks.push(message.subarray(value + 3, end));
    at = end;
  }
  return blocks;
}

/** The lengths of a block's prefixes, which have no path identifiers; none when it is not sound to its last octet. */
function prefixLengths(block: Uint8Array): number[] {
  const lengths: number[] = [];
  let at = 0;
  for (; at < block.length && block[at]! <= 128; at += 1 + Math.ceil(block[at]! / 8)) lengths.push(block[at]!);
  return at === block.length ? lengths : [];
}
