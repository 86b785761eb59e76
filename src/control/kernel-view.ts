/** `show kernel`. */

import type { KernelView } from "../daemon/api.ts";
import { columns } from "./grid.ts";
import { sinceText } from "./since.ts";
import { printable } from "./terminal.ts";

/** What is programmed, then what is not: why, and how many. */
export function kernelText(view: KernelView, nowMilliseconds: number): string {
  if (!view.enabled) return `No kernel routes: ${view.why ?? "switched off"}\n`;
  const { table, protocol, readAt, restarts } = view;
  const read = readAt === null ? "not read yet" : `read ${sinceText(readAt, nowMilliseconds)}`;
  const again = restarts.write + restarts.follow;
  const head = `Table ${table}, protocol ${protocol}, ${read}`
    + `${again === 0 ? "" : `, processes started again ${again} times`}\n`;
  const trouble = view.why === null ? "" : `Trouble: ${printable(view.why, 500)}\n`;
  return [head + trouble, countsText(view), failuresText(view), overruledText(view), leftOutText(view)]
    .filter((part) => part !== "").join("\n");
}

function countsText({ routes, learned, repaired }: KernelView): string {
  const cells = { ...routes, learned, repaired };
  return columns(Object.keys(cells).map((name) => name.toUpperCase()), [Object.values(cells).map(String)]);
}

function failuresText({ failures }: KernelView): string {
  if (failures.length === 0) return "";
  return columns(["FAILED", "ERROR", "COUNT", "EXAMPLE"], failures.map(({ change, errno, text, count, example }) =>
    [change, printable(`${errno}: ${text}`, 200), String(count), printable(example, 200)]));
}

function overruledText({ overruled }: KernelView): string {
  if (overruled.length === 0) return "";
  return columns(["NOT USED BESIDE", "COUNT", "EXAMPLE"], overruled.map(({ protocol, count, example }) =>
    [`protocol ${protocol}`, String(count), printable(example, 200)]));
}

function leftOutText({ leftOut }: KernelView): string {
  if (leftOut.length === 0) return "";
  return columns(["LEFT OUT", "COUNT"], leftOut.map(({ reason, count }) => [printable(reason, 200), String(count)]));
}
