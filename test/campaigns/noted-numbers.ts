import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { waitFor } from '../helpers/wait-for.ts';

export interface Outcome {
  readonly confirmed: number;
  readonly heard: number;
  readonly lost: number;
  readonly twice: number;
  readonly late: number;
}

/** What the programs `send-numbers` and `hear-numbers` have noted. */
export class NotedNumbers {
  /** Numbers that were confirmed to be stored, a line each. */
  readonly sent: string;
  /** Numbers that have come, a line each with its cursor, in the order in which they came. */
  readonly heard: string;

  constructor(directory: string) {
    this.sent = join(directory, 'sent');
    this.heard = join(directory, 'heard');
  }

  get confirmedCount(): number {
    return linesOf(this.sent).length;
  }

  get heardCount(): number {
    return linesOf(this.heard).length;
  }

  /** So much more is heard, a line being some 40 bytes. */
  async heardMore(lines: number): Promise<void> {
    const from = sizeOf(this.heard);
    await waitFor(() => sizeOf(this.heard) - from >= 30 * lines, {
      what: `${lines} messages to be heard`,
      timeoutMs: 60_000,
    });
  }

  outcome(): Outcome {
    const heard = new Set<string>();
    const last = new Map<string, number>();
    let [twice, late] = [0, 0];
    for (const line of linesOf(this.heard)) {
      const [of = '', number = ''] = line.split(' ');
      const name = `${of} ${number}`;
      if (heard.has(name)) twice += 1;
      else if (Number(number) < (last.get(of) ?? -1)) late += 1;
      heard.add(name);
      last.set(of, Math.max(Number(number), last.get(of) ?? -1));
    }
    const confirmed = linesOf(this.sent);
    return {
      confirmed: confirmed.length,
      heard: heard.size,
      lost: confirmed.filter((name) => !heard.has(name)).length,
      twice,
      late,
    };
  }
}

/** A line that is being written has no end yet, and is none. */
function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

function sizeOf(file: string): number {
  return existsSync(file) ? statSync(file).size : 0;
}
