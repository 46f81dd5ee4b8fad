import assert from 'node:assert/strict';
import { waitFor } from '../../helpers/wait-for.ts';
import type { Way } from './column.ts';
import { type Got, KEPT, type Outgoing } from './program.ts';

/** Nothing at all arriving for so long, while something should, is the end of the waiting. */
const QUIET_MS = 20_000;

/** What a program sends as data, and the bytes that are to arrive for it. */
export interface Form {
  readonly data: (number: number) => unknown;
  readonly arrives: (number: number) => Buffer;
  readonly binary?: (number: number) => Buffer;
}

const text = (number: number): string => `number ${number}, naïve ✓`;

export const STR: Form = { data: text, arrives: (number) => Buffer.from(text(number)) };

/** Each language writes JSON in its own way, so it is compared as what it says. */
export const JSON_VALUE: Form = {
  data: (number) => ({ number, 'é ✓': [null, true, { deep: -1.5 }] }),
  arrives: (number) => Buffer.from(JSON.stringify({ number, 'é ✓': [null, true, { deep: -1.5 }] })),
};

const bytes = (number: number): Buffer => Buffer.from([0, 255, 254, number & 255, 13, 10, number >> 8, 128]);

export const BYTES: Form = { data: bytes, arrives: bytes };

export const WITH_BINARY: Form = {
  ...STR,
  binary: (number) => Buffer.alloc(1 + (number % 997), `${number} `),
};

let lastSeries = 0;

/** Numbered messages of one form, which are known again among others by their tag. */
export class Series {
  readonly messages: readonly Outgoing[];
  readonly #prefix: string;
  readonly #form: Form;

  /** @param more what each of them has besides */
  constructor(form: Form, count: number, more: (number: number) => Partial<Outgoing> = () => ({})) {
    lastSeries += 1;
    this.#prefix = `series-${lastSeries}:`;
    this.#form = form;
    this.messages = Array.from({ length: count }, (_, number) => ({
      type: KEPT,
      data: form.data(number),
      tag: `${this.#prefix}${number}`,
      ...(form.binary && { binary: form.binary(number) }),
      ...more(number),
    }));
  }

  /** Those of this series among what a program has got. */
  of(all: readonly Got[]): readonly Got[] {
    return all.filter(({ header }) => String(header['tag']).startsWith(this.#prefix));
  }

  /** Waits until as many have come as were sent, for as long as more come. */
  async whole({ to }: Pick<Way, 'to'>, type = KEPT, quietMs = QUIET_MS): Promise<readonly Got[]> {
    const count = this.messages.length;
    let got: readonly Got[] = [];
    for (let before = -1; got.length < count && got.length > before; ) {
      before = got.length;
      const grown = async (): Promise<boolean> => {
        got = this.of(await to.program.got(type));
        return got.length >= Math.min(count, before + Math.ceil(count / 10));
      };
      await waitFor(grown, { timeoutMs: quietMs, what: `more than ${got.length} messages` }).catch(
        () => undefined,
      );
    }
    return got;
  }

  /** Sends it and sees it arrive whole, none twice, each as it was, and in order wherever ours delivers it. */
  async goes(way: Way, quietMs?: number): Promise<readonly Got[]> {
    await way.from.program.send(this.messages, { perSecond: way.perSecond });
    return this.arrives(way, quietMs);
  }

  async arrives(way: Way, quietMs = QUIET_MS): Promise<readonly Got[]> {
    const got = (await this.whole(way, KEPT, quietMs)).map((message) => ({
      ...message,
      number: this.#numberOf(message),
    }));
    if (way.to.kind === 'Python') way.noteLate(sortByNumber(got));
    assert.deepEqual(
      got.map(({ number }) => number),
      [...this.messages.keys()],
      'all, in order, none twice',
    );
    for (const { number, data, binary, header } of got) {
      const wanted = this.#form.arrives(number);
      if (this.#form === JSON_VALUE)
        assert.deepEqual(JSON.parse(data.toString()), JSON.parse(wanted.toString()));
      else assert.deepEqual(data, wanted);
      assert.deepEqual(binary, this.#form.binary?.(number) ?? Buffer.alloc(0));
      assert.ok(!('transport_id' in header), 'what only connectors need is gone');
    }
    return got;
  }

  #numberOf({ header }: Got): number {
    return Number(String(header['tag']).slice(this.#prefix.length));
  }
}

/** Sorts them, and says how many came after one that was sent later: Python's connectors do that (PROTOCOL §9). */
function sortByNumber(got: { readonly number: number }[]): number {
  let late = 0;
  let last = -1;
  for (const { number } of got) {
    if (number < last) late += 1;
    last = Math.max(last, number);
  }
  got.sort((a, b) => a.number - b.number);
  return late;
}
