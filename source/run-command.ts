import { AiocError } from '../engine/base/errors.ts';
import type { Invocation } from './arguments.ts';
import { failed } from './command-failure.ts';
import type { AttachOptions } from './commands/send-arguments.ts';
import { EXIT } from './exit-codes.ts';
import { collectLessOften } from './heap-growth.ts';
import { exitCodeAfter, guardStandardOutput } from './standard-output.ts';
import { tierUpAfterStart } from './tier-up.ts';

/** All but what the command line itself answers. */
export type CommandInvocation = Exclude<Invocation, { readonly mode: 'help' | 'version' }>;

/** Runs a command to its end, and sets the exit code. */
export async function runCommand(command: CommandInvocation): Promise<void> {
  guardStandardOutput();
  try {
    process.exitCode = exitCodeAfter(await run(command));
  } catch (error) {
    process.exitCode = failed(error);
  }
}

/** It loads only what the command needs: an upload never loads the screen. */
async function run(invocation: CommandInvocation): Promise<number> {
  switch (invocation.mode) {
    case 'templates':
      return (await import('./commands/config.ts')).runPrintConfigTemplates();
    case 'config-check':
      return (await import('./commands/config.ts')).runConfigCheck(invocation.file);
    case 'certificates':
      return (await import('./commands/certificates.ts')).runCreateCertificates(invocation.directory);
    case 'certificates-repair':
      return (await import('./commands/certificates.ts')).runRepairCertificates(invocation);
    case 'certificates-list':
      return (await import('./commands/certificates.ts')).runListCertificates(invocation);
    case 'certificates-revoke':
      return (await import('./commands/certificates.ts')).runRevokeCertificate(invocation);
    case 'certificates-renew':
      return (await import('./commands/certificates.ts')).runRenewCertificate(invocation);
    case 'invite':
      return (await import('./commands/invitations.ts')).runInvite(invocation);
    case 'join':
      return (await import('./commands/invitations.ts')).runJoin(invocation);
    case 'headless':
      return runDaemon(invocation.file);
    case 'status':
      return (await import('./commands/status.ts')).runStatus(invocation);
    case 'cli':
      return (await import('./commands/cli.ts')).runCli(invocation);
    case 'log':
      return (await import('./commands/log.ts')).runLog(invocation);
    case 'ping':
      return (await import('./commands/api-tools.ts')).runPing(invocation.file, invocation.to);
    case 'receive':
      return (await import('./commands/api-tools.ts')).runTestReceive(invocation.file);
    case 'send':
      return (await import('./commands/send.ts')).runSend(invocation);
    case 'files':
      return (await import('./commands/files.ts')).runFiles(invocation);
    case 'tail':
      return (await import('./commands/tail.ts')).runTail(invocation);
    case 'top':
      return (await import('./commands/top.ts')).runTop(invocation);
    case 'queues':
      return (await import('./commands/queues.ts')).runQueues(invocation);
    case 'known':
      return (await import('./commands/known.ts')).runKnown(invocation);
    case 'chat-forget':
      return (await import('./commands/chat-forget.ts')).runChatForget(invocation);
    case 'listen':
      return (await import('./commands/listen.ts')).runListen(invocation);
    case 'test-send':
      return (await import('./commands/api-tools.ts')).runTestSend(invocation.file, invocation);
    case 'attach':
      return attachScreen(invocation);
    case 'upload':
      return (await import('./commands/upload.ts')).runUpload(invocation.settings, invocation.path);
    case 'screen':
      return showScreen(invocation);
  }
}

async function runDaemon(file: string): Promise<number> {
  // V8 would keep the space for all objects that loading the engine makes.
  collectLessOften();
  // Sockets that are still closing must not keep the daemon alive.
  return process.exit(await (await import('./commands/headless.ts')).runHeadless(file));
}

async function showScreen({ subject, ...look }: Extract<Invocation, { mode: 'screen' }>): Promise<number> {
  if (subject.kind === 'connector') {
    const { offerToAttach } = await import('./commands/attach-offer.ts');
    const answer = await offerToAttach(subject.file);
    if (answer === 'nothing') return EXIT.failed;
    if (answer === 'attach') return attachScreen({ ...look, connector: subject.file, directories: [] });
  }
  needTerminal(
    subject.kind === 'chat' ? '"aioc chat --target HOST --upload PATH"' : `"aioc --headless ${subject.file}"`,
  );
  tierUpAfterStart();
  const { runScreen } = await import('./screen/run-screen.ts');
  // The open terminal input would keep the process alive.
  return process.exit(await runScreen(subject, look));
}

async function attachScreen(options: AttachOptions): Promise<number> {
  needTerminal('"aioc status"');
  tierUpAfterStart();
  const { runAttach } = await import('./screen/run-attach.ts');
  return process.exit(await runAttach(options));
}

/** @throws AiocError AIOC_NO_TERMINAL */
function needTerminal(instead: string): void {
  if (process.stdin.isTTY && process.stdout.isTTY) return;
  throw new AiocError(
    'AIOC_NO_TERMINAL',
    `the full screen needs a terminal on its input and output; without one, use ${instead}`,
  );
}
