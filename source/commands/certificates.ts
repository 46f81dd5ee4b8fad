import { resolve } from 'node:path';
import { createCertificates, repairCertificates } from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';

/** Where a connector looks when its configuration names no certificates_directory_path. */
const DEFAULT_DIRECTORY = '/tmp/aioconnectors';

/**
 * `aioc create_certificates [dir]`: makes the certificates of a server and of its clients, and says what to do with them.
 *
 * @param directory certificates_directory_path, also relative to the working directory
 * @param print takes whole lines; standard output unless given
 * @returns the exit code
 * @throws AiocError AIOC_CERTIFICATES
 */
export async function runCreateCertificates(
  directory: string = DEFAULT_DIRECTORY,
  print: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<number> {
  const path = resolve(directory);
  const { root, clientPart, serverFingerprint, serverWords } = await createCertificates(path);
  print(
    [
      `made ${root}`,
      `server: ${serverWords}`,
      `        SHA-256 ${serverFingerprint}`,
      `Next:   set "certificates_directory_path": ${JSON.stringify(path)} in the server's configuration,`,
      `        and copy ${clientPart} to certificates/client in each client's own certificates directory.`,
      '        It holds a private key with which one may ask for a certificate: copy it over a safe way.',
      '',
    ].join('\n'),
  );
  return EXIT.ok;
}

export interface RepairInvocation {
  /** certificates_directory_path, also relative to the working directory. */
  readonly directory: string;
  readonly isDryRun: boolean;
}

/**
 * `aioc certificates repair DIR [--dry_run]`: puts a copied directory right, and says what it did and what it could not.
 *
 * @param print takes whole lines; standard output unless given
 * @returns the exit code: 0 when all is in order, 1 when something is left to do (in a dry run: anything)
 * @throws AiocError AIOC_CERTIFICATES
 */
export async function runRepairCertificates(
  { directory, isDryRun }: RepairInvocation,
  print: (text: string) => void = (text) => void process.stdout.write(text),
): Promise<number> {
  const path = resolve(directory);
  const { done, left } = await repairCertificates(path, { isDryRun });
  const lines = [
    ...done.map((what) => `${isDryRun ? 'would do' : 'done'}: ${what}`),
    ...left.map((what) => `left: ${what}`),
  ];
  if (lines.length === 0) lines.push(`${path}: all is in order`);
  print(`${lines.join('\n')}\n`);
  return left.length > 0 || (isDryRun && done.length > 0) ? EXIT.failed : EXIT.ok;
}
