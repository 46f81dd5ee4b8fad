import { sanitize } from '../../components/terminal/sanitize.ts';
import { AiocError, forgetConversation, keptConversations, stateDirectory } from '../../engine/index.ts';
import { confirm } from '../ask.ts';
import { EXIT } from '../exit-codes.ts';
import type { ChatForgetOptions } from './chat-forget-arguments.ts';

/**
 * `aioc chat forget [NAME]`: deletes what was said with one machine or with all of them, and the lines that wait for it.
 *
 * @param print receives whole lines; default: the standard output
 * @returns the exit code
 * @throws AiocError AIOC_PEER_UNKNOWN, AIOC_USAGE without a terminal and --yes, AIOC_STATE_DIRECTORY
 */
export async function runChatForget(
  { name, isSure }: ChatForgetOptions,
  print: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<number> {
  const all = await keptConversations(stateDirectory());
  const meant = all.filter((one) => name === undefined || one.name === name || one.fingerprint === name);
  if (meant.length === 0) {
    if (name === undefined) return print('No conversations are kept.\n') ?? EXIT.ok;
    throw new AiocError(
      'AIOC_PEER_UNKNOWN',
      `no conversation with ${name} is kept${all.length === 0 ? '' : `; with: ${namesOf(all)}`}`,
    );
  }
  if (!isSure) {
    if (!process.stdin.isTTY)
      throw new AiocError('AIOC_USAGE', 'to delete conversations without a terminal, add --yes');
    const question = `Delete what was said with ${namesOf(meant)}? It cannot be brought back.`;
    if (!(await confirm(question, { enter: 'no' }))) return EXIT.failed;
  }
  for (const conversation of meant) {
    const isAll = await forgetConversation(conversation);
    const rest = isAll ? '' : '; an aioc that runs still shows it, and sends what waits';
    print(`forgot what was said with ${nameOf(conversation)}${rest}\n`);
  }
  return EXIT.ok;
}

type KeptOne = Awaited<ReturnType<typeof keptConversations>>[number];

function namesOf(those: readonly KeptOne[]): string {
  return [...new Set(those.map(nameOf))].join(', ');
}

function nameOf({ name, fingerprint }: KeptOne): string {
  return name === undefined ? fingerprint : sanitize(name);
}
