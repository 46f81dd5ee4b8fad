import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineEditor } from '../../../components/widgets/line-editor.ts';
import { lineFault, randomSteps } from '../../helpers/line-model.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';

test('2,000 random sequences of keys, pastes in pieces and late completions give what the simplest editor gives', async () => {
  const random = seededRandom(7);
  for (let count = 0; count < 2_000; count += 1)
    assert.equal(await lineFault(randomSteps(random.fraction), random.fraction), undefined);
});

test('the comparison finds a wrong line', async () => {
  const real = LineEditor.prototype.replaceBefore;
  LineEditor.prototype.replaceBefore = function forgetful(text) {
    this.setText(text);
  };
  try {
    const random = seededRandom(7);
    let found = 0;
    for (let count = 0; count < 300; count += 1)
      if ((await lineFault(randomSteps(random.fraction), random.fraction)) !== undefined) found += 1;
    assert.ok(found > 0);
  } finally {
    LineEditor.prototype.replaceBefore = real;
  }
});
