import { resolve } from 'node:path';
import { createCertificates, repairCertificates } from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';

/** The default of certificates_directory_path. */
const DEFAULT_DIRECTORY = '/tmp/aioconnectors';

/**
 * `aioc create_certificates [DIR]`: creates the certificates of a server and its clients, and prints what to do with them.
 *
 * @param directory certificates_directory_path, absolute or relative to the working directory
 * @param print receives whole lines; default: the standard output
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
      `created ${root}`,
      `server: ${serverWords}`,
      `        SHA-256 ${serverFingerprint}`,
      `Next:   set "certificates_directory_path": ${JSON.stringify(path)} in the server's configuration,`,
      `        and copy ${clientPart} to certificates/client in each client's own certificates directory.`,
      '        Copy it over a secure channel: anyone who has its key can request a client certificate.',
      '',
    ].join('\n'),
  );
  return EXIT.ok;
}

export interface RepairInvocation {
  /** certificates_directory_path, absolute or relative to the working directory. */
  readonly directory: string;
  readonly isDryRun: boolean;
}

/**
 * `aioc certificates repair DIR [--dry_run]`: repairs a copied directory, and prints what it did and could not do.
 *
 * @param print receives whole lines; default: the standard output
 * @returns the exit code: 0 if the directory is in order, 1 if something is left to do (in a dry run: anything)
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
    ...left.map((what) => `not repaired: ${what}`),
  ];
  if (lines.length === 0) lines.push(`${path}: nothing to repair`);
  print(`${lines.join('\n')}\n`);
  return left.length > 0 || (isDryRun && done.length > 0) ? EXIT.failed : EXIT.ok;
}
