/** A program that checks the messages of many clients (clients-program.ts): `collector-program.ts CONFIG`. */
import { ConnectorAPI } from 'aioc';
import { beDriven } from './driven.ts';
import { type Counted, Counter, type Expected } from './numbered.ts';

const api = await ConnectorAPI.fromConfig(process.argv[2] as string);
const counters = new Map<string, Counter>();

beDriven({
  listen: async () => {
    await api.listen('any', (message) => counters.get(message.sourceId ?? '')?.take(message.data));
  },
  expect: ({ clients, ...each }: Expected & { readonly clients: number }) => {
    counters.clear();
    for (let index = 0; index < clients; index += 1) {
      const counter = new Counter();
      counter.expect(each);
      counters.set(`client${index}`, counter);
    }
  },
  all: ({ quietMs }: { quietMs: number }): Promise<readonly Counted[]> =>
    Promise.all([...counters.values()].map((counter) => counter.all(quietMs))),
});
