import type { Case } from './case.ts';
import { acks } from './cases/acks.ts';
import { awaited } from './cases/awaited.ts';
import { backlog } from './cases/backlog.ts';
import { clients, hundred } from './cases/clients.ts';
import { delayed } from './cases/delayed.ts';
import { depth } from './cases/depth.ts';
import { files } from './cases/files.ts';
import { firstFrame } from './cases/first-frame.ts';
import { headers } from './cases/headers.ts';
import { idle } from './cases/idle.ts';
import { memory } from './cases/memory.ts';
import { pythonPrograms } from './cases/python-programs.ts';
import { requests } from './cases/requests.ts';
import { screen } from './cases/screen.ts';
import { screenLoad } from './cases/screen-load.ts';
import { sizes } from './cases/sizes.ts';
import { startup } from './cases/startup.ts';
import { steady } from './cases/steady.ts';
import { stored } from './cases/stored.ts';

/** In the order in which they are run. One more is one more file and one more name here. */
export const CASES: readonly Case[] = [
  memory,
  headers,
  stored,
  ...sizes,
  files,
  requests,
  delayed,
  steady,
  awaited,
  backlog,
  depth,
  hundred,
  clients,
  idle,
  startup,
  firstFrame,
  screen,
  screenLoad,
  pythonPrograms,
  acks,
];
