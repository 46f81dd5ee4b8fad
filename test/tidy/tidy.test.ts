import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { globSync } from '../helpers/glob.ts';
import { longFunctions } from '../helpers/long-functions.ts';

/** The rooms of the engine, lowest first: a room imports only from itself and the rooms before it. */
const ROOMS = [
  'base',
  'contract',
  'config',
  'log-files',
  'protocol',
  'security',
  'storage',
  'queues',
  'files',
  'transfers',
  'peers',
  'local',
  'chat',
  'connector',
  'api',
  'screen-side.ts',
  'index.ts',
];
/** By which the commands and the library reach the engine, and by which a screen does. */
const FACES: readonly string[] = ['engine/index.ts', 'engine/screen-side.ts'];
const FILE_LINES_MAX = 400;
const FUNCTION_LINES_MAX = 60;

const files = ['source', 'engine', 'components', 'test', 'media'].flatMap((top) => globSync(top, /\.tsx?$/));
const product = files.filter((file) => /^(source|engine|components)\//.test(file));

interface Import {
  readonly from: string;
  readonly typeOnly: boolean;
  /** Loaded only when the code that asks for it runs. */
  readonly isLater: boolean;
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/^\s*(?:import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm);
  const dynamic = text.matchAll(/import\(\s*'([^']+)'\s*\)/g);
  return [
    ...[...found].map((match) => ({
      from: match[2] ?? '',
      typeOnly: match[1] !== undefined,
      isLater: false,
    })),
    ...[...dynamic].map((match) => ({ from: match[1] ?? '', typeOnly: false, isLater: true })),
  ];
}

function resolved(file: string, from: string): string | undefined {
  return from.startsWith('.') ? normalize(join(dirname(file), from)) : undefined;
}

function room(path: string): string {
  return path.split('/')[1] ?? '';
}

test('engine rooms import only from the rooms below them, and never what draws', () => {
  const faults: string[] = [];
  for (const file of files.filter((name) => name.startsWith('engine/'))) {
    for (const { from } of importsOf(file)) {
      const target = resolved(file, from);
      if (target === undefined) {
        if (/^(react|ink)/.test(from)) faults.push(`${file} imports ${from}`);
        continue;
      }
      if (!target.startsWith('engine/')) faults.push(`${file} imports ${target}`);
      else if (ROOMS.indexOf(room(target)) < 0) faults.push(`${target} is in no known room`);
      else if (ROOMS.indexOf(room(target)) > ROOMS.indexOf(room(file)))
        faults.push(`${file} imports ${target}, which is above it`);
    }
  }
  assert.deepEqual(faults, []);
});

test('components know of the engine only the types of its contract', () => {
  const faults: string[] = [];
  for (const file of files.filter((name) => name.startsWith('components/'))) {
    for (const { from, typeOnly } of importsOf(file)) {
      const target = resolved(file, from);
      if (target === undefined || target.startsWith('components/')) continue;
      if (!(target.startsWith('engine/contract/') && typeOnly)) faults.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('the terminal layer knows neither React nor Ink', () => {
  const faults = files
    .filter((name) => name.startsWith('components/terminal/'))
    .flatMap((file) =>
      importsOf(file)
        .filter(({ from }) => /^(react|ink)/.test(from))
        .map(() => file),
    );
  assert.deepEqual(faults, []);
});

test('source reaches the engine by its public face, its contract or its base, and nothing imports source', () => {
  const faults: string[] = [];
  for (const file of product) {
    for (const { from } of importsOf(file)) {
      const target = resolved(file, from);
      if (target === undefined) continue;
      if (target.startsWith('source/') && !file.startsWith('source/'))
        faults.push(`${file} imports ${target}`);
      const inside = target.startsWith('engine/') && !FACES.includes(target);
      if (file.startsWith('source/') && inside && !/^engine\/(contract|base)\//.test(target))
        faults.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(faults, []);
});

test('a screen does not wait for the modules of the engine, which has its own thread or process', () => {
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    for (const { from, typeOnly, isLater } of importsOf(file)) {
      const target = typeOnly || isLater ? undefined : resolved(file, from);
      if (target !== undefined) load(target);
    }
  };
  for (const file of ['source/run-command.ts', 'source/screen/run-screen.ts', 'source/screen/screen.tsx'])
    load(file);
  const rooms = [...loaded].filter((file) => file.startsWith('engine/')).map(room);
  const light = ['base', 'contract', 'config', 'files', 'screen-side.ts'];
  assert.deepEqual(
    [...new Set(rooms)].filter((name) => !light.includes(name)),
    [],
  );
  assert.ok(!loaded.has('engine/index.ts'));
});

test('no cycles', () => {
  const graph = new Map(
    product.map((file) => [
      file,
      importsOf(file).flatMap(({ from }) => {
        const target = resolved(file, from);
        return target === undefined ? [] : [target];
      }),
    ]),
  );
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    assert.ok(!path.includes(file), `cycle: ${[...path, file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
});

test('files stay short enough to read', () => {
  const long = files
    .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length }))
    .filter(({ lines }) => lines > FILE_LINES_MAX);
  assert.deepEqual(long, []);
});

test('functions stay short enough to see at once', () => {
  const long = product.flatMap((file) => longFunctions(file, FUNCTION_LINES_MAX));
  assert.deepEqual(long, []);
});

test('the world is reached only through its doors', () => {
  const engineMayNot =
    /\bprocess\.(exit|stdout|stderr|stdin)\b|\bconsole\.|\bDate\.now\(|\bMath\.random\(|(?<!\.)\bset(Timeout|Interval)\(/;
  const exempt = new Set([
    // The one place where the engine's ports are the real ones.
    'engine/base/real-ports.ts',
    // Between processes of this machine, which share its clock.
    'engine/base/locks/process-lock.ts',
    'engine/base/locks/remove-lock.ts',
    // The library runs in a program of the user: `silent: false` copies the log to its standard output.
    'engine/api/connector-manager.ts',
  ]);
  const faults = files
    .filter((file) => file.startsWith('engine/') && !exempt.has(file))
    .filter((file) => engineMayNot.test(withoutComments(readFileSync(file, 'utf8'))));
  assert.deepEqual(faults, []);
});

test('nothing is left open in the code', () => {
  const open = new RegExp(`\\b(${['TO', 'DO|FIX', 'ME|X', 'XX|HA', 'CK'].join('')})\\b`);
  assert.deepEqual(
    product.filter((file) => open.test(readFileSync(file, 'utf8'))),
    [],
  );
});

test('every file of the product is used by another or is a way in', () => {
  const entries = new Set([
    'source/cli.ts',
    'source/engine-worker.ts',
    'source/index.ts',
    'engine/index.ts',
    // The bundler puts it between Ink and what measures its text (esbuild.plugins.mjs).
    'components/terminal/ink-caches.ts',
  ]);
  const used = new Set(
    product.flatMap((file) => importsOf(file).map(({ from }) => resolved(file, from))).filter((name) => name),
  );
  assert.deepEqual(
    product.filter((file) => !used.has(file) && !entries.has(file)),
    [],
  );
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
}
