import { resolve } from 'node:path';
import {
  ConfigFile,
  type ConnectorConfig,
  createConnectorEngine,
  type Engine,
  type LogFile,
  type LogLine,
  loadConfig,
  openLog,
  placesOfConnector,
  realRandomness,
  settleDirectories,
  socketsOfConfig,
  VERSION,
  withClientName,
} from '../engine/index.ts';
import { harmless } from './harmless.ts';

export interface ConfiguredEngineOptions {
  readonly configPath: string;
  /** A command from this machine shuts the program down. */
  readonly onShutdown: () => void;
  readonly fixedWallMs?: number;
}

export interface ConfiguredEngine {
  readonly engine: Engine;
  readonly config: ConnectorConfig;
  readonly log: LogFile;
  /** What the configuration asks for and aioc does not do. */
  readonly warnings: readonly string[];
}

/**
 * Creates a connector from a configuration file, and opens its log; it does not start the connector.
 *
 * @throws AiocError AIOC_CONFIG, AIOC_DIRECTORY, AIOC_CERTIFICATES, AIOC_SOCKET_PATH
 */
export async function configuredEngine(options: ConfiguredEngineOptions): Promise<ConfiguredEngine> {
  const { onShutdown, fixedWallMs } = options;
  const configPath = resolve(options.configPath);
  const loaded = await settleDirectories(await loadConfig({ file: configPath, role: 'manager' }), {
    source: configPath,
  });
  const config = withClientName(loaded.config, realRandomness().bytes);
  socketsOfConfig(config);
  const log = await openLog(config, (text) => process.stderr.write(harmless(`aioc: warning: ${text}\n`)));
  for (const note of loaded.notes) log.write({ level: 'INFO', text: note });
  for (const warning of loaded.warnings) log.write({ level: 'WARNING', text: warning });
  const configFile = new ConfigFile(configPath);
  try {
    const engine = await createConnectorEngine({
      config,
      version: VERSION,
      ...placesOfConnector(config),
      onShutdown,
      configFile: configPath,
      saveKey: (key, value) => configFile.set(key, value),
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
  } catch (error) {
    // Otherwise Node warns on standard error when it collects the open file.
    await log.close();
    throw error;
  }
}
