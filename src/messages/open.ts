/**
 * OPEN (RFC 4271 §4.2) with capabilities (RFC 5492) and extended optional parameters (RFC 9072). Rule: whoever sends
 * it is not authenticated yet, so every length is checked, what is kept is bounded, and every cut is a fault.
 */

import { EMPTY, Reader, Writer } from "../base/bytes.ts";
import { Shared } from "../base/shared.ts";
import { AS_TRANS } from "./attributes/codes.ts";
import type { Capability } from "./capabilities.ts";
import { decodeCapability, encodeCapability, findCapability } from "./capabilities.ts";
import type { Fault } from "./fault.ts";
import { isFault, resetFault } from "./fault.ts";
import { badLength, finishMessage, HEADER_OCTETS, MESSAGE, startMessage } from "./header.ts";

/** What an OPEN says. */
export interface OpenMessage {
  readonly version: number;
  /** The real one: of the 4-octet AS capability where there is one, else the field. */
  readonly asNumber: number;
  /** The 16-bit My Autonomous System field. */
  readonly asField: number;
  readonly holdTimeSeconds: number;
  /** BGP Identifier, unsigned 32 bits. */
  readonly routerId: number;
  readonly capabilities: readonly Capability[];
}

/** More than any speaker sends; an OPEN of 4096 octets could hold 2000. */
const CAPABILITIES_MAX = 256;
/** Parameter type of RFC 5492 §4. */
const CAPABILITIES_PARAMETER = 2;
/** RFC 9072 §2: as the first parameter's type it says that lengths have two octets. */
const EXTENDED_PARAMETERS = 255;
/** Where the first parameter's type is, from the message's start. */
const FIRST_PARAMETER_AT = 29;

const SHARED = new Shared<readonly Capability[]>();

/** Reads a whole OPEN; faults 1/2, 2/0, 2/1 and 2/4. Whether we accept what it says is validateOpen's question. */
export function decodeOpen(message: Uint8Array): OpenMessage | Fault {
  if (message.length < FIRST_PARAMETER_AT) return badLength(message.length, "OPEN");
  const reader = new Reader(message, HEADER_OCTETS);
  const version = reader.u8();
  if (version !== 4) return resetFault(2, 1, Uint8Array.of(0, 4), `BGP version ${version}`);
  const asField = reader.u16();
  const holdTimeSeconds = reader.u16();
  const routerId = reader.u32();
  const found = decodeParameters(message, reader.u8());
  if (isFault(found)) return found;
  const capabilities = SHARED.of(found);
  const asNumber = findCapability(capabilities, "fourOctetAs")?.asNumber ?? asField;
  return { version, asNumber, asField, holdTimeSeconds, routerId, capabilities };
}

/** The Optional Parameters in either form; `length` is the 8-bit Opt Parm Len. */
function decodeParameters(message: Uint8Array, length: number): readonly Capability[] | Fault {
  const extended = length > 0 && message[FIRST_PARAMETER_AT] === EXTENDED_PARAMETERS;
  const reader = new Reader(message, FIRST_PARAMETER_AT + (extended ? 1 : 0));
  const said = extended ? reader.u16() : length; // RFC 9072 §2: then the 8-bit one says nothing more
  if (reader.short || said !== reader.left) return malformed(`optional parameters of ${said} octets do not fit`);
  const found: Capability[] = [];
  while (reader.left > 0) {
    const type = reader.u8();
    const value = reader.window(extended ? reader.u16() : reader.u8());
    if (reader.short) return malformed("an optional parameter is cut");
    if (type !== CAPABILITIES_PARAMETER) return resetFault(2, 4, EMPTY, `optional parameter ${type} is unknown`);
    const fault = decodeCapabilities(value, found);
    if (fault !== undefined) return fault;
  }
  return found;
}

/** The capabilities of one parameter, added to `found`. */
function decodeCapabilities(reader: Reader, found: Capability[]): Fault | undefined {
  while (reader.left > 0) {
    const code = reader.u8();
    const value = reader.view(reader.u8());
    if (reader.short) return malformed(`capability ${code} is cut`);
    const capability = decodeCapability(code, value);
    if (capability === undefined) return malformed(`capability ${code} is malformed`);
    if (found.length === CAPABILITIES_MAX) return malformed(`more than ${CAPABILITIES_MAX} capabilities`);
    found.push(capability);
  }
  return undefined;
}

function malformed(why: string): Fault {
  return resetFault(2, 0, EMPTY, why);
}

/**
 * Writes an OPEN: version 4, AS_TRANS in the field where the AS number does not fit (RFC 6793 §4.1), all capabilities
 * in one parameter, in the extended form (RFC 9072) only where 255 octets do not suffice.
 */
export function encodeOpen(open: Omit<OpenMessage, "asField" | "version">): Uint8Array {
  const capabilities = new Writer(128);
  for (const capability of open.capabilities) encodeCapability(capability, capabilities);
  const octets = capabilities.length;
  const writer = startMessage(MESSAGE.OPEN, 64 + octets).u8(4);
  writer.u16(open.asNumber > 0xffff ? AS_TRANS : open.asNumber).u16(open.holdTimeSeconds).u32(open.routerId);
  if (octets === 0) writer.u8(0);
  else if (octets + 2 <= 255) writer.u8(octets + 2).u8(CAPABILITIES_PARAMETER).u8(octets);
  else writer.u8(255).u8(EXTENDED_PARAMETERS).u16(octets + 3).u8(CAPABILITIES_PARAMETER).u16(octets);
  return finishMessage(writer.bytes(capabilities.view()));
}

export { AS_TRANS } from "./attributes/codes.ts";
export type { ExpectedOpen } from "./validate-open.ts";
export { validateOpen } from "./validate-open.ts";
