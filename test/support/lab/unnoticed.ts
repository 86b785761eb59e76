/** What must stay in the tables of the others while something happens to one. */

import type { Lab } from "./lab.ts";
import type { Router } from "./router.ts";
import { staysFor } from "./waiting.ts";

/** What of these routes is missing in the tables of those routers, as "router prefix". */
export async function missing(routers: readonly Router[], prefixesFor: (router: Router) => string[]):
  Promise<string[]> {
  const found = await Promise.all(routers.map(async (router) => {
    const held = new Set((await router.routes()).map(({ prefix }) => prefix));
    return prefixesFor(router).filter((prefix) => !held.has(prefix)).map((prefix) => `${router.name} ${prefix}`);
  }));
  return found.flat();
}

/** Runs something while every table is read: nothing may be missing at any moment, and for a while after it. */
export async function unnoticed(lab: Lab, look: () => Promise<string[]>, run: () => Promise<void>, afterMs: number):
  Promise<void> {
  let over = false;
  const stays = (forMs: number): Promise<void> =>
    staysFor(lab, "no route withdrawn", look, (gone) => gone.length === 0, forMs);
  const watch = async (): Promise<void> => {
    while (!over) await stays(1);
  };
  const watching = watch();
  watching.catch(() => undefined); // said where it is awaited
  try {
    await run();
  } finally {
    over = true;
  }
  await watching;
  await stays(afterMs);
}
