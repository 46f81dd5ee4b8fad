import { type Case, ratioAtLeast } from '../case.ts';
import { rates } from '../rate.ts';
import { PYTHONS, withPython } from '../systems/aioc.ts';

const ACK = { waitForAck: true };

export const acks: Case = {
  name: 'acks',
  about:
    'Messages of 100 bytes with `wait_for_ack` to a Python connector and the Python program on it, from Python and from aioc. ' +
    'What is out of order is the doing of the Python connector, which opens several connections to its listener.',
  async run(bench) {
    const rows = [];
    const bars = [];
    for (const tls of [false, true]) {
      const how = tls ? 'mutual TLS' : 'no TLS';
      const [ours, pythons] = [`aioc to Python, ${how}`, `Python to Python, ${how}`];
      const measured = await rates(
        bench,
        [
          withPython(pythons, { tls, client: PYTHONS, server: PYTHONS }, ACK),
          withPython(ours, { tls, server: PYTHONS }, ACK),
        ],
        { bytes: 100 },
      );
      rows.push(...measured);
      bars.push(...ratioAtLeast(measured, 200, [ours, pythons]));
    }
    return { rows, bars };
  },
};
