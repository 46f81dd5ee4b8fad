import { resolve } from 'node:path';
import { sanitize } from '../../components/terminal/sanitize.ts';
import {
  AiocError,
  type CertificateEntry,
  createCertificates,
  listCertificates,
  repairCertificates,
  revokeClient,
} from '../../engine/index.ts';
import { askOrDo, type CertificatePlace, certificatePlaceOf } from '../certificate-place.ts';
import { EXIT } from '../exit-codes.ts';
import { harmless, jsonPage } from '../harmless.ts';
import { plainTable } from '../plain-table.ts';
import type { CertificateListOptions, ConnectorWhere, RevokeOptions } from './certificate-arguments.ts';

/** Receives whole lines. */
type Print = (text: string) => void;

const printed: Print = (text) => void process.stdout.write(harmless(text));

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
  print: Print = printed,
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
  print: Print = printed,
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

const DAY_MS = 86_400_000;

/** A server that does not answer must not keep its list back. */
const ASK_TIMEOUT_MS = 2_000;

/**
 * `aioc certificates list`: lists certificates and open invitations, as a table or as JSON.
 *
 * @returns the exit code: 1 if a certificate ends within `days`, or is not accepted
 * @throws AiocError AIOC_COMMAND, AIOC_CERTIFICATES, AIOC_CONFIG, AIOC_CONNECTOR_AWAY
 */
export async function runListCertificates(
  options: CertificateListOptions,
  print: Print = printed,
): Promise<number> {
  const place = await certificatePlaceOf(options);
  const { directory, part, clientName } = place;
  const entries = await listCertificates({ directory, part, clientName });
  const connected = await connectedClients(place);
  const rows = entries.map((entry) => rowOf(entry, { nowMs: Date.now(), connected }));
  if (options.json) print(`${jsonPage(rows)}\n`);
  else print(`${tableOf(rows)}\n`);
  const isFine = (row: CertificateRow): boolean =>
    row.kind === 'invited' || (row.fault === undefined && (row.daysLeft ?? 0) > options.days);
  return rows.every(isFine) ? EXIT.ok : EXIT.failed;
}

/** What `list` shows; these are the names in its JSON. */
interface CertificateRow {
  readonly kind: CertificateEntry['kind'];
  readonly name: string;
  readonly fingerprint?: string;
  readonly words?: string;
  /** ISO 8601. */
  readonly ends?: string;
  /** Whole days. */
  readonly daysLeft?: number;
  readonly unconfirmed: boolean;
  /** Of the clients of a server that runs: whether it is connected now. */
  readonly connected?: boolean;
  /** Of the clients of a server: ISO 8601, `never` or `unknown`. */
  readonly lastUse?: string;
  /** Why it is not accepted. */
  readonly fault?: string;
}

interface ListedAt {
  readonly nowMs: number;
  /** undefined if the server does not run, or this is no server. */
  readonly connected: ReadonlySet<string> | undefined;
}

function rowOf(entry: CertificateEntry, { nowMs, connected }: ListedAt): CertificateRow {
  const { kind, name, fingerprint, words, endsAtMs, isUnconfirmed, lastUseMs, fault } = entry;
  const isConnected = kind === 'client' ? connected?.has(name) : undefined;
  const lastUse = lastUseText(isConnected === true ? nowMs : lastUseMs, isUnconfirmed);
  return {
    kind,
    name,
    ...(fingerprint !== '' && { fingerprint, words }),
    ...(endsAtMs !== undefined && {
      ends: new Date(endsAtMs).toISOString(),
      daysLeft: Math.floor((endsAtMs - nowMs) / DAY_MS),
    }),
    unconfirmed: isUnconfirmed,
    ...(isConnected !== undefined && { connected: isConnected }),
    ...(lastUse !== undefined && { lastUse }),
    ...(fault !== undefined && { fault }),
  };
}

/** The mark of an unconfirmed certificate goes with its first connection: such a one was never used. */
function lastUseText(useMs: CertificateEntry['lastUseMs'], isUnconfirmed: boolean): string | undefined {
  if (typeof useMs === 'number') return new Date(useMs).toISOString();
  return useMs === 'unknown' && isUnconfirmed ? 'never' : useMs;
}

/** The names of the clients that are connected; undefined if the server cannot be asked. */
async function connectedClients(place: CertificatePlace): Promise<ReadonlySet<string> | undefined> {
  if (place.part !== 'server') return undefined;
  try {
    const peers = await place.tool?.showConnectedPeers({ timeoutMs: ASK_TIMEOUT_MS });
    return peers && new Set(Object.keys(peers));
  } catch (error) {
    // It does not run, is stuck, or belongs to another user: the files still say everything else.
    if (error instanceof AiocError) return undefined;
    throw error;
  }
}

function tableOf(rows: readonly CertificateRow[]): string {
  const lines = rows.map((row) => [
    sanitize(row.name),
    row.daysLeft === undefined ? '' : String(row.daysLeft),
    row.ends?.slice(0, 10) ?? '',
    stateOf(row),
    lastUseOf(row),
    row.words ?? '',
  ]);
  const table = plainTable([['NAME', 'DAYS LEFT', 'ENDS', 'STATE', 'LAST USE', 'WORDS'], ...lines]);
  const faults = rows.flatMap(({ name, fault }) =>
    fault === undefined ? [] : [`${sanitize(name)}: ${sanitize(fault)}`],
  );
  return [table, ...faults].join('\n');
}

function stateOf({ kind, unconfirmed, fault }: CertificateRow): string {
  if (fault !== undefined) return 'not accepted';
  if (kind === 'invited') return 'invited';
  if (kind === 'server') return 'this server';
  return unconfirmed ? 'never connected' : 'valid';
}

/** Empty for a certificate that no peer connects with here. */
function lastUseOf({ connected = false, lastUse }: CertificateRow): string {
  if (lastUse === undefined) return '';
  if (connected) return 'now';
  return lastUse === 'unknown' || lastUse === 'never'
    ? lastUse
    : `${lastUse.slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * `aioc certificates revoke`: ends the trust in a client, and its invitation.
 *
 * @throws AiocError AIOC_COMMAND, AIOC_CERTIFICATE_MISSING, AIOC_CERTIFICATES, AIOC_CONFIG, AIOC_CONNECTOR_AWAY
 */
export async function runRevokeCertificate(options: RevokeOptions, print: Print = printed): Promise<number> {
  const { name } = options;
  const place = await certificatePlaceOf(options);
  if (place.part === 'client')
    throw new AiocError(
      'AIOC_COMMAND',
      'certificates are revoked on the server: give the configuration file of the server',
    );
  await askOrDo<unknown>(
    place,
    (tool) => tool.deleteClientCertificateOnServer(name),
    () => revokeClient(place, name),
  );
  print(
    `revoked: ${sanitize(name)} may not connect. To let it join again, invite it: aioc invite ${sanitize(options.connector ?? 'CONNECTOR')} ${sanitize(name)}\n`,
  );
  return EXIT.ok;
}

/**
 * `aioc certificates renew`: replaces the certificate of a running client.
 *
 * @throws AiocError AIOC_COMMAND with the reason, AIOC_CONNECTOR_AWAY, AIOC_CONFIG
 */
export async function runRenewCertificate(options: ConnectorWhere, print: Print = printed): Promise<number> {
  const { tool, part, directory, clientName } = await certificatePlaceOf(options);
  if (tool === undefined || part !== 'client')
    throw new AiocError(
      'AIOC_COMMAND',
      'a running client renews its certificate: give its configuration file or its name',
    );
  await tool.renewCertificate();
  const entries = await listCertificates({ directory, part, clientName });
  const ends = entries.find(({ kind }) => kind === 'client')?.endsAtMs;
  const until = ends === undefined ? '' : `: it is valid until ${new Date(ends).toISOString().slice(0, 10)}`;
  print(`renewed the certificate of ${sanitize(clientName ?? 'the client')}${until}\n`);
  return EXIT.ok;
}
