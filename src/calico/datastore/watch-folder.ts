/** News of a folder, by the system. */

import { watch } from "node:fs";

/**
 * Calls `onChange` with names in a folder that may have changed, or null; `onEnd` where it cannot go on. The answer
 * ends it. May throw.
 */
export type WatchFolder = (folder: string, onChange: (name: string | null) => void, onEnd: () => void) => () => void;

/** The system's. Throws where there is no such folder, or a file system or a limit allows no watching. */
export const watchFolder: WatchFolder = (folder, onChange, onEnd) => {
  const watcher = watch(folder, (_, name) => onChange(name));
  watcher.on("error", () => {
    watcher.close();
    onEnd();
  });
  return () => watcher.close();
};
