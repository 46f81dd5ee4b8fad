import { atMostOne, type ConnectorWhere } from './certificate-arguments.ts';
import { howMany, text, unexpected, usage, type Values, where } from './send-arguments.ts';

/** `aioc tail`. */
export interface TailOptions extends ConnectorWhere {
  readonly json: boolean;
  readonly filter: string;
  /** Ends after so many rows. */
  readonly count?: number;
}

/** `aioc top`. */
export interface TopOptions extends ConnectorWhere {
  readonly json: boolean;
  /** Ends after so many tables. */
  readonly count?: number;
}

/** `aioc queues`. */
export interface QueuesOptions extends ConnectorWhere {
  readonly json: boolean;
  /** Default: lists. */
  readonly action?: {
    readonly kind: 'peek' | 'export' | 'purge';
    /** As the list names it. */
    readonly queue: string;
    /** Ends after so many messages. */
    readonly count?: number;
  };
}

/** @throws AiocError AIOC_USAGE */
export function tailOptions(words: readonly string[], values: Values): TailOptions {
  return { ...topOptions(words, values), filter: text(values, 'filter') ?? '' };
}

/** @throws AiocError AIOC_USAGE */
export function topOptions(words: readonly string[], values: Values): TopOptions {
  return { ...where(atMostOne(words), values), json: values['json'] === true, ...howMany(values) };
}

/** @throws AiocError AIOC_USAGE */
export function queuesOptions(
  [connector, kind, queue, extra]: readonly string[],
  values: Values,
): QueuesOptions {
  if (extra !== undefined) throw unexpected(extra);
  const options = { ...where(connector, values), json: values['json'] === true };
  const count = howMany(values);
  if (kind === undefined && count.count !== undefined) throw usage('--count needs peek or export');
  if (kind === undefined) return options;
  if (kind !== 'peek' && kind !== 'export' && kind !== 'purge')
    throw usage(`unexpected argument "${kind}": usage: aioc queues CONNECTOR peek|export|purge QUEUE`);
  if (queue === undefined) throw usage('missing argument: a queue, as aioc queues CONNECTOR names it');
  if (kind === 'purge' && count.count !== undefined) throw usage('--count needs peek or export');
  return { ...options, action: { kind, queue, ...count } };
}
