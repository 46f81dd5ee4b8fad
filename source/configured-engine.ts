import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import stableStringify from 'fast-json-stable-stringify';
import {
  type ConnectorConfig,
  createConnectorEngine,
  type Engine,
  type LogLine,
  loadConfig,
  realClock,
  realRandomness,
  socketsOfConfig,
  withClientName,
} from '../engine/index.ts';
import { LogFile } from './log-file.ts';
import { defaultReceivedDirectory, stateDirectory } from './places.ts';
import { VERSION } from './version.ts';

/** What `default_logger_rotate: true` means. */
const USUAL_ROTATION_BYTES = 64 * 1024 * 1024;

export interface ConfiguredEngineOptions {
  readonly configPath: string;
  /** A command from this machine asks the program to end. */
  readonly onShutdown: () => void;
  readonly fixedWallMs?: number;
}

export interface ConfiguredEngine {
  readonly engine: Engine;
  readonly config: ConnectorConfig;
  readonly log: LogFile;
  /** What the configuration asks for and does not get. */
  readonly warnings: readonly string[];
}

/**
 * A connector out of a configuration file, with its log; not started yet.
 *
 * @throws AiocError AIOC_CONFIG, AIOC_CERTIFICATES, AIOC_SOCKET_PATH
 */
export async function configuredEngine(options: ConfiguredEngineOptions): Promise<ConfiguredEngine> {
  const { onShutdown, fixedWallMs } = options;
  const configPath = resolve(options.configPath);
  const loaded = await loadConfig({ file: configPath, role: 'manager' });
  const config = withClientName(loaded.config, realRandomness().bytes);
  socketsOfConfig(config);
  const log = await openLog(config);
  for (const warning of loaded.warnings) log.write({ level: 'WARNING', text: warning });
  const saver = new ConfigSaver(configPath);
  const state = stateDirectory();
  const engine = await createConnectorEngine({
    config,
    version: VERSION,
    stateDirectory: state,
    receivedDirectory: defaultReceivedDirectory(),
    onShutdown,
    onAccessChanged: (key, entries) => saver.set(key, entries),
    onIgnoreChanged: (ignored) => saver.set('ignore_peer_traffic', ignored),
    onLogLine: (line: LogLine) => log.write(line),
    logLevel: {
      get: () => log.level,
      set: (level) => {
        log.level = level;
      },
    },
    ...(fixedWallMs !== undefined && { fixedWallMs }),
  });
  return { engine, config, log, warnings: loaded.warnings };
}

/** Opens the log file that a configuration asks for; its directory is made where missing. */
export async function openLog(config: ConnectorConfig): Promise<LogFile> {
  const directory = config.default_logger_dirpath;
  await mkdir(directory, { recursive: true });
  const { default_logger_rotate: rotate } = config;
  const clock = realClock();
  return new LogFile({
    directory,
    level: config.default_logger_log_level,
    rotateBytes: rotate === true ? USUAL_ROTATION_BYTES : rotate === false ? undefined : rotate,
    backups: config.default_logger_bk_count,
    wallNow: () => clock.wallNow(),
  });
}

/** Writes what was changed while it ran back into the configuration file, one change after another. */
export class ConfigSaver {
  readonly #path: string;
  #saving: Promise<void> = Promise.resolve();

  constructor(path: string) {
    this.#path = path;
  }

  set(key: string, value: unknown): void {
    this.#saving = this.#saving.then(() => this.#write(key, value)).catch(() => undefined);
  }

  async #write(key: string, value: unknown): Promise<void> {
    const config = JSON.parse(await readFile(this.#path, 'utf8')) as Record<string, unknown>;
    config[key] = value;
    // Stable order on one line would be no file for people: the same order, indented.
    const ordered: unknown = JSON.parse(stableStringify(config));
    const next = `${this.#path}.new`;
    await writeFile(next, `${JSON.stringify(ordered, null, 2)}\n`, { mode: 0o600 });
    await rename(next, this.#path);
  }
}
