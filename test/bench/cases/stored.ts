import { type Case, connectorCpuAtMost, ratioAtLeast } from '../case.ts';
import { rates } from '../rate.ts';
import { aiocs } from '../systems/aioc.ts';
import { JET_STREAM, MOSQUITTO, NATS_CORE, REDIS_STREAMS } from '../systems/brokers.ts';
import { floor } from '../systems/floor.ts';

const NAME = 'aioc, stored';

export const stored: Case = {
  name: 'stored',
  about: 'Messages of 100 bytes over TLS, stored on both disks and confirmed (`durability: batch`).',
  async run(bench) {
    const rows = await rates(
      bench,
      [
        floor('floor, stored', { stored: true }),
        ...aiocs(bench, NAME),
        NATS_CORE,
        JET_STREAM,
        REDIS_STREAMS,
        MOSQUITTO,
      ],
      { bytes: 100 },
    );
    return {
      rows,
      bars: [
        ...ratioAtLeast(rows, 0.8, [NAME, NATS_CORE.name]),
        ...ratioAtLeast(rows, 4, [NAME, REDIS_STREAMS.name]),
        ...connectorCpuAtMost(rows, 4, NAME),
      ],
    };
  },
};
