import { readFileSync } from 'node:fs';

/** The memory that a process has now (VmRSS), or has had at most (VmHWM), in MB. */
export function memoryMbOf(pid: number | undefined, which: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`${which}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}
