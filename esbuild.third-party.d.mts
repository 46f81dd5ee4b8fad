import type { Metafile } from 'esbuild';

export function writeThirdParty(outputs: Metafile['outputs'], root: string): void;
