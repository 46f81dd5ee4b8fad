import { type Case, connectorMemoryAtMost, ratioAtLeast } from '../case.ts';
import { rates } from '../rate.ts';
import { aiocs, IN_MEMORY } from '../systems/aioc.ts';
import { JET_STREAM, MOSQUITTO, NATS_CORE, REDIS_STREAMS } from '../systems/brokers.ts';
import { floor } from '../systems/floor.ts';

const MEMORY = 'aioc, memory';
const STORED = 'aioc, stored';
const MEMORY_MAX_MB = 200;

function sized(name: string, kib: number): Case {
  return {
    name,
    about: `Messages of ${kib} KiB over TLS, in memory and stored on both disks.`,
    async run(bench) {
      const rows = await rates(
        bench,
        [
          floor('floor, memory'),
          floor('floor, stored', { stored: true }),
          ...aiocs(bench, MEMORY, { config: IN_MEMORY }),
          ...aiocs(bench, STORED),
          NATS_CORE,
          JET_STREAM,
          REDIS_STREAMS,
          MOSQUITTO,
        ],
        { bytes: kib * 1024 },
      );
      return {
        rows,
        bars: [
          ...ratioAtLeast(rows, 1, [MEMORY, NATS_CORE.name]),
          ...ratioAtLeast(rows, 0.6, [STORED, NATS_CORE.name]),
          ...connectorMemoryAtMost(rows, MEMORY_MAX_MB, MEMORY),
          ...connectorMemoryAtMost(rows, MEMORY_MAX_MB, STORED),
        ],
      };
    },
  };
}

export const sizes: readonly Case[] = [sized('1k', 1), sized('16k', 16), sized('64k', 64)];
