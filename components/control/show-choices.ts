import type { Host } from '../host.ts';
import type { UiState } from '../state/ui-state.ts';

/** What the first state needs to know of the terminal. */
export function screenOf(host: Host): Pick<UiState, 'size' | 'isLinear' | 'isStill'> {
  return {
    size: host.size(),
    isLinear: host.readOut !== undefined,
    isStill: host.appearance.isStill === true,
  };
}

/** What the terminal must do after the user has changed how the screen looks and behaves. */
export function showChoices(host: Host, now: UiState, before?: UiState): void {
  if (now.mouse !== (before?.mouse ?? false)) host.setMouse(now.mouse);
  if (now.theme !== undefined && now.theme !== before?.theme) host.setTheme(now.theme);
}
