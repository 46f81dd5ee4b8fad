import { text as readAll } from 'node:stream/consumers';
import { sanitize } from '../../components/terminal/sanitize.ts';
import { AiocError, inviteClient, joinByInvitation, VERSION } from '../../engine/index.ts';
import { askOrDo, certificatePlaceOf } from '../certificate-place.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonLine } from '../message-lines.ts';
import type { ShellInviteOptions } from './certificate-arguments.ts';

/**
 * `aioc invite CONNECTOR NAME`: makes an invitation. The code alone goes to the standard output, so that a script can
 * take it; what to do with it goes to the standard error.
 *
 * @throws AiocError AIOC_COMMAND, AIOC_NAME_BAD, AIOC_CERTIFICATE_EXISTS, AIOC_CERTIFICATES, AIOC_CONNECTOR_AWAY
 */
export async function runInvite(options: ShellInviteOptions): Promise<number> {
  const { name, hours, address, json } = options;
  const place = await certificatePlaceOf(options);
  if (place.part !== 'server')
    throw new AiocError('AIOC_COMMAND', 'only a server can invite: give the configuration file of a server');
  const made = await askOrDo(
    place,
    (tool) => tool.createInvitation(name, { hours, address }),
    () => inviteClient(place, { name, hours, address }),
  );
  const expires = new Date(made.expiresAtMs).toISOString();
  if (json) {
    const { code, address: server } = made;
    process.stdout.write(`${jsonLine({ code, name, address: server, expires })}\n`);
    return EXIT.ok;
  }
  process.stdout.write(`${made.code}\n`);
  process.stderr.write(
    [
      `${made.name} can use this invitation once, until ${expires}, to reach this server at ${sanitize(made.address)}.`,
      `On its machine: aioc join CODE`,
      'Send the code over a private channel: the first to use it becomes this client.',
      '',
    ].join('\n'),
  );
  return EXIT.ok;
}

/**
 * `aioc join CODE [DIRECTORY]`: joins a server by invitation, and prints how to start the client.
 *
 * @throws AiocError AIOC_INVITATION, AIOC_REFUSED_BY_PEER, AIOC_CONNECT, AIOC_RESPONSE_LOST, AIOC_CONFIG, AIOC_CERTIFICATES
 */
export async function runJoin(options: {
  readonly code: string;
  readonly directory?: string;
}): Promise<number> {
  const code = options.code === '-' ? await readAll(process.stdin) : options.code;
  const { directory } = options;
  const { name, address, serverWords, configFile } = await joinByInvitation({
    ...{ code, directory },
    version: VERSION,
  });
  process.stdout.write(
    [
      `joined ${sanitize(address)} as ${name}`,
      `server: ${serverWords}`,
      `Next:   aioc ${sanitize(configFile)}             (on the full screen)`,
      `        aioc --headless ${sanitize(configFile)}  (without a screen)`,
      '',
    ].join('\n'),
  );
  return EXIT.ok;
}
