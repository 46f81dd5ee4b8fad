import { AiocError, toAiocError } from '../../base/errors.ts';
import type { AccessChange, ConnectorControl } from '../connector-control.ts';
import { indentedJson, pythonText, spacedJson } from './python-text.ts';

type Arguments = Readonly<Record<string, unknown>>;
type Handler = (control: ConnectorControl, given: Arguments) => Promise<string> | string;

/**
 * The commands of Python's tool that are answered, and no others: Python calls any method by its name (PROTOCOL §4). Each
 * answers with the text that Python answers.
 */
export const COMMANDS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['show_connected_peers__sync', (control) => emptyOr(control.connectedPeers(), spacedJson)],
  [
    'peek_queues__sync',
    (control) => {
      const { received, toSend } = control.queues();
      return indentedJson({ queue_recv: received, queue_send: toSend });
    },
  ],
  ['manage_ignore_peer_traffic__sync', ignore],
  ['show_log_level__sync', (control) => control.logLevel()],
  [
    'set_log_level__sync',
    (control, given) => {
      control.setLogLevel(text(given, 'level'));
      return control.logLevel();
    },
  ],
  [
    'delete_client_certificate_on_server',
    (control, given) =>
      truth(
        control.deleteCertificateOfClient(text(given, 'client_id'), {
          onlySymlink: given['remove_only_symlink'] === true,
        }),
      ),
  ],
  [
    'delete_client_certificate_on_client',
    (control, given) => truth(control.deleteOwnCertificate({ reconnect: given['restart_client'] !== false })),
  ],
  [
    'disconnect_client',
    (control, given) => {
      const name = text(given, 'client_id');
      return control.disconnectClient(name) ? 'True' : `Non existing client ${name}`;
    },
  ],
  ['add_blacklist_client', access('blacklist', 'add')],
  ['remove_blacklist_client', access('blacklist', 'remove')],
  ['add_whitelist_client', access('whitelist', 'add')],
  ['remove_whitelist_client', access('whitelist', 'remove')],
  ['show_attribute__sync', (control, given) => pythonText(control.attribute(text(given, 'attribute')))],
  ['start', (control) => truth(control.start())],
  [
    'stop',
    (control, given) =>
      truth(control.stop({ hard: given['hard'] === true, shutdown: given['shutdown'] === true })),
  ],
  [
    'restart',
    (control, given) =>
      truth(
        control.restart({ hard: given['hard'] === true, delayMs: seconds(given['sleep_between']) * 1000 }),
      ),
  ],
  // Nothing of Python's own is left on the disk by us, so nothing remains to be deleted.
  ['delete_previous_persistence_remains__sync', () => '{}'],
  // Neither tokens nor subscriptions exist here yet; Python's answers for "none" are these.
  ['show_subscribe_message_types__sync', () => '{}'],
  ['delete_client_token_on_server', () => '{"status": true, "msg": ""}'],
  ['delete_client_token_on_client', () => '{"status": true, "msg": ""}'],
]);

/** @returns the answer, or undefined for a command that is not in the table */
export async function answerCommand(
  control: ConnectorControl,
  cmd: string,
  given: Arguments,
): Promise<string | undefined> {
  const handler = COMMANDS.get(cmd);
  if (handler === undefined) return undefined;
  try {
    return await handler(control, given);
  } catch (error) {
    return toAiocError(error).message;
  }
}

/** Exactly one of show, enable, disable or unique_peer. */
async function ignore(control: ConnectorControl, given: Arguments): Promise<string> {
  if (given['enable'] === true) await control.ignoreAll(true);
  else if (given['disable'] === true) await control.ignoreAll(false);
  else if (typeof given['unique_peer'] === 'string') await control.ignoreOnly(given['unique_peer']);
  return pythonText(control.ignored());
}

/** The name counts where both are given, as Python has it. */
function access(list: AccessChange['list'], what: AccessChange['what']): Handler {
  return (control, given) => {
    const { client_id: name, client_ip: address } = given;
    const who = {
      ...(typeof name === 'string' && name !== '' && { name }),
      ...(typeof address === 'string' && address !== '' && { address }),
    };
    return pythonText(control.changeAccess({ list, what, ...who }));
  };
}

async function truth(action: Promise<void>): Promise<string> {
  await action;
  return 'True';
}

function emptyOr<T extends object>(value: T, show: (value: T) => string): string {
  return Object.keys(value).length === 0 ? '{}' : show(value);
}

function text(given: Arguments, key: string): string {
  const value = given[key];
  if (typeof value === 'string') return value;
  throw new AiocError('AIOC_COMMAND', `the command needs ${key} as a text`);
}

function seconds(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0;
}
