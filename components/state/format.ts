import type { SafeText } from '../terminal/sanitize.ts';
import { trusted } from '../terminal/sanitize.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `14:02` in the user's time zone. */
export function clockText(atMs: number): SafeText {
  const date = new Date(atMs);
  return trusted(`${two(date.getHours())}:${two(date.getMinutes())}`);
}

/** `14:02:31` in the user's time zone. */
export function clockWithSeconds(atMs: number): SafeText {
  return trusted(`${clockText(atMs)}:${two(new Date(atMs).getSeconds())}`);
}

/** `14:02:31.418` in the user's time zone. */
export function clockWithMs(atMs: number): SafeText {
  return trusted(`${clockWithSeconds(atMs)}.${String(Math.floor(atMs % 1000)).padStart(3, '0')}`);
}

/** `2026-01-02` in the user's time zone. */
export function dateText(atMs: number): SafeText {
  const date = new Date(atMs);
  return trusted(`${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`);
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `29 Nov`, with the year if that is another one than now. */
export function dayText(atMs: number, nowMs: number): SafeText {
  const date = new Date(atMs);
  const year = date.getFullYear();
  const isThisYear = year === new Date(nowMs).getFullYear();
  return trusted(`${date.getDate()} ${MONTHS[date.getMonth()]}${isThisYear ? '' : ` ${year}`}`);
}

/** An age that changes at most once a minute: `<1 m`, `4 m`, `2h14m`, `3d4h`. */
export function ageText(ageMs: number): SafeText {
  if (ageMs < MINUTE_MS) return trusted('<1 m');
  if (ageMs < HOUR_MS) return trusted(`${Math.floor(ageMs / MINUTE_MS)} m`);
  if (ageMs < DAY_MS)
    return trusted(`${Math.floor(ageMs / HOUR_MS)}h${two(Math.floor((ageMs % HOUR_MS) / MINUTE_MS))}m`);
  return trusted(`${Math.floor(ageMs / DAY_MS)}d${Math.floor((ageMs % DAY_MS) / HOUR_MS)}h`);
}

/** A remaining time: `3 s`, `2 m`, `1h05m`. */
export function durationText(seconds: number): SafeText {
  if (!Number.isFinite(seconds)) return trusted('—');
  return seconds < 60 ? trusted(`${Math.ceil(seconds)} s`) : ageText(seconds * 1000);
}

/** `12 ms`, `1.2 s`, `12 s`. */
export function millisText(ms: number): SafeText {
  if (ms < 999.5) return trusted(`${Math.max(1, Math.round(ms))} ms`);
  return trusted(`${(ms / 1000).toFixed(ms < 9_950 ? 1 : 0)} s`);
}

/** `12,480`. Without Node's formatting, which takes 50 ms for the first number. */
export function countText(count: number): SafeText {
  if (!Number.isFinite(count)) return trusted('—');
  return trusted(
    BigInt(Math.round(count))
      .toString()
      .replace(/\B(?=(?:\d{3})+$)/g, ','),
  );
}

/** Any number in at most five cells: `0`, `12`, `3.4k`, `12k`, `1.2M`. */
export function shortCount(count: number): SafeText {
  const units = ['', 'k', 'M', 'G'] as const;
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return trusted(digits + units[unit]);
}

/** A rate; below one a second with a decimal: `0.3`. */
export function rateText(perSecond: number): SafeText {
  if (perSecond > 0 && perSecond < 0.95) return trusted(Math.max(0.1, perSecond).toFixed(1));
  return shortCount(perSecond);
}

/** `0 B`, `512 B`, `2.1 MB`. */
export function bytesText(bytes: number): SafeText {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit > 0 && value < 9.95 ? value.toFixed(1) : String(Math.round(value));
  return trusted(`${digits} ${units[unit]}`);
}

/** `1 peer`, `3 peers`. */
export function counted(count: number, noun: string): SafeText {
  return trusted(`${countText(count)} ${noun}${count === 1 ? '' : 's'}`);
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
