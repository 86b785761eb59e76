/** Prints a stream of routes at the pace of the reader, in constant memory whatever its length. */

import type { IncomingMessage } from "node:http";
import { printableJson } from "../base/printable.ts";
import type { RouteView } from "../daemon/api.ts";
import { EXIT } from "./cli-io.ts";
import type { OutputFormat } from "./cli-io.ts";
import { routeHeading, routeLine } from "./route-text.ts";
import { outputOf } from "./session.ts";
import type { Session } from "./session.ts";

/** Makes text of lines; remembers only what came just before. */
interface Printer {
  line(json: string): string;
  end(): string;
}

/** Prints the lines of the answer in the format asked for; stops reading when nobody reads us. */
export async function printRoutes(message: IncomingMessage, session: Session): Promise<number> {
  const printer = printerOf(outputOf(session));
  let rest = "";
  message.setEncoding("utf8");
  try {
    for await (const chunk of message as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      await session.out.write(lines.map((line) => printer.line(line)).join(""));
      if (session.out.broken) return EXIT.done; // leaving the loop ends the request
    }
    await session.out.write(printer.end());
    return EXIT.done;
  } catch (error) {
    const why = (error as Error).message;
    await session.err.write(`reflectd: ${session.command}: the daemon's answer broke off: ${why}\n`);
    return EXIT.failed;
  }
}

function printerOf(format: OutputFormat): Printer {
  switch (format) {
    case "jsonl": return { line: (json) => `${printableJson(json)}\n`, end: () => "" };
    case "json": return arrayPrinter();
    case "table": return tablePrinter(false);
    case "wide": return tablePrinter(true);
  }
}

function arrayPrinter(): Printer {
  let before = "[\n  ";
  return {
    line: (json) => {
      const text = before + printableJson(json);
      before = ",\n  ";
      return text;
    },
    end: () => (before.startsWith("[") ? "[]\n" : "\n]\n"),
  };
}

/** A new heading where the family changes: its columns are wider or narrower. */
function tablePrinter(wide: boolean): Printer {
  let family: RouteView["family"] | undefined;
  return {
    line: (json) => {
      const route = JSON.parse(json) as RouteView;
      if (route.family === family) return routeLine(route, wide);
      const gap = family === undefined ? "" : "\n";
      family = route.family;
      return gap + routeHeading(family, wide) + routeLine(route, wide);
    },
    end: () => (family === undefined ? "No routes found.\n" : ""),
  };
}
