import { access } from 'node:fs/promises';
import type { LocalActions } from '../components/local-actions.ts';
import { stateDirectory, VERSION } from '../engine/screen-side.ts';
import { ChatHistory } from './chat-history.ts';
import { completePath, resolvePath } from './paths.ts';
import { Preferences } from './preferences.ts';
import { saveText } from './save-text.ts';
import { runShell } from './shell.ts';
import { startCommand } from './start-command.ts';
import { WorkingDirectory } from './working-directory.ts';

/** The chat's actions on this machine; its working directory is first the one where aioc was started. */
export function localActions(): LocalActions {
  const directory = new WorkingDirectory(process.cwd());
  const preferences = new Preferences(stateDirectory());
  const history = new ChatHistory(stateDirectory());
  return {
    startCommand: startCommand(),
    get workingDirectory() {
      return directory.path;
    },
    get shownDirectory() {
      return directory.shown;
    },
    changeDirectory: (to) => directory.change(to),
    runShell: (line, onUpdate) => runShell(line, directory.path, onUpdate),
    completePath: (prefix) => completePath(prefix, directory.path),
    resolvePath: (path) => resolvePath(path, directory.path),
    exists: (path) =>
      access(resolvePath(path, directory.path)).then(
        () => true,
        () => false,
      ),
    loadHistory: () => history.load(),
    saveHistory: (line) => history.save(line),
    loadPreferences: () => preferences.load(),
    savePreferences: (changed) => preferences.save(changed),
    saveText: (text, what) => saveText(text, { what, directory: directory.path }),
    // These two need much of the engine, and few screens ever do them.
    createExport: async (queue) => (await import('./queue-export.ts')).createExport(queue, directory.path),
    joinServer: async (code) =>
      (await import('../engine/index.ts')).joinByInvitation({ code, version: VERSION }),
  };
}
