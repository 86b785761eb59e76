/** PEER arguments: an address, or `address:port` (`[v6]:port`); names are looked up before. */

import { parseAddress } from "../base/address.ts";
import { sameBytes } from "../base/bytes.ts";

/** An address that somebody typed. */
export interface PeerSelector {
  readonly address: string;
  /** Undefined: any. */
  readonly port: number | undefined;
}

/** Takes the port off. */
export function parseSelector(text: string): PeerSelector {
  const bracketed = /^\[(.+)\](?::(\d{1,5}))?$/.exec(text);
  const found = bracketed ?? /^([^:]+):(\d{1,5})$/.exec(text);
  if (found === null) return { address: text, port: undefined };
  return { address: found[1]!, port: found[2] === undefined ? undefined : Number(found[2]) };
}

/** Whether a neighbour is meant; addresses may be written in any way. */
export function selects({ address, port }: PeerSelector, peer: { readonly address: string; readonly port: number }):
  boolean {
  return (port === undefined || peer.port === port) && isSameAddress(peer.address, address);
}

function isSameAddress(a: string, b: string): boolean {
  if (a === b) return true;
  const [bytes, other] = [parseAddress(a), parseAddress(b)];
  return bytes !== undefined && other !== undefined && sameBytes(bytes, other);
}
