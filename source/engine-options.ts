import { resolve } from 'node:path';
import type { ChatEngineOptions } from '../engine/index.ts';
import { defaultReceivedDirectory, stateDirectory, VERSION } from '../engine/screen-side.ts';
import type { ChatSettings } from './arguments.ts';

/** Stops the screen's clock at this ISO time, for goldens and pictures. */
const FIXED_TIME_VARIABLE = 'AIOC_FIXED_TIME';

export function fixedWallMs(): number | undefined {
  const value = process.env[FIXED_TIME_VARIABLE];
  const wallMs = value === undefined ? Number.NaN : Date.parse(value);
  return Number.isNaN(wallMs) ? undefined : wallMs;
}

export function engineOptions(settings: ChatSettings): ChatEngineOptions {
  const { role, host, port, displayName, useTls, acceptAll, receivedDirectory, keepsNothing } = settings;
  const fixed = fixedWallMs();
  return {
    role,
    host,
    port,
    displayName,
    useTls,
    acceptAll,
    keepsNothing,
    version: VERSION,
    stateDirectory: stateDirectory(),
    receivedDirectory: resolve(receivedDirectory ?? defaultReceivedDirectory()),
    ...(fixed !== undefined && { fixedWallMs: fixed }),
  };
}
