import type { Plugin } from 'esbuild';

export const inkCaches: Plugin;
export const besideTheCommand: Plugin;
export const noDevelopmentTools: Plugin;
export const REQUIRE_BANNER: string;
