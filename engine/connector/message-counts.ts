import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { ConnectorOptions } from './connector-options.ts';

type Counts = Map<string, number>;

/** Types that are not in the configuration are counted together, since a peer could choose any number of them. */
const OTHERS = 'other types';

/**
 * Logs message counts in one line, two minutes after the first message that was not logged yet.
 */
export class MessageCounts {
  readonly #clock: Clock;
  readonly #report: (line: string) => void;
  readonly #named: ReadonlySet<string>;
  readonly #received: Counts = new Map();
  readonly #sent: Counts = new Map();
  #timer: Timer | undefined;

  /** @param options `types` are counted by name */
  constructor(options: {
    readonly clock: Clock;
    readonly types: readonly string[];
    readonly report: (line: string) => void;
  }) {
    this.#clock = options.clock;
    this.#named = new Set(options.types);
    this.#report = options.report;
  }

  received(type: string, count: number): void {
    this.#add(this.#received, type, count);
  }

  sent(type: string, count: number): void {
    this.#add(this.#sent, type, count);
  }

  /** Stops the timer but keeps the counts for a restart. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #add(counts: Counts, type: string, count: number): void {
    const name = this.#named.has(type) ? type : OTHERS;
    counts.set(name, (counts.get(name) ?? 0) + count);
    this.#timer ??= this.#clock.after(LIMITS.messageCountsMs, () => this.#tell());
  }

  #tell(): void {
    this.#timer = undefined;
    const minutes = LIMITS.messageCountsMs / 60_000;
    this.#report(
      `messages of the last ${minutes} minutes: received ${inWords(this.#received)}; sent ${inWords(this.#sent)}`,
    );
    this.#received.clear();
    this.#sent.clear();
  }
}

/** `12 (any 10, log 2)` */
function inWords(counts: Counts): string {
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (total === 0) return '0';
  const each = [...counts].sort(([a], [b]) => a.localeCompare(b)).map(([type, count]) => `${type} ${count}`);
  return `${total} (${each.join(', ')})`;
}

/** The counts of a connector, if its configuration asks for them. */
export function messageCountsOf(
  { ports, local }: ConnectorOptions,
  log: Pick<TrafficLog, 'event'>,
): MessageCounts | undefined {
  if (!local?.countsMessages) return undefined;
  const types = [...local.sendTypes, ...local.recvTypes];
  return new MessageCounts({ clock: ports.clock, types, report: (line) => log.event(line) });
}
