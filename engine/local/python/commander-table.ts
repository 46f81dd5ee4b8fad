import { AiocError, toAiocError } from '../../base/errors.ts';
import { LOG_LEVEL } from '../../config/shapes.ts';
import { serverId } from '../../protocol/names.ts';
import type { AccessChange, ConnectorCommands } from '../connector-commands.ts';
import { indentedJson, pythonText, spacedJson } from './python-text.ts';

type Arguments = Readonly<Record<string, unknown>>;

/** The answer to a command. */
export interface CommandAnswer {
  readonly text: string;
  /** A line for the log, for what the answer in Python's form cannot express. */
  readonly warning?: string;
}

type CommandReply = string | CommandAnswer;
type Handler = (control: ConnectorCommands, given: Arguments) => Promise<CommandReply> | CommandReply;

/** Python's answer for None, False and empty values. */
const NOTHING = '{}';

/**
 * The commands of Python's tool that aioc accepts, with Python's answers. (Python itself calls any method by name,
 * PROTOCOL §4.)
 */
export const PYTHON_COMMANDS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  [
    'show_connected_peers__sync',
    (control, given) => dumped(control.connectedPeers(), given['dump_result'] ?? true, spacedJson),
  ],
  [
    'peek_queues__sync',
    (control, given) => {
      const { received, toSend } = control.queues();
      return dumped({ queue_recv: received, queue_send: toSend }, given['dump_result'], indentedJson);
    },
  ],
  ['manage_ignore_peer_traffic__sync', ignore],
  ['show_log_level__sync', (control) => control.logLevel()],
  ['set_log_level__sync', setLogLevel],
  ['delete_client_certificate_on_server', deleteCertificateOfClient],
  [
    'delete_client_certificate_on_client',
    (control, given) =>
      status(control.deleteOwnCertificate({ reconnect: given['restart_client'] !== false })),
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
  ['show_attribute__sync', (control, given) => attribute(control, text(given, 'attribute'))],
  ['start', (control) => silently(control.start())],
  [
    'stop',
    (control, given) =>
      silently(
        control.stop({ hard: given['hard'] === true, shutdown: given['shutdown'] === true }),
        withoutEffect(given),
      ),
  ],
  [
    'restart',
    (control, given) => {
      const delayMs = seconds(given['sleep_between']) * 1000;
      return silently(control.restart({ hard: given['hard'] === true, delayMs }), withoutEffect(given));
    },
  ],
  ['delete_previous_persistence_remains__sync', (control) => silently(control.deletePersistenceRemains())],
  // aioc has no tokens and subscriptions yet; these are Python's answers for "none".
  ['delete_client_token_on_server', () => without('tokens', '{"status": true, "msg": ""}')],
  ['delete_client_token_on_client', () => without('tokens', '{"status": true, "msg": ""}')],
  ['load_server_tokens', () => without('tokens', NOTHING)],
  ['load_client_token', () => without('tokens', NOTHING)],
  ['show_subscribe_message_types__sync', () => NOTHING],
  ['set_subscribe_message_types', subscribe],
]);

/** Commands that only aioc has. */
const OWN_COMMANDS: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ['renew_certificate', (control) => status(control.renewCertificate())],
  ['create_invitation', invite],
  ['list_transfers', async (control) => json({ transfers: await control.transfers() })],
  [
    'cancel_transfer',
    (control, given) => answered(async () => ({ transfer: await control.cancelTransfer(text(given, 'id')) })),
  ],
  [
    'clean_transfers',
    (control, { id, idle_ms: idleMs }) =>
      answered(async () => {
        if (typeof id === 'string') return { transfers: await control.cleanTransfers({ id }) };
        if (typeof idleMs !== 'number' || !(idleMs >= 0))
          throw new AiocError('AIOC_COMMAND', 'the command needs an id, or idle_ms as a number');
        return { transfers: await control.cleanTransfers({ idleMs }) };
      }),
  ],
]);

/** @returns the answer, or undefined for a command that is not in the table */
export async function answerCommand(
  control: ConnectorCommands,
  cmd: string,
  given: Arguments,
): Promise<CommandAnswer | undefined> {
  const handler = PYTHON_COMMANDS.get(cmd) ?? OWN_COMMANDS.get(cmd);
  if (handler === undefined) return undefined;
  try {
    const reply = await handler(control, given);
    const answer = typeof reply === 'string' ? { text: reply } : reply;
    return answer.text === '' ? { ...answer, text: NOTHING } : answer;
  } catch (error) {
    const { code, message } = toAiocError(error);
    // Already logged by the connector.
    return code === 'AIOC_NOT_SAVED' ? { text: message } : { text: message, warning: message };
  }
}

/** As JSON, or in Python's notation. */
function dumped(value: object, asJson: unknown, json: (value: object) => string): string {
  if (Object.keys(value).length === 0) return NOTHING;
  return asJson === true ? json(value) : pythonText(value);
}

/** Exactly one of show, enable, disable or unique_peer. */
async function ignore(control: ConnectorCommands, given: Arguments): Promise<string> {
  if (given['enable'] === true) await control.ignore('everybody');
  else if (given['disable'] === true) await control.ignore('nobody');
  else if (typeof given['unique_peer'] === 'string') await control.ignore({ only: given['unique_peer'] });
  return pythonText(control.ignored());
}

function setLogLevel(control: ConnectorCommands, given: Arguments): string {
  const level = LOG_LEVEL.schema.safeParse(given['level']);
  if (!level.success) {
    throw new AiocError('AIOC_COMMAND', `unknown log level: use ${LOG_LEVEL.takes}`);
  }
  control.setLogLevel(level.data);
  return control.logLevel();
}

/** Without TLS there is no certificate: Python answers "True" and disconnects the client. */
function deleteCertificateOfClient(
  control: ConnectorCommands,
  given: Arguments,
): Promise<CommandReply> | CommandReply {
  const name = text(given, 'client_id');
  if (control.attribute('use_ssl') === false) {
    control.disconnectClient(name);
    return { text: 'True', warning: `without TLS, ${name} has no certificate; it was only disconnected` };
  }
  const onlySymlink = given['remove_only_symlink'] === true;
  return status(control.deleteCertificateOfClient(name, { onlySymlink }));
}

/** Python's form of an answer, with the invitation beside it. */
async function invite(control: ConnectorCommands, given: Arguments): Promise<CommandReply> {
  const { hours, address } = given;
  try {
    const made = await control.invite({
      name: text(given, 'client_id'),
      ...(typeof hours === 'number' && { hours }),
      ...(typeof address === 'string' && { address }),
    });
    const { code, name, expiresAtMs } = made;
    const answer = { code, name, address: made.address, expires_ms: expiresAtMs };
    return spacedJson({ status: true, msg: '', ...answer });
  } catch (error) {
    return failed(error);
  }
}

/** If both are given, the name counts, as in Python. */
function access(list: AccessChange['list'], what: AccessChange['what']): Handler {
  return async (control, given) => {
    const { client_id: name, client_ip: address } = given;
    const who = {
      ...(typeof name === 'string' && name !== '' && { name }),
      ...(typeof address === 'string' && address !== '' && { address }),
    };
    if (await control.changeAccess({ list, what, ...who })) return 'True';
    return {
      text: NOTHING,
      warning: `the ${list} has no entry ${who.name ?? who.address}, so nothing was removed`,
    };
  };
}

function attribute(control: ConnectorCommands, key: string): string {
  const value = control.attribute(key);
  if (key !== 'server_sockaddr') return pythonText(value);
  const [host, port] = value as readonly [string, number];
  return serverId({ host, port });
}

function subscribe(control: ConnectorCommands, { message_types: types }: Arguments): CommandAnswer {
  const asked = Array.isArray(types) && types.length > 0 && control.attribute('is_server') === false;
  return without(
    'subscriptions',
    asked ? 'aioc has no subscriptions yet: nothing was subscribed to' : NOTHING,
  );
}

/** For unsupported commands: an answer, and a line in the log. */
function without(what: string, text: string): CommandAnswer {
  return { text, warning: `aioc does not support ${what} yet: a command about them had no effect` };
}

/** For a command without a result in Python. */
async function silently(action: Promise<unknown>, warning?: string): Promise<CommandAnswer> {
  await action;
  return { text: NOTHING, ...(warning !== undefined && { warning }) };
}

/** Unsupported arguments that are not at their defaults. */
function withoutEffect(given: Arguments): string | undefined {
  const asked = [
    ...(given['connector_socket_only'] === true ? ['connector_socket_only'] : []),
    ...(given['client_wait_for_reconnect'] === true ? ['client_wait_for_reconnect'] : []),
    ...(given['enable_delete_files'] === false ? ['enable_delete_files'] : []),
  ];
  return asked.length === 0 ? undefined : `not supported yet, ignored: ${asked.join(', ')}`;
}

async function status(action: Promise<void>): Promise<CommandAnswer> {
  try {
    await action;
    return { text: spacedJson({ status: true, msg: '' }) };
  } catch (error) {
    return failed(error);
  }
}

/** An answer of aioc's own, with a value. */
async function answered(action: () => Promise<object>): Promise<CommandReply> {
  try {
    return json(await action());
  } catch (error) {
    return failed(error);
  }
}

/** As `spacedJson`, for values without large numbers. */
function json(value: object): string {
  return JSON.stringify({ status: true, msg: '', ...value });
}

function failed(error: unknown): CommandAnswer {
  const { message } = toAiocError(error);
  return { text: spacedJson({ status: false, msg: message }), warning: message };
}

function text(given: Arguments, key: string): string {
  const value = given[key];
  if (typeof value === 'string') return value;
  throw new AiocError('AIOC_COMMAND', `the command needs ${key} as a string`);
}

function seconds(value: unknown): number {
  return typeof value === 'number' && value >= 0 ? value : 0;
}
