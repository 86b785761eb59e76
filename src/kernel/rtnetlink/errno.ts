/** Names and words of the errors that rtnetlink answers with, as errno(3) and strerror(3) have them. */

const ERRNO: ReadonlyMap<number, readonly [name: string, text: string]> = new Map([
  [1, ["EPERM", "Operation not permitted"]],
  [2, ["ENOENT", "No such file or directory"]],
  [3, ["ESRCH", "No such process"]],
  [11, ["EAGAIN", "Resource temporarily unavailable"]],
  [12, ["ENOMEM", "Cannot allocate memory"]],
  [13, ["EACCES", "Permission denied"]],
  [16, ["EBUSY", "Device or resource busy"]],
  [17, ["EEXIST", "File exists"]],
  [19, ["ENODEV", "No such device"]],
  [22, ["EINVAL", "Invalid argument"]],
  [28, ["ENOSPC", "No space left on device"]],
  [34, ["ERANGE", "Numerical result out of range"]],
  [90, ["EMSGSIZE", "Message too long"]],
  [95, ["EOPNOTSUPP", "Operation not supported"]],
  [97, ["EAFNOSUPPORT", "Address family not supported by protocol"]],
  [99, ["EADDRNOTAVAIL", "Cannot assign requested address"]],
  [100, ["ENETDOWN", "Network is down"]],
  [101, ["ENETUNREACH", "Network is unreachable"]],
  [105, ["ENOBUFS", "No buffer space available"]],
  [113, ["EHOSTUNREACH", "No route to host"]],
]);

/** Numbers by the names that the program asks for. */
export const EEXIST = 17;
/** No such route: what a deletion says of one that is gone. */
export const ESRCH = 3;

/** The name of a positive error number, such as ENETUNREACH; `errno 123` where it has none here. */
export function errnoName(errno: number): string {
  return ERRNO.get(errno)?.[0] ?? `errno ${errno}`;
}

/** The words of a positive error number, such as Network is unreachable. */
export function errnoText(errno: number): string {
  return ERRNO.get(errno)?.[1] ?? `error ${errno}`;
}
