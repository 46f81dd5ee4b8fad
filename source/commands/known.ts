import { sanitize } from '../../components/terminal/sanitize.ts';
import {
  AiocError,
  fingerprintWords,
  type KnownMachine,
  knownMachines,
  stateDirectory,
} from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';
import { harmless, jsonPage } from '../harmless.ts';
import { plainTable } from '../plain-table.ts';

/** `aioc known`. */
export type KnownOptions =
  | { readonly action: 'list'; readonly json: boolean }
  | { readonly action: 'forget'; readonly what: string };

/**
 * `aioc known list` and `aioc known forget NAME|ADDRESS`: the machines that the chat knows by their certificates.
 *
 * @param print receives whole lines; default: the standard output
 * @returns the exit code
 * @throws AiocError AIOC_STATE_DIRECTORY, AIOC_PEER_UNKNOWN
 */
export async function runKnown(
  options: KnownOptions,
  print: (text: string) => void = (text) => void process.stdout.write(harmless(text)),
): Promise<number> {
  const known = knownMachines(stateDirectory());
  if (options.action === 'list') {
    const machines = await known.list();
    print(options.json ? `${jsonPage(machines.map(jsonOf))}\n` : `${tableOf(machines)}\n`);
    return EXIT.ok;
  }
  const forgotten = await known.forget(options.what);
  if (forgotten.length === 0)
    throw new AiocError(
      'AIOC_PEER_UNKNOWN',
      `no known machine has the name or address ${options.what}; aioc known list shows them`,
    );
  for (const machine of forgotten) print(`forgot ${described(machine)}; aioc asks about it again\n`);
  return EXIT.ok;
}

function described({ role, name, address }: KnownMachine): string {
  return role === 'client'
    ? `the client ${sanitize(name)}`
    : `the server ${sanitize(`${name} at ${address}`)}`;
}

function jsonOf({ fingerprint, sinceMs, lastMs, ...machine }: KnownMachine): object {
  const since = new Date(sinceMs).toISOString();
  return {
    ...machine,
    sha256: fingerprint,
    words: fingerprintWords(fingerprint),
    since,
    last: new Date(lastMs).toISOString(),
  };
}

function tableOf(machines: readonly KnownMachine[]): string {
  if (machines.length === 0) return 'No machines are known. The chat remembers those that you accept.';
  const rows = machines.map(({ role, name, address, lastMs, fingerprint }) => [
    sanitize(name),
    role === 'client' ? 'client' : `server at ${sanitize(address ?? '')}`,
    new Date(lastMs).toISOString().slice(0, 10),
    fingerprintWords(fingerprint),
  ]);
  return plainTable([['NAME', 'KNOWN AS', 'LAST SEEN', 'WORDS'], ...rows]);
}
