import { type SafeText, safe, trusted } from '../terminal/sanitize.ts';
import { counted } from './format.ts';

const DAY_MS = 24 * 60 * 60_000;

/** As `aioc certificates list`: aioc renews well before, so such a certificate was not renewed in time. */
const SOON_DAYS = 30;

/** `12 days`, or `expired`. */
export function daysLeftText(leftMs: number): SafeText {
  return leftMs < 0 ? trusted('expired') : safe`${counted(Math.floor(leftMs / DAY_MS), 'day')}`;
}

/** A warning about a certificate that ends soon; undefined for any other, and for one that is not known. */
export function endsSoonText(endsAtMs: number | undefined, nowMs: number): SafeText | undefined {
  if (endsAtMs === undefined || endsAtMs - nowMs > SOON_DAYS * DAY_MS) return undefined;
  if (endsAtMs < nowMs) return trusted('certificate expired');
  return safe`certificate ends in ${daysLeftText(endsAtMs - nowMs)}`;
}
