import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConnectorConfig } from '../config/keys.ts';
import { USUAL_CONNECTOR_DIRECTORIES } from '../config/keys-directories.ts';
import { configError, type ParsedConfig } from '../config/parse-config.ts';
import { type ConnectorOwner, ownerInFileNames } from '../local/socket-names.ts';
import { journalPath } from './open-journal.ts';

export interface SettleOptions {
  /** The name of the configuration in errors. */
  readonly source: string;
  /** For tests; otherwise those that every program of this machine knows. */
  readonly usualDirectories?: readonly string[];
}

export interface SettledConfig extends ParsedConfig {
  /** The directories that were found and are used, one line each. */
  readonly notes: readonly string[];
}

/**
 * Chooses a directory if the configuration sets none. aioc and the versions of Python have different default directories;
 * aioc uses the one that already contains this connector's certificates, stored messages or journal. It ignores directories
 * of other users, since any user can create one.
 *
 * @throws AiocError AIOC_CONFIG if several of them contain such files
 */
export async function settleDirectories(
  parsed: ParsedConfig,
  { source, usualDirectories = USUAL_CONNECTOR_DIRECTORIES }: SettleOptions,
): Promise<SettledConfig> {
  const { config, given } = parsed;
  const first = { ...parsed, notes: [] };
  if (!given.has('connector_files_dirpath')) {
    const looksForCertificates = needsCertificates(config) && !given.has('certificates_directory_path');
    const found = await holders(usualDirectories, async (directory) => [
      ...(looksForCertificates && (await holdsCertificates(directory, config)) ? ['certificates'] : []),
      ...(await storedIn(directory, config)),
    ]);
    const base = theOne(found, { source, key: 'connector_files_dirpath' });
    if (base === undefined || base.directory === config.connector_files_dirpath) return first;
    const note = `connector_files_dirpath is not set; using ${base.directory}, which contains ${base.what.join(' and ')}`;
    return { ...parsed, config: movedTo(base.directory, parsed), notes: [note] };
  }
  if (!needsCertificates(config) || given.has('certificates_directory_path')) return first;
  if (await holdsCertificates(config.connector_files_dirpath, config)) return first;
  const found = await holders(usualDirectories, async (directory) =>
    (await holdsCertificates(directory, config)) ? ['certificates'] : [],
  );
  const one = theOne(found, { source, key: 'certificates_directory_path' });
  if (one === undefined) return first;
  const note = `certificates_directory_path is not set; using ${one.directory}, which contains certificates (${config.connector_files_dirpath} does not)`;
  return { ...parsed, config: { ...config, certificates_directory_path: one.directory }, notes: [note] };
}

interface Holder {
  readonly directory: string;
  readonly what: readonly string[];
}

async function holders(
  directories: readonly string[],
  whatIn: (directory: string) => Promise<readonly string[]>,
): Promise<Holder[]> {
  const all: Holder[] = [];
  for (const directory of directories) {
    const what = (await isOurs(directory)) ? await whatIn(directory) : [];
    if (what.length > 0) all.push({ directory, what });
  }
  return all;
}

function theOne(
  [one, ...others]: readonly Holder[],
  { source, key }: { readonly source: string; readonly key: string },
): Holder | undefined {
  if (one === undefined || others.length === 0) return one;
  const list = [one, ...others].map(({ directory, what }) => `${directory} (${what.join(' and ')})`);
  throw configError(source, [
    `${key}: not set, and several directories contain files of this connector: ${list.join(' and ')}; set it to the right one`,
  ]);
}

/** Everything that follows connector_files_dirpath and was not set itself. */
function movedTo(directory: string, { config, given }: ParsedConfig): ConnectorConfig {
  const followers = [
    'default_logger_dirpath',
    'certificates_directory_path',
    'tokens_directory_path',
  ] as const;
  const moved = followers.filter((name) => !given.has(name)).map((name) => [name, directory] as const);
  return { ...config, connector_files_dirpath: directory, ...Object.fromEntries(moved) };
}

function needsCertificates({ use_ssl, ssl_allow_all }: ConnectorConfig): boolean {
  return use_ssl && !ssl_allow_all;
}

/** Of this side: a machine that is only a client has no certificates of a server. */
async function holdsCertificates(directory: string, { is_server }: ConnectorConfig): Promise<boolean> {
  const half = is_server ? join('server', 'server-cert', 'server.pem') : join('client', 'client-certs');
  return (await infoOf(join(directory, 'certificates', half))) !== undefined;
}

async function storedIn(directory: string, config: ConnectorConfig): Promise<string[]> {
  const owner = ownerOfConfig(config);
  if (owner === undefined) return [];
  const self = ownerInFileNames(owner);
  const pythons = [
    `connector_disk_persistence_send_from_${self}_`,
    `connector_disk_persistence_recv_by_${self}_`,
  ];
  const names = await readdir(directory);
  const isStored = names.some((name) => pythons.some((beginning) => name.startsWith(beginning)));
  const hasJournal =
    config.journal_directory === null && (await infoOf(journalPath(directory, owner))) !== undefined;
  return [...(isStored ? ['messages that Python stored'] : []), ...(hasJournal ? ['stored messages'] : [])];
}

/** A client whose name is made up at each start has left nothing that it could find. */
function ownerOfConfig({
  is_server,
  server_sockaddr,
  client_name,
}: ConnectorConfig): ConnectorOwner | undefined {
  const [host, port] = server_sockaddr;
  if (is_server) return { role: 'server', host, port };
  return client_name === null ? undefined : { role: 'client', name: client_name };
}

async function isOurs(directory: string): Promise<boolean> {
  const info = await infoOf(directory);
  const ours = [0, process.getuid?.() ?? 0];
  return info?.isDirectory() === true && ours.includes(info.uid);
}

async function infoOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch {
    // Not there, or behind a directory that we may not enter: nothing of ours.
    return undefined;
  }
}
