import { type Case, connectorCpuAtMost, ratioAtLeast } from '../case.ts';
import { rates } from '../rate.ts';
import { aiocs, IN_MEMORY, PYTHONS, withPython } from '../systems/aioc.ts';
import { MOSQUITTO, NATS_CORE } from '../systems/brokers.ts';
import { floor } from '../systems/floor.ts';

/** Python's own TLS stalls at speed (3.11). */
const PYTHON = withPython('Python, no TLS', {
  tls: false,
  client: PYTHONS,
  server: PYTHONS,
});

export const memory: Case = {
  name: 'memory',
  about: 'Messages of 100 bytes over TLS; nothing is stored.',
  async run(bench) {
    const rows = await rates(
      bench,
      [
        floor('floor, memory'),
        ...aiocs(bench, 'aioc, memory', { config: IN_MEMORY }),
        NATS_CORE,
        MOSQUITTO,
        PYTHON,
      ],
      { bytes: 100 },
    );
    return {
      rows,
      bars: [
        ...ratioAtLeast(rows, 1.2, ['aioc, memory', NATS_CORE.name]),
        ...connectorCpuAtMost(rows, 2.5, 'aioc, memory'),
      ],
    };
  },
};
