import { realClock } from '../base/real-ports.ts';
import type { ConnectorConfig } from '../config/keys.ts';
import { LogFile } from '../log-files/log-file.ts';
import { ensureDirectories } from './directories-of-config.ts';

/** The meaning of `default_logger_rotate: true`. */
const USUAL_ROTATION_BYTES = 64 * 1024 * 1024;

/**
 * Opens the log file of a configuration, and creates the connector's directories where they are missing.
 *
 * @param onTrouble receives a sentence when the file cannot be written
 * @throws AiocError AIOC_DIRECTORY, AIOC_CONFIG
 */
export async function openLog(config: ConnectorConfig, onTrouble: (text: string) => void): Promise<LogFile> {
  const directory = config.default_logger_dirpath;
  await ensureDirectories(config);
  const { default_logger_rotate: rotate } = config;
  const clock = realClock();
  return LogFile.open({
    directory,
    level: config.default_logger_log_level,
    rotateBytes: rotate === true ? USUAL_ROTATION_BYTES : rotate === false ? undefined : rotate,
    backups: config.default_logger_bk_count,
    wallNow: () => clock.wallNow(),
    now: () => clock.now(),
    onTrouble,
  });
}
