import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import type { PeekRow } from '../../engine/index.ts';
import { createExport } from '../../source/queue-export.ts';
import { lineOfQueued } from '../../source/queue-lines.ts';
import { tempDir } from '../helpers/temp-dir.ts';

function row(headerLines: readonly string[], data: Buffer, more: Partial<PeekRow> = {}): PeekRow {
  const text = data.toString();
  const body = { headerLines, text, base64: data.toString('base64'), omittedBytes: 0, binaryBytes: 0 };
  return { place: '0:1', atMs: 0, sizeBytes: data.length, text, isSent: false, body, ...more };
}

test('an exported message is a line that aioc send --json takes; numbers keep their digits', () => {
  const header = ['message_type: "order"', 'destination_id: "press-3"', 'request_id: 12345678901234567890'];
  assert.equal(
    lineOfQueued(row(header, Buffer.from('ship "it"'))),
    '{"type":"order","to":"press-3","request_id":12345678901234567890,"data":"ship \\"it\\""}',
  );
  const bytes = row(['message_type: "a"'], Buffer.from([0xff]));
  assert.equal(lineOfQueued(bytes), '{"type":"a","data_base64":"/w=="}');
});

test('what is not there in whole is not exported', () => {
  const { body, ...rest } = row([], Buffer.from('a'));
  assert.throws(() => lineOfQueued(rest), /message 0:1 is too large to be exported/);
  assert.ok(body !== undefined);
  for (const more of [{ omittedBytes: 1 }, { binaryBytes: 1 }])
    assert.throws(() => lineOfQueued({ ...rest, body: { ...body, ...more } }), /too large/);
});

test('an export is a new file, only for this user; it never replaces one', async (t) => {
  const directory = tempDir(t);
  const [first, second] = [
    await createExport('press-3 · ../event', directory),
    await createExport('press-3 · ../event', directory),
  ];
  assert.match(first.path, /\/aioc-press-3-..-event-[\d-]+\.ndjson$/);
  assert.notEqual(first.path, second.path);
  for (const file of [first, second]) {
    await file.append([row(['message_type: "a"'], Buffer.from('b'))]);
    await file.append([row(['message_type: "a"'], Buffer.from('c'))]);
    await file.close();
    assert.equal(readFileSync(file.path, 'utf8'), '{"type":"a","data":"b"}\n{"type":"a","data":"c"}\n');
    assert.equal(statSync(file.path).mode & 0o777, 0o600);
  }
});
