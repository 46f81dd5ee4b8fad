import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ViewSubscription } from '../../engine/contract/engine-api.ts';
import type { Update, View } from '../../engine/contract/views.ts';
import { FakeEngine } from '../helpers/fake-engine.ts';
import { busyEngine, emptyEngine } from '../helpers/sample-data.ts';
import { openScreen } from '../helpers/screen.tsx';

/** An engine that still loads, or makes a key: it answers nothing before `begin`. */
class LateEngine extends FakeEngine {
  #waiting: (() => void)[] | undefined = [];

  override open(view: View, onUpdate: (update: Update) => void): ViewSubscription {
    if (this.#waiting === undefined) return super.open(view, onUpdate);
    let now = view;
    let opened: ViewSubscription | undefined;
    let isOpen = true;
    this.#waiting.push(() => {
      if (isOpen) opened = super.open(now, onUpdate);
    });
    return {
      change: (next) => {
        now = next;
        opened?.change(next);
      },
      close: () => {
        isOpen = false;
        opened?.close();
      },
    };
  }

  begin(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const open of waiting) open();
  }
}

test('before the engine is there the screen has its panes, says that it starts, and answers keys', async (t) => {
  const engine = new LateEngine(emptyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  for (const shown of ['starting …', '1 Peers', '2 Queues', '3 Log', '4 Chat', '? help']) {
    assert.ok(screen.text().includes(shown), `${shown}\n${screen.text()}`);
  }
  assert.doesNotMatch(
    screen.text(),
    /●|server|No peers|No queues|waiting 0/,
    'it says nothing that it cannot know',
  );
  await screen.press('?');
  assert.match(screen.text(), /Help: keys/);
  await screen.press('escape');
  await screen.press('q');
  assert.deepEqual(screen.quits, [0], 'nothing can be lost yet');
});

test('what is typed before the engine is there is kept, and the screen fills when it is', async (t) => {
  const engine = new LateEngine(busyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.press('4');
  await screen.type('good morning');
  engine.begin();
  await screen.settle();
  assert.match(screen.text(), /● server/);
  assert.match(screen.text(), /› good morning/);
  assert.doesNotMatch(screen.text(), /starting/);
});

test('at the first start the screen says that a key is made', async (t) => {
  const engine = new LateEngine(emptyEngine());
  const screen = await openScreen({ engine });
  t.after(() => screen.close());
  await screen.makingKey(true);
  assert.match(screen.text(), /aioc +starting: making a key …/);
  await screen.makingKey(false);
  assert.match(screen.text(), /aioc +starting …/);
  engine.begin();
  await screen.settle();
  assert.match(screen.text(), /● server/);
});
