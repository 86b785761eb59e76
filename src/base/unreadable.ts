/** Words for files that the system does not let us read. */

const WHY: Readonly<Record<string, string>> = {
  ENOENT: "no such file", EACCES: "permission denied", EISDIR: "it is a folder",
};

/** Why the system refuses a file: what it said, without the code and the path, which is said beside it. */
export function whyUnreadable({ code = "", message }: { readonly code?: string; readonly message: string }): string {
  return WHY[code] ?? message.replace(/^[A-Z]+: ([^,]+),.*$/s, "$1");
}
