import { readFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { fileURLToPath } from 'node:url';

/** How much of a source file has run, in bytes of its JavaScript. */
export interface FileCoverage {
  readonly file: string;
  readonly bytes: number;
  readonly run: number;
}

/** esbuild names the source file before what it has made of it. */
const SOURCE = /^\/\/ ((?:engine|source|components|test)\/\S+\.tsx?)$/gm;

/** Finds out which parts of this program's bundle run. */
export class Coverage {
  readonly #session = new Session();
  readonly #run = new Map<string, Uint8Array>();

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Adds what has run since the last time. */
  async take(): Promise<void> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    for (const script of result) if (script.url.includes('/.tests-')) this.#add(script);
  }

  /** Of the source files whose path begins with one of these. */
  files(folders: readonly string[]): FileCoverage[] {
    const found: FileCoverage[] = [];
    for (const [url, run] of this.#run) {
      const text = readFileSync(fileURLToPath(url), 'utf8');
      const starts = [...text.matchAll(SOURCE)].map(({ 1: file = '', index }) => ({ file, index }));
      for (const [number, { file, index }] of starts.entries()) {
        if (!folders.some((folder) => file.startsWith(folder))) continue;
        const end = starts[number + 1]?.index ?? text.length;
        const bytes = run.subarray(index, end);
        found.push({ file, bytes: bytes.length, run: bytes.reduce((sum, has) => sum + has, 0) });
      }
    }
    return found;
  }

  #add({ url, functions }: Profiler.ScriptCoverage): void {
    const end = Math.max(...functions.flatMap(({ ranges }) => ranges.map(({ endOffset }) => endOffset)));
    const ran = new Uint8Array(end);
    // Outer functions come before inner ones, and outer blocks before inner ones.
    for (const { ranges } of functions)
      for (const { startOffset, endOffset, count } of ranges)
        ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    const before = this.#run.get(url);
    if (before !== undefined && before.length === end)
      for (const [at, has] of before.entries()) if (has === 1) ran[at] = 1;
    this.#run.set(url, ran);
  }
}
