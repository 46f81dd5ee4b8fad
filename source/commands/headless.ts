import { hostAndPort } from '../../engine/index.ts';
import { type ConfiguredEngine, configuredEngine } from '../configured-engine.ts';
import { EXIT } from '../exit-codes.ts';
import { harmless } from '../harmless.ts';
import { collectWhenIdle } from '../idle-collection.ts';
import { tierUpSooner } from '../tier-up.ts';

/**
 * `aioc --headless FILE`, `aioc create_connector FILE`: runs a connector without a screen. It prints one line when it is
 * ready. SIGTERM and SIGINT drain the queues and end it, a second one ends it at once; SIGHUP reopens the log file.
 *
 * @returns the exit code
 * @throws AiocError why it could not start
 */
export async function runHeadless(configPath: string): Promise<number> {
  tierUpSooner();
  collectWhenIdle();
  let end: () => void = () => undefined;
  const asked = new Promise<void>((resolve) => {
    end = resolve;
  });
  const daemon = await configuredEngine({ configPath, onShutdown: () => end() });
  const { engine, config, log, warnings } = daemon;
  for (const warning of warnings) process.stderr.write(harmless(`aioc: warning: ${warning}\n`));
  try {
    await engine.start();
  } catch (error) {
    await log.close();
    throw error;
  }
  if (!config.silent) log.echo(process.stdout);
  // A supervisor that reads the ready line may send a signal at once.
  const stopListening = listenToSignals(daemon, end);
  process.stdout.write(harmless(`${readiness(daemon)}\n`));
  await asked;
  await engine.stop();
  stopListening();
  await log.close();
  return EXIT.ok;
}

function readiness({ config }: ConfiguredEngine): string {
  const role = config.is_server ? 'server on' : `client ${config.client_name} of`;
  const security = !config.use_ssl ? 'no TLS' : config.ssl_allow_all ? 'TLS, any certificate' : 'mutual TLS';
  return `aioc ready: ${role} ${hostAndPort(...config.server_sockaddr)}, ${security}, process ${process.pid}`;
}

/** @returns a function that stops listening to them */
function listenToSignals({ engine, log }: ConfiguredEngine, end: () => void): () => void {
  let ending = false;
  const finish = (): void => {
    if (ending) void engine.stop({ hard: true });
    ending = true;
    end();
  };
  const reopen = (): void => log.reopen();
  process.on('SIGTERM', finish);
  process.on('SIGINT', finish);
  process.on('SIGHUP', reopen);
  return () => {
    process.off('SIGTERM', finish);
    process.off('SIGINT', finish);
    process.off('SIGHUP', reopen);
  };
}
