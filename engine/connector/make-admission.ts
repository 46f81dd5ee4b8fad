import { Admission } from '../peers/admission.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import { KnownMachines } from '../security/known-machines.ts';
import type { ConnectorOptions } from './connector-options.ts';

interface Parts {
  readonly log: Pick<TrafficLog, 'event'>;
  readonly onChange: () => void;
  readonly prepare: (fingerprint: string) => Promise<unknown>;
}

/** The machines that a connector's chat knows, and the admission of its clients. */
export function makeAdmission(
  { ports, acceptAll, fingerprintWords, knownMachinesFile }: ConnectorOptions,
  { log, onChange, prepare }: Parts,
): { readonly known: KnownMachines; readonly admission: Admission } {
  const { clock, random } = ports;
  const known = new KnownMachines({
    ...{ clock, random },
    ...(knownMachinesFile !== undefined && { file: knownMachinesFile }),
    onTrouble: (text) => log.event(text, { warning: true }),
  });
  const onUnreadable = (reason: string): void => log.event(reason, { warning: true, repeats: 'unreadable' });
  const admission = new Admission({
    clock,
    acceptAll,
    fingerprintWords,
    known,
    onChange,
    onUnreadable,
    prepare,
  });
  return { known, admission };
}
