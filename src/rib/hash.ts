/**
 * HalfSipHash-1-3 (32 bits) in 32-bit arithmetic. Rule: whatever a peer can choose is hashed with a key that it cannot
 * know, so that nobody can flood one bucket; cheaper mixes have collisions that hold for every key.
 */

/**
 * The key: two words, signed, as hashes are: V8 keeps such a number as it is in a field and an argument, and makes an
 * object of one that may be greater.
 */
export interface HashKey {
  readonly k0: number;
  readonly k1: number;
}

/** A key of a seed: any number; the fraction and the bits above 32 count as well. */
export function hashKey(seed: number): HashKey {
  const whole = Math.floor(seed);
  const k0 = Math.floor((seed - whole) * 0x1_0000_0000) ^ (whole >>> 0);
  const k1 = Math.floor(whole / 0x1_0000_0000) ^ Math.imul(whole ^ 0x9e37_79b9, 0x85eb_ca6b);
  return { k0: k0 | 0, k1: k1 | 0 };
}

/** The hash of bytes[at, end) followed by more[moreAt, moreEnd), signed. Each run is padded to words by itself. */
export function hashBytes(
  key: HashKey, bytes: Uint8Array, at: number, end: number, more: Uint8Array, moreAt: number, moreEnd: number,
): number {
  // Hot, once for each UPDATE: the state stays in four locals, so the round is written out for each use.
  let v0 = key.k0;
  let v1 = key.k1;
  let v2 = key.k0 ^ 0x6c79_6765;
  let v3 = key.k1 ^ 0x7465_6462;
  for (let part = 0; part < 2; part++) {
    const from = part === 0 ? bytes : more;
    const stop = part === 0 ? end : moreEnd;
    for (let i = part === 0 ? at : moreAt; i < stop; i += 4) {
      const m = i + 4 <= stop
        ? from[i]! | (from[i + 1]! << 8) | (from[i + 2]! << 16) | (from[i + 3]! << 24)
        : tailWord(from, i, stop);
      v3 ^= m;
      v0 = (v0 + v1) | 0; v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0; v0 = (v0 << 16) | (v0 >>> 16);
      v2 = (v2 + v3) | 0; v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
      v0 = (v0 + v3) | 0; v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
      v2 = (v2 + v1) | 0; v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2; v2 = (v2 << 16) | (v2 >>> 16);
      v0 ^= m;
    }
  }
  v2 ^= ((end - at) & 0xffff) | ((moreEnd - moreAt) << 16);
  for (let round = 0; round < 4; round++) {
    v0 = (v0 + v1) | 0; v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0; v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0; v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0; v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0; v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2; v2 = (v2 << 16) | (v2 >>> 16);
  }
  return v1 ^ v3;
}

/** The hash of two words, signed: an IPv4 prefix, or one half of an IPv6 prefix chained by `carry`. */
export function hashWords(key: HashKey, a: number, b: number, carry: number): number {
  let v0 = key.k0;
  let v1 = key.k1 ^ carry;
  let v2 = key.k0 ^ 0x6c79_6765;
  let v3 = key.k1 ^ 0x7465_6462;
  for (let step = 0; step < 5; step++) {
    const m = step === 0 ? a : step === 1 ? b : 0;
    v3 ^= m;
    v0 = (v0 + v1) | 0; v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0; v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0; v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0; v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0; v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2; v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= m;
    if (step === 1) v2 ^= 0xff;
  }
  return v1 ^ v3;
}

function tailWord(from: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = end - 1; i >= at; i--) word = (word << 8) | from[i]!;
  return word;
}
