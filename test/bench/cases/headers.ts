import { type Case, ratioAtLeast } from '../case.ts';
import { rates } from '../rate.ts';
import { aiocs, IN_MEMORY } from '../systems/aioc.ts';
import { NATS_CORE } from '../systems/brokers.ts';

const NAME = 'aioc, memory, every header different';

export const headers: Case = {
  name: 'headers',
  about: 'As `memory`, but each message of aioc has a tag of its own; those of NATS have no header.',
  async run(bench) {
    const ours = aiocs(bench, NAME, { config: IN_MEMORY }, { tagged: true });
    const rows = await rates(bench, [...ours, NATS_CORE], { bytes: 100 });
    return { rows, bars: ratioAtLeast(rows, 0.8, [NAME, NATS_CORE.name]) };
  },
};
