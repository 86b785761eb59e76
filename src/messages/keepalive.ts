/** KEEPALIVE (RFC 4271 §4.4): a header and nothing else. */

import { finishMessage, MESSAGE, startMessage } from "./header.ts";

/** The nineteen octets of every KEEPALIVE; never modified. */
export const KEEPALIVE: Uint8Array = finishMessage(startMessage(MESSAGE.KEEPALIVE, 19));
