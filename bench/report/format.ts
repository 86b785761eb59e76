/** Figures for people: three digits that count, the unit that keeps them short. */

import type { DaemonName, Unit } from "../results.ts";

/** A step of a unit: values of at least `from` are shown divided by `per`. */
interface Step {
  readonly from: number;
  readonly per: number;
  readonly unit: string;
}

const STEPS: Readonly<Record<Unit, readonly Step[]>> = {
  ms: [{ from: 1_000, per: 1_000, unit: "s" }, { from: 0, per: 1, unit: "ms" }],
  MiB: [{ from: 1_024, per: 1_024, unit: "GiB" }, { from: 0, per: 1, unit: "MiB" }],
  KiB: [{ from: 1_024, per: 1_024, unit: "MiB" }, { from: 0, per: 1, unit: "KiB" }],
  octets: [{ from: 0, per: 1, unit: "octets" }],
};

/** "790 ms", "48.7 s", "1.42 GiB". */
export function formatFigure(value: number, unit: Unit): string {
  return withUnit(value, unit, threeDigits);
}

/** A figure that somebody set rather than measured, as it is: "5 s", "50 ms", "110 MiB". */
export function formatRound(value: number, unit: Unit): string {
  return withUnit(value, unit, (digits) => String(Number(digits.toPrecision(3))));
}

function withUnit(value: number, unit: Unit, write: (digits: number) => string): string {
  const steps = STEPS[unit];
  const step = steps.find(({ from }) => Math.abs(value) >= from) ?? steps.at(-1)!;
  return `${write(value / step.per)} ${step.unit}`;
}

/** "1.40×", "12.3×", "870×". */
export function formatRatio(ratio: number): string {
  return `${threeDigits(ratio)}×`;
}

/** A ratio that somebody set rather than measured: "6×", "1.5×". */
export function formatDemand(ratio: number): string {
  return `${ratio}×`;
}

/** "64 %". */
export function formatShare(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** "100,000". */
export function formatCount(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** Three digits that count, but never fewer than those before the point. */
function threeDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 99.95) return formatCount(value);
  if (size >= 9.995) return value.toFixed(1);
  return size === 0 ? "0" : value.toFixed(2);
}

const TITLES: Readonly<Record<DaemonName, string>> = {
  reflectd: "reflectd", floor: "floor", bird1: "BIRD 1.6", bird2: "BIRD 2", frr: "FRR", gobgp: "GoBGP",
  openbgpd: "OpenBGPD",
};

/** What a daemon is called in the report. */
export function daemonTitle(daemon: DaemonName): string {
  return TITLES[daemon];
}
