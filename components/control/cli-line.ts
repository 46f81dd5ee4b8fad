import type { Command } from '../../engine/contract/commands.ts';
import type { EngineData } from '../state/safe-rows.ts';
import { type SafeText, safe, sanitize, trusted } from '../terminal/sanitize.ts';

/** Commands that the screen sends by itself: no user has asked for them. */
const BY_ITSELF: readonly Command['kind'][] = ['chat.read', 'chat.local', 'log.note', 'files.list'];

/** What a command does, in a few words, where `aioc cli` has no command for it. */
const IN_WORDS: Partial<Record<Command['kind'], string>> = {
  'newcomer.accept': 'accept a connection request',
  'newcomer.refuse': 'refuse a connection request',
  'peer.ping': 'ping',
  'dial.now': 'retry',
  'chat.say': 'chat line',
  'chat.again': 'send a line again',
  'chat.upload': '!upload',
  'chat.cancel': 'cancel a transfer',
  'files.import': 'copy or unzip a received file',
  'exec.answer': 'answer a command of a peer',
  'exec.stop': 'end the shell of a peer',
  'queue.purge': 'purge',
  'transfer.cancel': 'cancel a file',
};

/**
 * The line for a shell that does the same as a command, or in parentheses what it does if there is none; undefined for
 * what the screen does by itself.
 */
export function cliLine(command: Command, { status, peers }: EngineData): SafeText | undefined {
  if (BY_ITSELF.includes(command.kind)) return undefined;
  const row = 'peer' in command ? peers?.rows.find(({ id }) => id === command.peer) : undefined;
  const words = status?.configured === true ? cliWords(command, status.role, row?.wireName) : undefined;
  if (words !== undefined && status !== undefined) {
    const connector = status.role === 'server' ? status.address : status.ownName;
    return safe`aioc cli ${quoted(connector)} ${words}`;
  }
  if (command.kind === 'client.invite') return safe`(invite ${sanitize(command.name)})`;
  const name = row === undefined ? trusted('') : safe` ${row.name}`;
  return safe`(${trusted(IN_WORDS[command.kind] ?? command.kind)}${name})`;
}

/** The command of `aioc cli` with its words; undefined if there is none. */
function cliWords(
  command: Command,
  role: 'server' | 'client',
  peer: SafeText | undefined,
): SafeText | undefined {
  switch (command.kind) {
    case 'peer.ignore':
      return command.on && peer !== undefined ? safe`ignore_peer_traffic ${quoted(peer)}` : undefined;
    case 'all.ignore':
      return trusted(`ignore_peer_traffic ${command.on ? 'enable' : 'disable'}`);
    case 'peer.disconnect':
      return role === 'server' && peer !== undefined ? safe`disconnect_client ${quoted(peer)}` : undefined;
    case 'certificate.delete':
      if (role === 'client') return trusted('delete_client_certificate');
      return peer === undefined ? undefined : safe`delete_client_certificate ${quoted(peer)}`;
    case 'connector.start':
      return trusted('start');
    case 'connector.stop':
      return trusted(command.hard ? 'stop hard' : 'stop');
    case 'connector.restart':
      return trusted(command.hard ? 'restart hard' : 'restart');
    default:
      return undefined;
  }
}

/** As one word of a POSIX shell. */
function quoted(text: SafeText): SafeText {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : sanitize(`'${text.replaceAll("'", "'\\''")}'`);
}
