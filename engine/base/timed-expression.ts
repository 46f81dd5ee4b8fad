import { type Context, createContext, Script } from 'node:vm';
import { systemCode } from './errors.ts';

/** Enough for thousands of rows on a slow machine; short enough that no message waits for it noticeably. */
const TURN_MS = 10;
/** Texts tested in one call, which costs half a millisecond by itself; fewer after a call that took too long. */
const TEXTS_PER_CALL = 1_000;
const TEXTS_PER_CALL_WHEN_LATE = 20;
/** So many milliseconds of the processor, without one text tested, are a fault of the expression. */
const FRUITLESS_MS_MAX = 25;
/** And so many turns, on a machine whose processor is busy with others. */
const FRUITLESS_TURNS_MAX = 50;

const TEST_ALL = new Script('texts.map((text) => expression.test(text))');
let context: Context | undefined;

/**
 * A regular expression of a user, on a thread that has other work: an expression that takes exponential time is stopped,
 * and given up when that happens again and again.
 */
export class TimedExpression {
  readonly #expression: RegExp;
  #fruitlessTurns = 0;
  #fruitlessMs = 0;
  #wasLate = false;

  /** @throws SyntaxError */
  constructor(source: string, flags: string) {
    this.#expression = new RegExp(source, flags);
  }

  /** It takes too long: it is not tested any more, and matches nothing. */
  get isTooSlow(): boolean {
    return this.#fruitlessMs >= FRUITLESS_MS_MAX || this.#fruitlessTurns >= FRUITLESS_TURNS_MAX;
  }

  /**
   * Tests as many of the texts, from the first, as its time in this turn allows.
   *
   * @returns for each of these whether it matches
   */
  test(texts: readonly string[]): readonly boolean[] {
    const until = performance.now() + TURN_MS;
    const results: boolean[] = [];
    while (results.length < texts.length && !this.isTooSlow) {
      const timeout = Math.floor(until - performance.now());
      if (timeout < 1) break;
      const count = this.#wasLate ? TEXTS_PER_CALL_WHEN_LATE : TEXTS_PER_CALL;
      const before = process.cpuUsage();
      const tested = this.#run(texts.slice(results.length, results.length + count), timeout);
      if (tested === undefined) {
        this.#wasLate = true;
        if (results.length > 0) return results;
        this.#fruitlessMs += process.cpuUsage(before).user / 1_000;
        this.#fruitlessTurns += 1;
        return results;
      }
      results.push(...tested);
    }
    this.#wasLate = false;
    if (results.length === 0) return results;
    this.#fruitlessMs = 0;
    this.#fruitlessTurns = 0;
    return results;
  }

  /** @returns undefined if the time was over */
  #run(texts: readonly string[], timeout: number): readonly boolean[] | undefined {
    context ??= createContext({});
    context['texts'] = texts;
    context['expression'] = this.#expression;
    try {
      return TEST_ALL.runInContext(context, { timeout }) as readonly boolean[];
    } catch (error) {
      if (systemCode(error) === 'ERR_SCRIPT_EXECUTION_TIMEOUT') return undefined;
      throw error;
    } finally {
      context['texts'] = undefined;
    }
  }
}
