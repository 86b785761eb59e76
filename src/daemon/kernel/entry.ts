/** What the ledger knows of a prefix. Rule: routes share their forms; one of its own is kept only where it differs. */

import type { KernelFailure } from "../../kernel/port.ts";
import { joins, metricInKernel, sameRoute } from "../../kernel/route.ts";
import type { KernelRoute, RouteForm } from "../../kernel/route.ts";
import type { Family } from "../../messages/families.ts";
import type { PrefixWords } from "./by-prefix.ts";

/** Of none. */
export const NONE: readonly RouteForm[] = [];

/** How it stands with a prefix. */
export type RouteState = "installed" | "pending" | "failed" | "stale" | "left out";

/** All that is known of a prefix: one object for each, so what routes have in common is in forms, which they share. */
export class Entry implements PrefixWords {
  readonly family: Family;
  readonly w0: number;
  readonly w1: number;
  readonly w2: number;
  readonly w3: number;
  readonly length: number;
  want: RouteForm | undefined = undefined;
  /** Why nothing is wanted although there is a best path. */
  leftOut: string | undefined = undefined;
  /** Ours in the kernel. */
  have: RouteForm | undefined = undefined;
  /** More of ours of other metrics: by somebody's hand, or while the metric changes. */
  others: readonly RouteForm[] = NONE;
  /** The kernel may have dropped `have` without a word; or of two of its key it removed one, and nobody knows which. */
  unsure = false;
  failure: KernelFailure | undefined = undefined;
  state: RouteState | undefined = undefined;
  /** Of the last reading that found it; negative: of the one during which it was changed, if there was one. */
  reading = 0;
  /** Steps in the round or on their way to the kernel: until they are over it is not forgotten, and not planned. */
  steps = 0;
  /** There may be something to do once they are over. */
  again = false;
  /** It is among those for which there may be something to do. */
  isDirty = false;

  constructor({ family, w0, w1, w2, w3, length }: PrefixWords) {
    this.family = family;
    this.w0 = w0 | 0; // a small integer, which is kept in its place
    this.w1 = w1 | 0;
    this.w2 = w2 | 0;
    this.w3 = w3 | 0;
    this.length = length;
  }
}

/** How it stands; undefined: there is nothing to say of it. */
export function stateOf(entry: Entry): RouteState | undefined {
  if (entry.failure !== undefined) return "failed";
  if (entry.want !== undefined) return isDone(entry) ? "installed" : "pending";
  if (entry.have !== undefined) return "stale";
  return entry.leftOut === undefined ? undefined : "left out";
}

/** Whether the kernel has what is wanted, and nothing else of ours. */
export function isDone(entry: Entry): boolean {
  const { want, have, others, unsure } = entry;
  if (want === undefined) return have === undefined;
  return !unsure && others.length === 0 && sameForm(entry, want, have);
}

/** As `sameRoute`, and of the same key. */
export function sameForm(entry: Entry, a: RouteForm | undefined, b: RouteForm | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && metricOf(entry, a) === metricOf(entry, b) && sameRoute(a, b);
}

/** The metric as the kernel has it. */
export function metricOf({ family }: Entry, { metric }: RouteForm): number {
  return metricInKernel({ family, metric });
}

/** Ours in the kernel. */
export function formsOf({ have, others }: Entry): readonly RouteForm[] {
  return have === undefined ? NONE : others.length === 0 ? [have] : [have, ...others];
}

function takeForm(entry: Entry, form: RouteForm): void {
  if (entry.have !== undefined) keepForms(entry, (one) => metricOf(entry, one) !== metricOf(entry, form));
  if (entry.have !== undefined) entry.others = [entry.have, ...entry.others];
  entry.have = form;
}

/** The kernel has that form, in the place of the first of its key. */
export function replaceForm(entry: Entry, form: RouteForm): void {
  const twins = entry.others.length === 0 ? NONE
    : formsOf(entry).filter((one) => metricOf(entry, one) === metricOf(entry, form)).slice(1);
  takeForm(entry, form);
  if (twins.length > 0) entry.others = [...entry.others, ...twins];
}

/** The kernel has that form beside what it has of its key, or joined to it. */
export function addForm(entry: Entry, form: RouteForm): void {
  const ofKey = formsOf(entry).filter((one) => metricOf(entry, one) === metricOf(entry, form));
  const isOne = ofKey.some((one) => joins({ family: entry.family, type: form.type }, one));
  if (ofKey.length === 0 || isOne) takeForm(entry, form);
  else if (!ofKey.some((one) => sameRoute(one, form))) entry.others = [...entry.others, form];
}

/** Another owner's route took the place of the first of its key. Whether there was one. */
export function displaceForm(entry: Entry, by: KernelRoute): boolean {
  const metric = metricInKernel(by);
  const first = formsOf(entry).find((one) => metricOf(entry, one) === metric);
  if (first !== undefined) keepForms(entry, (one) => one !== first);
  return first !== undefined;
}

/** The kernel lost that form: one that is the same, or of joined ways some (IPv6). Another of its key is none of it. */
export function loseForm(entry: Entry, form: RouteForm): void {
  if (entry.have === form && entry.others.length === 0) {
    entry.have = undefined; // as a table goes: nothing is allocated
    return;
  }
  const forms = formsOf(entry);
  const lost = forms.find((one) => sameForm(entry, one, form)) ?? forms.find((one) =>
    metricOf(entry, one) === metricOf(entry, form) && joins({ family: entry.family, type: form.type }, one));
  if (lost !== undefined) keepForms(entry, (one) => one !== lost);
}

function keepForms(entry: Entry, isKept: (form: RouteForm) => boolean): void {
  const [have, ...others] = formsOf(entry).filter(isKept);
  entry.have = have;
  entry.others = others.length === 0 ? NONE : others;
}
