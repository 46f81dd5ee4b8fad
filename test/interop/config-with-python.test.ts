import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { templates } from '../../engine/config/templates.ts';
import { parseConfig, roleOfConfig } from '../../engine/index.ts';
import { findPython } from '../helpers/python-peer.ts';

const run = promisify(execFile);

/** Keys of ours that Python 1.6.3 no longer has, or does not have yet. */
const OURS = {
  manager: [
    'default_certificate',
    'duplicate_client',
    'durability',
    'file_quota_bytes',
    'file_quota_bytes_a_day',
    'file_quota_files',
    'file_quota_files_a_day',
    'file_spool',
    'file_type2dirpath',
    'journal_directory',
    // Python has it for programs only, which cut their files themselves.
    'max_size_chunk_upload',
    'max_size_message',
    'python_listener',
    'security',
    'tls_min_version',
    'when_full',
  ],
  api: [],
} as const;
/** Ours stores unless it is told not to. */
const STORED = { disk_persistence_send: true, disk_persistence_recv: true };
/** Where Python keeps everything if nothing else is said. */
const PYTHON_DIRECTORY = '/var/tmp/aioconnectors';

type Template = Readonly<Record<string, unknown>>;

async function pythonTemplates(t: TestContext): Promise<{ manager: Template; api: Template } | undefined> {
  const found = await findPython();
  if ('unavailable' in found) {
    t.skip(found.unavailable);
    return undefined;
  }
  const { stdout } = await run(found.python, ['-m', 'aioconnectors', 'print_config_templates']);
  const [manager, , api] = stdout.match(/^\{$[\s\S]*?^\}$/gm) ?? [];
  return { manager: JSON.parse(manager ?? ''), api: JSON.parse(api ?? '') };
}

test('Python’s templates load unchanged, with no fault and no warning', async (t) => {
  const python = await pythonTemplates(t);
  if (python === undefined) return;
  for (const role of ['manager', 'api'] as const) {
    assert.equal(roleOfConfig(python[role]), role);
    const { config, warnings } = parseConfig(python[role], { source: 'python', role });
    assert.deepEqual(warnings, []);
    assert.equal(config.connector_files_dirpath, PYTHON_DIRECTORY);
  }
});

test('our templates have Python’s keys and defaults, beside our own keys and directory', async (t) => {
  const python = await pythonTemplates(t);
  if (python === undefined) return;
  for (const role of ['manager', 'api'] as const) {
    const text = templates()[role];
    const ours = JSON.parse(text) as Template;
    const shared = Object.fromEntries(
      Object.entries(ours).filter(([name]) => !(OURS[role] as readonly string[]).includes(name)),
    );
    const moved = JSON.parse(JSON.stringify(python[role]).replaceAll(PYTHON_DIRECTORY, '/tmp/aioconnectors'));
    assert.deepEqual(shared, role === 'manager' ? { ...moved, ...STORED } : moved);
    assert.deepEqual(Object.keys(ours), Object.keys(ours).slice().sort());
    assert.deepEqual(Object.keys(ours).length, Object.keys(moved).length + OURS[role].length);
  }
});
