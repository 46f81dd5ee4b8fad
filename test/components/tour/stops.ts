import { GENERAL_STOPS } from './general-stops.ts';
import { LINE_STOPS } from './line-stops.ts';
import { PANE_STOPS } from './pane-stops.ts';
import type { Stop } from './stop.ts';

/** By place and label of the help. */
export const STOPS: Readonly<Record<string, Stop | readonly Stop[]>> = {
  ...PANE_STOPS,
  ...LINE_STOPS,
  ...GENERAL_STOPS,
};
