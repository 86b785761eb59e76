/** The routes of the kernel benchmark, by their number: blocks of a Calico node, by one of two gateways. */

/** So many /26 are in 10.0.0.0/8. */
export const ROUTES_MAX = 262_144;
const FIRST = 0x0a00_0000;
const BLOCK_ADDRESSES = 64;
/** Of each prefix. */
export const BLOCK_LENGTH = 26;

/** The interface of every route, and its address. */
export const INTERFACE = { name: "e0", address: "192.0.2.1/24" } as const;
/** Where routes lead; a replacement takes them from the first to the second. */
export const GATEWAYS: readonly [first: string, second: string] = ["192.0.2.2", "192.0.2.3"];

/** The address of a prefix as an unsigned number. */
export function addressOf(index: number): number {
  return FIRST + index * BLOCK_ADDRESSES;
}

/** "10.0.0.64/26". */
export function prefixText(index: number): string {
  const address = addressOf(index);
  return `${[24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".")}/${BLOCK_LENGTH}`;
}

/** A line for each of the first `count` routes. */
export function routeLines(count: number, line: (prefix: string) => string): string {
  let text = "";
  for (let index = 0; index < count; index++) text += `${line(prefixText(index))}\n`;
  return text;
}
