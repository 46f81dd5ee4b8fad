import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

type HomeEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The user's home directory: HOME, or else what the system's list of users says. Undefined for a user who has none, as in
 * a container with a user id that is in no list. A relative HOME is none: it would depend on where the program was started.
 */
export function homeDirectory(env: HomeEnvironment = process.env): string | undefined {
  const said = env['HOME'];
  if (said !== undefined && said !== '') return isAbsolute(said) ? said : undefined;
  try {
    const { homedir } = userInfo();
    return homedir !== null && isAbsolute(homedir) ? homedir : undefined;
  } catch {
    return undefined;
  }
}
