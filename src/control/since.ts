/** Moments and durations as people read them. */

const HOUR_MILLISECONDS = 3_600_000;

/** SINCE of calicoctl node status: local time HH:MM:SS when under 20 h old, else YYYY-MM-DD. */
export function sinceText(iso: string, nowMilliseconds: number): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return "-";
  return nowMilliseconds - at.getTime() < 20 * HOUR_MILLISECONDS ? timeText(at) : dateText(at);
}

/** Local date and time: YYYY-MM-DD HH:MM:SS. */
export function dateTimeText(milliseconds: number): string {
  const at = new Date(milliseconds);
  return `${dateText(at)} ${timeText(at)}`;
}

function timeText(at: Date): string {
  return `${twoDigits(at.getHours())}:${twoDigits(at.getMinutes())}:${twoDigits(at.getSeconds())}`;
}

function dateText(at: Date): string {
  return `${at.getFullYear()}-${twoDigits(at.getMonth() + 1)}-${twoDigits(at.getDate())}`;
}

function twoDigits(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}
