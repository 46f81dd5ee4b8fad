import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { memoryMbOf } from '../helpers/process-memory.ts';

/** The time that all threads of a process have run so far, in milliseconds, to the nanosecond (Linux). */
function cpuMsOf(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((task) => {
    try {
      return Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      // A thread that has ended meanwhile.
      return 0;
    }
  });
  return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
}

/** The time that one thread has run so far, in milliseconds; the first one of a process has the process's id. */
export function threadCpuMs(pid: number, thread = pid): number {
  return Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}

/** The processes of a system by their part in it. */
export type Processes = Readonly<Record<string, number>>;

export interface Used {
  readonly cpuMs: Readonly<Record<string, number>>;
  /** At most, meanwhile. */
  readonly peakMb: Readonly<Record<string, number>>;
  readonly tookMs: number;
}

/** What each process takes of the machine from now until the function returned is called. */
export function watch(processes: Processes): () => Used {
  const each = (value: (pid: number) => number): Record<string, number> =>
    Object.fromEntries(Object.entries(processes).map(([part, pid]) => [part, value(pid)]));
  // “5” lets the system forget the peak so far.
  for (const pid of Object.values(processes)) writeFileSync(`/proc/${pid}/clear_refs`, '5');
  const before = each(cpuMsOf);
  const startedAt = performance.now();
  return () => {
    const after = each(cpuMsOf);
    return {
      cpuMs: Object.fromEntries(
        Object.entries(after).map(([part, cpuMs]) => [part, cpuMs - (before[part] ?? 0)]),
      ),
      peakMb: each((pid) => memoryMbOf(pid, 'VmHWM')),
      tookMs: performance.now() - startedAt,
    };
  };
}
