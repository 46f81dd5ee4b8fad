import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { test } from 'node:test';
import type { DialogDefinition } from '../../components/dialogs/dialog.ts';
import { definitionOf } from '../../components/dialogs/dialogs.ts';
import type { OpenDialog } from '../../components/state/ui-state.ts';
import { globSync } from '../helpers/glob.ts';

type Definition = DialogDefinition<OpenDialog>;

const isDefinition = (value: unknown): value is Definition =>
  typeof value === 'object' && value !== null && 'kind' in value && 'draw' in value;

test('each dialog is in the table, under a kind of its own, and shows its keys', async () => {
  const modules = await Promise.all(
    globSync('components/dialogs', /\.ts$/).map(
      (file) => import(`../../components/dialogs/${basename(file, '.ts')}.ts`),
    ),
  );
  const definitions = modules.flatMap((module) => Object.values(module).filter(isDefinition));
  assert.ok(definitions.length >= 8);
  for (const definition of definitions) {
    assert.equal(definitionOf(definition), definition);
    assert.ok(definition.hints.some(([key]) => key === 'Esc'));
  }
});
