/** What `!files`, `!peers` and `!who` write into the conversation. Texts of peers are raw here: the screen makes them safe. */
import type { EngineApi } from '../../engine/contract/engine-api.ts';
import type { PeerRow, PeerState, TransferRow } from '../../engine/contract/views.ts';
import { bytesText } from '../state/format.ts';
import type { SafeStatus } from '../state/safe-rows.ts';
import { ALL_PEERS, ALL_TRANSFERS, readOnce } from './read-once.ts';

const STATES: Readonly<Record<PeerState, string>> = {
  connecting: 'connecting',
  waiting: 'asks to connect',
  connected: 'connected',
  away: 'away',
  refused: 'refused',
};

export async function peersText(engine: EngineApi): Promise<string> {
  const { rows, total } = await readOnce(engine, ALL_PEERS);
  if (total === 0) return 'No peers yet.';
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, state, ignored, address, unread, reason }) => {
    const parts = [
      STATES[state],
      ...(ignored ? ['ignored'] : []),
      address,
      ...(unread > 0 ? [`${unread} unread`] : []),
      ...(state !== 'connected' && reason !== undefined ? [reason] : []),
    ];
    return `${name.padEnd(width)}  ${parts.join(', ')}`;
  });
  return [...lines, ...more(total - rows.length)].join('\n');
}

export async function whoText(engine: EngineApi, status: SafeStatus | undefined): Promise<string> {
  const { rows } = await readOnce(engine, ALL_PEERS);
  const here = rows.filter(({ state }) => state === 'connected');
  const words = status?.ownWords;
  const own = `${status?.ownName ?? 'this side'} (you)${words === undefined ? '' : `\n  words here: ${words}`}`;
  const peers = here.map(peerFacts);
  return [own, ...(peers.length === 0 ? ['Nobody is connected.'] : peers)].join('\n');
}

function peerFacts({ name, address, kind, version, words, fingerprint }: PeerRow): string {
  const program = kind === 'aioc' ? `aioc ${version ?? ''}`.trim() : kind === 'python' ? 'Python' : '';
  const parts = [
    `${name}, ${address}${program === '' ? '' : `, ${program}`}`,
    words === undefined ? '  without a certificate' : `  words there: ${words}`,
    ...(fingerprint === undefined ? [] : [`  SHA-256 ${fingerprint}`]),
  ];
  return parts.join('\n');
}

/** `others`: names of transfers in the conversation, which the connector's list does not have when Python is the peer. */
export async function filesText(
  engine: EngineApi,
  receivedDirectory: string,
  others: readonly string[],
): Promise<string> {
  const listed = await engine.execute({ kind: 'files.list' });
  if (!listed.ok) throw new Error(listed.message);
  const names = Array.isArray(listed.value) ? listed.value : [];
  const { rows } = await readOnce(engine, ALL_TRANSFERS);
  const inConversation = others.filter((name) => !rows.some((row) => row.name === name));
  const under = [...rows.map(transferFacts), ...inConversation];
  return [
    names.length === 0
      ? `Nothing received yet (${receivedDirectory}).`
      : `Received, in ${receivedDirectory}:`,
    ...names.map((name) => `  ${name}`),
    ...(under.length === 0 ? [] : ['On their way:', ...under.map((text) => `  ${text}`)]),
  ].join('\n');
}

function transferFacts({ name, direction, peerName, phase, doneBytes, totalBytes }: TransferRow): string {
  const size = totalBytes === undefined ? '' : ` of ${bytesText(totalBytes)}`;
  return `${name} ${direction === 'in' ? 'from' : 'to'} ${peerName}, ${phase}, ${bytesText(doneBytes)}${size}`;
}

function more(count: number): readonly string[] {
  return count > 0 ? [`… ${count} more`] : [];
}

/** The peer that is meant: by its name, else by the only one that begins so. */
export function meantPeer(rows: readonly PeerRow[], name: string): PeerRow | 'several' | undefined {
  const exact = rows.find((row) => row.name === name);
  if (exact !== undefined) return exact;
  const begun = rows.filter((row) => row.name.toLowerCase().startsWith(name.toLowerCase()));
  return begun.length > 1 ? 'several' : begun[0];
}
