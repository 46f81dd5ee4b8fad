import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offerToAttach } from '../../../source/commands/attach-offer.ts';
import { configuredSide } from '../../helpers/configured-connectors.ts';
import { freePort } from '../../helpers/free-port.ts';
import { tempDir } from '../../helpers/temp-dir.ts';

test('aioc FILE.json beside its daemon offers to attach; without a terminal it names the command', async (t) => {
  const config = { server_sockaddr: ['127.0.0.1', await freePort()], is_server: true, use_ssl: false };
  const { engine, configPath } = await configuredSide(t, config, tempDir(t));
  const asked: string[] = [];
  const answering = (isYes: boolean) => async (question: string) => {
    asked.push(question);
    return isYes;
  };
  assert.equal(await offerToAttach(configPath, answering(true)), 'start');
  await engine.start();
  assert.equal(await offerToAttach(configPath, answering(true)), 'attach');
  assert.equal(await offerToAttach(configPath, answering(false)), 'nothing');
  assert.match(asked[0] ?? '', /^aioc: config\.json runs already, since \S+ \S+\. Attach to it\?$/);
  assert.equal(asked.length, 2);
  await assert.rejects(offerToAttach(configPath, undefined), {
    code: 'AIOC_ALREADY_RUNNING',
    message: /"aioc attach .*config\.json" opens its screen on a terminal$/,
  });
});

test('a file with faults is left to the start, which explains them', async (t) => {
  assert.equal(await offerToAttach(`${tempDir(t)}/none.json`, undefined), 'start');
});
