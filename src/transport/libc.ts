/**
 * The system's own calls for what node:net cannot do, by node:ffi (Node 26.1 and later). Rules: everything that is
 * unsafe is in this file; a call that fails is the system's name for why, never an exception.
 */

import { getSystemErrorName } from "node:util";

/** Calls on file descriptors. An answer that is a text is the system's name of what went wrong, such as ENOMEM. */
export interface Libc {
  /** A TCP socket of a family (AF_INET or AF_INET6) that does not block and is not inherited. */
  socket(family: number): number | string;
  /** Sets an option; undefined where that was done. */
  setOption(fd: number, level: number, name: number, value: Uint8Array): string | undefined;
  /** An option of at most `room` octets. */
  getOption(fd: number, level: number, name: number, room: number): Uint8Array | string;
  close(fd: number): void;
}

const INT = "int32";
const CALLS = {
  socket: { return: INT, arguments: [INT, INT, INT] },
  setsockopt: { return: INT, arguments: [INT, INT, INT, "buffer", "uint32"] },
  getsockopt: { return: INT, arguments: [INT, INT, INT, "buffer", "buffer"] },
  close: { return: INT, arguments: [INT] },
  __errno_location: { return: "pointer", arguments: [] },
} as const;

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** The calls, or undefined where this Node or this system has no way to them. `platform`: as Node names it. */
export async function openLibc(platform: string): Promise<Libc | undefined> {
  if (platform !== "linux") return undefined; // the numbers of options are Linux's
  let ffi: typeof import("node:ffi");
  try {
    ffi = await import("node:ffi");
  } catch { // expected: Node 20 to 26.0 have none, and some later ones only with --experimental-ffi
    return undefined;
  }
  const { functions: call } = ffi.dlopen(null, CALLS);
  const why = (): string => getSystemErrorName(-ffi.getInt32(call.__errno_location()));
  return {
    socket(family) {
      const fd = call.socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
      return fd < 0 ? why() : fd;
    },
    setOption: (fd, level, name, value) =>
      (call.setsockopt(fd, level, name, value, value.length) === 0 ? undefined : why()),
    getOption(fd, level, name, room) {
      const value = new Uint8Array(room);
      const length = Uint32Array.of(room);
      return call.getsockopt(fd, level, name, value, length) === 0 ? value.subarray(0, length[0]) : why();
    },
    close: (fd) => void call.close(fd),
  };
}
