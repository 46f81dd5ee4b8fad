import type { LocalActions } from '../components/local-actions.ts';
import { joinByInvitation, stateDirectory, VERSION } from '../engine/index.ts';
import { ChatHistory } from './chat-history.ts';
import { completePath, resolvePath } from './paths.ts';
import { Preferences } from './preferences.ts';
import { createExport } from './queue-export.ts';
import { saveScreen } from './save-screen.ts';
import { runShell } from './shell.ts';

/** The chat's actions on this machine; its working directory is the one where aioc was started. */
export function localActions(): LocalActions {
  const workingDirectory = process.cwd();
  const preferences = new Preferences(stateDirectory());
  const history = new ChatHistory(stateDirectory());
  return {
    workingDirectory,
    runShell: (line, onUpdate) => runShell(line, workingDirectory, onUpdate),
    completePath: (prefix) => completePath(prefix, workingDirectory),
    resolvePath: (path) => resolvePath(path, workingDirectory),
    loadHistory: () => history.load(),
    saveHistory: (line) => history.save(line),
    loadPreferences: () => preferences.load(),
    savePreferences: (changed) => preferences.save(changed),
    saveScreen: (text) => saveScreen(text, workingDirectory),
    createExport: (queue) => createExport(queue, workingDirectory),
    joinServer: (code) => joinByInvitation({ code, version: VERSION }),
  };
}
