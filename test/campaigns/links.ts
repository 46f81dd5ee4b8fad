/**
 * Breaks the link between two daemons over and over while programs at both send: cuts (half of them in the middle of a
 * message), stalls and black holes; all must arrive, once and in order:
 * `npm run campaign:links -- [FAULTS] [SEED] [MESSAGES_A_SECOND]`, or `full [PART/PARTS]` of 2,000 faults.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectorAPI } from '../../engine/index.ts';
import { FaultyRelay } from '../helpers/faulty-relay.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { waitFor } from '../helpers/wait-for.ts';
import { campaignLength } from './campaign-length.ts';
import { Heard, type Role, StoredPair } from './stored-pair.ts';

const { count: faults, seed } = campaignLength(process.argv.slice(2), { usual: 200, full: 2_000 });
const perSecond = Number(process.argv[4] ?? 1_000);
const random = seededRandom(seed);
const TICK_MS = 10;
/** A silent link is given up after about a second. */
const LIVENESS = { keep_alive_period: 0.4, keep_alive_timeout: 0.6, max_number_of_unanswered_keep_alive: 1 };
const HELD_MS = 1_300;
/** Of ten faults: eight cuts, one stall, one black hole. */
const KINDS = [
  'cut',
  'cut',
  'cut',
  'cut',
  ...Array.from({ length: 4 }, () => 'cut mid-frame'),
  'stall',
  'black hole',
];

/** One direction: a program that sends numbers at a pace, and one that hears them. */
class Direction {
  readonly heard = new Heard();
  readonly stored: number[] = [];
  readonly refused = new Map<string, number>();
  readonly #api: ConnectorAPI;
  readonly #to: { readonly destinationId?: string };
  #next = 0;

  constructor(api: ConnectorAPI, to: { readonly destinationId?: string }) {
    this.#api = api;
    this.#to = to;
  }

  send(count: number): void {
    for (const end = this.#next + count; this.#next < end; this.#next += 1) {
      const number = this.#next;
      const data = `${number} ${'.'.repeat(number % 300)}`;
      this.#api.send({ ...this.#to, messageType: 'any', data }).then(
        () => this.stored.push(number),
        ({ code }: { code: string }) => this.refused.set(code, (this.refused.get(code) ?? 0) + 1),
      );
    }
  }

  get whole(): boolean {
    return this.heard.missing(this.stored) === 0;
  }

  toString(): string {
    const { heard, stored, refused } = this;
    return `${stored.length} stored, ${heard.missing(stored)} lost, ${heard.repeats} twice, ${heard.late} out of order${refused.size > 0 ? `, refused ${JSON.stringify([...refused])}` : ''}`;
  }
}

const pair = await StoredPair.make({ client: LIVENESS });
const relay = await FaultyRelay.start(pair.port);
pair.callThrough(relay.port);
const counts = new Map<string, number>();
try {
  await pair.start('server');
  await pair.start('client');
  const apis = { server: await pair.program('server'), client: await pair.program('client') };
  const ways: readonly [Role, Direction][] = [
    ['server', new Direction(apis.client, {})],
    ['client', new Direction(apis.server, { destinationId: 'client1' })],
  ];
  for (const [role, { heard }] of ways)
    await apis[role].listen('any', (message) => heard.take(Number(message.text().split(' ')[0])));
  const sending = setInterval(() => {
    for (const [, way] of ways) way.send(Math.ceil((perSecond * TICK_MS) / 1_000));
  }, TICK_MS);
  /** The link works: something has come each way since. */
  const flows = async (): Promise<void> => {
    const before = ways.map(([, { heard }]) => heard.first.size);
    await waitFor(() => ways.every(([, { heard }], index) => heard.first.size > (before[index] ?? 0)), {
      what: 'messages both ways',
      timeoutMs: 60_000,
    });
  };
  for (let done = 0; done < faults; done += 1) {
    await flows();
    await delay(random.fraction() * 100);
    const kind = KINDS[Math.floor(random.fraction() * KINDS.length)] as string;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    if (kind === 'cut') relay.cut();
    else if (kind === 'cut mid-frame') {
      const cut = new Promise<void>((resolve) => {
        relay.onCut = resolve;
      });
      relay.cutAfter(Math.floor(random.fraction() * 20_000));
      await cut;
    } else {
      if (kind === 'stall') relay.stall();
      else relay.swallow();
      await delay(HELD_MS);
      relay.heal();
    }
    if ((done + 1) % 200 === 0)
      console.log(
        `${done + 1} faults: ${ways.map(([, way]) => String(way).replace('lost', 'not there yet')).join('; ')}`,
      );
  }
  clearInterval(sending);
  await waitFor(() => ways.every(([, way]) => way.whole), {
    what: 'all that is stored',
    timeoutMs: 60_000,
  }).catch(() => undefined);
  console.log(`seed ${seed}: ${[...counts].map(([kind, count]) => `${count} × ${kind}`).join(', ')}`);
  for (const [role, way] of ways) {
    console.log(`to the ${role}: ${way}`);
    if (!way.whole || way.heard.repeats + way.heard.late > 0) process.exitCode = 1;
  }
} finally {
  pair.end();
  relay.close();
}
process.exit();
