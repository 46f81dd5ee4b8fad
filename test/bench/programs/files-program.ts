/** A program on aioc's library that sends files, or hears of those that came: `files-program.ts CONFIG`. */
import { ConnectorAPI } from 'aioc';
import { beDriven } from './driven.ts';
import { nowMs } from './numbered.ts';

interface Arrival {
  readonly atMs: number;
  readonly error: string | undefined;
}

const api = await ConnectorAPI.fromConfig(process.argv[2] as string);
const arrivals: Arrival[] = [];
let wake = (): void => undefined;

beDriven({
  listen: async () => {
    await api.listen('any', ({ withFile }) => {
      const error = withFile?.['file_error'];
      arrivals.push({ atMs: nowMs(), error: error === undefined ? undefined : String(error) });
      wake();
    });
  },
  send: async ({ path, name }: { path: string; name: string }) => {
    const startedAtMs = nowMs();
    await api.send({ messageType: 'any', withFile: { srcPath: path, dstType: 'any', dstName: name } });
    return { startedAtMs };
  },
  /** The next message with a file. */
  arrival: async (): Promise<Arrival> => {
    while (arrivals.length === 0)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    return arrivals.shift() as Arrival;
  },
});
