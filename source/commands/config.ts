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
import { harmless } from '../harmless.ts';

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
 * `aioc config check FILE`: checks whether a connector, or a program that uses one, can use the file.
 *
 * @returns the exit code: 0 if it can (there may be warnings), 1 if the file has errors, which go to stderr, or unknown keys
 */
export async function runConfigCheck(file: string, { stdout, stderr }: Streams = process): Promise<number> {
  try {
    const role = roleOfConfig(await readConfigFile(file));
    const loaded = await loadConfig({ file, role });
    const { config, warnings, notes, unknownKeys } =
      role === 'manager' ? await settleDirectories(loaded, { source: file }) : { ...loaded, notes: [] };
    socketsOfConfig(config);
    const isFine = unknownKeys.length === 0;
    const result = isFine ? 'OK' : 'usable, but has unknown keys';
    const lines = [
      `${file}: ${result}, ${READERS[role]}`,
      ...notes.map((note) => `  ${note}`),
      ...warnings.map((warning) => `  warning: ${warning}`),
    ];
    stdout.write(harmless(`${lines.join('\n')}\n`));
    return isFine ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (!(error instanceof AiocError)) throw error;
    const message = error.message.startsWith(file) ? error.message : `${file}: ${error.message}`;
    stderr.write(harmless(`${message} [${error.code}]\n`));
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

/** `aioc print_config_templates`: prints every key with its default, for a connector and for programs that use one. */
export function runPrintConfigTemplates({ stdout }: Pick<Streams, 'stdout'> = process): number {
  const { manager, api } = configTemplates();
  const parts = [
    '# For a connector: aioc config.json, aioc create_connector config.json',
    manager,
    '',
    '# An example of file_recv_config: a directory for each file type',
    JSON.stringify(DESTINATION_EXAMPLE, undefined, 4),
    '',
    '# For a program that sends and receives through a connector',
    api,
  ];
  stdout.write(`${parts.join('\n')}\n`);
  return EXIT.ok;
}
