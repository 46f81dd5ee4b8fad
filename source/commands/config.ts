import {
  AiocError,
  type ConfigRole,
  configTemplates,
  loadConfig,
  readConfigFile,
  roleOfConfig,
  settleDirectories,
  socketsOfConfig,
} from '../../engine/index.ts';
import { EXIT } from '../exit-codes.ts';

interface Sink {
  write(text: string): unknown;
}

interface Streams {
  readonly stdout: Sink;
  readonly stderr: Sink;
}

const READERS: Readonly<Record<ConfigRole, string>> = {
  manager: 'for a connector',
  api: 'for programs that use a connector',
};

/**
 * `aioc config check FILE`: says whether a connector, or a program that uses one, could work with the file.
 *
 * @returns the exit code: 0 when it could (warnings included), 1 when the file has faults, which go to stderr, or keys that
 * there are not
 */
export async function runConfigCheck(file: string, { stdout, stderr }: Streams = process): Promise<number> {
  try {
    const role = roleOfConfig(await readConfigFile(file));
    const loaded = await loadConfig({ file, role });
    const { config, warnings, notes, unknownKeys } =
      role === 'manager' ? await settleDirectories(loaded, { source: file }) : { ...loaded, notes: [] };
    socketsOfConfig(config);
    const isFine = unknownKeys.length === 0;
    const disposition = isFine ? 'fine' : 'usable, but not all of it is understood';
    const lines = [
      `${file}: ${disposition}, ${READERS[role]}`,
      ...notes.map((note) => `  ${note}`),
      ...warnings.map((warning) => `  warning: ${warning}`),
    ];
    stdout.write(`${lines.join('\n')}\n`);
    return isFine ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!(error instanceof AiocError)) throw error;
    const message = error.message.startsWith(file) ? error.message : `${file}: ${error.message}`;
    stderr.write(`${message} [${error.code}]\n`);
    return EXIT.failed;
  }
}

const DESTINATION_EXAMPLE = {
  any: {
    override_existing: false,
    owner: null,
    target_directory: '/tmp/aioconnectors/{message_type}/{source_id}',
  },
};

/** `aioc print_config_templates`: every key at its default, for a connector and for the programs that use one. */
export function runPrintConfigTemplates({ stdout }: Pick<Streams, 'stdout'> = process): number {
  const { manager, api } = configTemplates();
  const parts = [
    '# For a connector: aioc config.json, aioc create_connector config.json',
    manager,
    '',
    '# What file_recv_config may hold: a directory for each type of file',
    JSON.stringify(DESTINATION_EXAMPLE, undefined, 4),
    '',
    '# For a program that sends and receives through a connector',
    api,
  ];
  stdout.write(`${parts.join('\n')}\n`);
  return EXIT.ok;
}
