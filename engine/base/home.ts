import { userInfo } from 'node:os';
import { isAbsolute } from 'node:path';

type HomeEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * The user's home directory: HOME, or else the entry in the system's user database. Undefined if there is none, for
 * example in a container with an unknown user id. A relative HOME is ignored: it would depend on the working directory.
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
