/** Fields in the host's byte order (see constants.ts), and attributes. Rule: the caller has checked the room. */

/** The unsigned 16-bit field at `at`. */
export function hostU16(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8);
}

/** The unsigned 32-bit field at `at`. */
export function hostU32(octets: Uint8Array, at: number): number {
  return hostI32(octets, at) >>> 0;
}

/** The signed 32-bit field at `at`. */
export function hostI32(octets: Uint8Array, at: number): number {
  return octets[at]! | (octets[at + 1]! << 8) | (octets[at + 2]! << 16) | (octets[at + 3]! << 24);
}

/** Writes an unsigned 16-bit field at `at`. */
export function putHostU16(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
}

/** Writes a 32-bit field at `at`. */
export function putHostU32(octets: Uint8Array, at: number, value: number): void {
  octets[at] = value;
  octets[at + 1] = value >>> 8;
  octets[at + 2] = value >>> 16;
  octets[at + 3] = value >>> 24;
}

/** Where the next of four-octet aligned things starts. */
export function aligned(at: number): number {
  return (at + 3) & ~3;
}

/** An attribute's type without the two flags above it, and where its value lies. */
export interface Attribute {
  readonly type: number;
  readonly from: number;
  readonly to: number;
}

/** The attributes in [at, end), in order; undefined: a length leaves it. */
export function attributesIn(octets: Uint8Array, at: number, end: number): readonly Attribute[] | undefined {
  const found: Attribute[] = [];
  for (let next = at; next < end;) {
    if (end - next < 4) return undefined;
    const length = hostU16(octets, next);
    if (length < 4 || length > end - next) return undefined;
    found.push({ type: hostU16(octets, next + 2) & 0x3fff, from: next + 4, to: next + length });
    next += aligned(length);
  }
  return found;
}
