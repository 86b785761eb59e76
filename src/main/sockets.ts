/** Which sockets this process can have: by its own calls, by those that were handed over, or plain ones. */

import type { Log } from "../daemon/log.ts";
import { inheritedDescriptors, InheritedListeners } from "../transport/inherited.ts";
import { openLibc } from "../transport/libc.ts";
import { LibcProvider } from "../transport/libc-provider.ts";
import { nodeNetProvider } from "../transport/provider.ts";
import type { SocketProvider } from "../transport/provider.ts";
import { vouchedBy, VOUCHED, VouchedProvider } from "../transport/vouched-provider.ts";

/** What sockets are opened with. */
export interface Sockets {
  readonly provider: SocketProvider;
  readonly inherited: InheritedListeners;
}

/** Opens what was handed over and finds who can set options; one line where the environment contradicts itself. */
export async function openSockets(
  { env, pid, platform }: Pick<NodeJS.Process, "env" | "pid" | "platform">, log: Log,
): Promise<Sockets | { readonly refused: string }> {
  const vouched = vouchedBy(env);
  if (typeof vouched === "string") return { refused: vouched };
  const { inherited, faults } = await InheritedListeners.open(inheritedDescriptors(env, pid));
  for (const why of faults) log.write("warn", "listener", { why });
  const there = inherited.addresses.map(({ address, port }) => `${address} port ${port}`).join(", ");
  if (there !== "") log.write("info", "inherited", { listening: there });
  if (vouched !== undefined && there === "") {
    await inherited.close();
    return { refused: `${VOUCHED.passwords} and ${VOUCHED.hops} are of inherited listeners, and there are none `
      + "(start reflectd with LISTEN_FDS and LISTEN_PID, or unset them)" };
  }
  const libc = await openLibc(platform);
  if (libc !== undefined) return { inherited, provider: new LibcProvider(libc) };
  return { inherited, provider: vouched === undefined ? nodeNetProvider : new VouchedProvider(vouched, inherited) };
}
