import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { builtProgram } from '../helpers/built-program.ts';
import { startPythonPair } from '../helpers/python-pair.ts';
import { findPython } from '../helpers/python-peer.ts';
import { deadline, waitFor } from '../helpers/wait-for.ts';

interface Run {
  readonly child: ChildProcess;
  out: string;
  err: string;
  /** The exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

function aioc(t: TestContext, ...words: string[]): Run {
  const child = spawn(process.execPath, [builtProgram(), ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  const run: Run = { child, out: '', err: '', ended };
  child.stdout.on('data', (chunk) => {
    run.out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    run.err += chunk;
  });
  t.after(() => child.kill('SIGKILL'));
  return run;
}

test('the tools speak through Python connectors', { timeout: 120_000 }, async (t) => {
  const python = await findPython();
  if ('unavailable' in python) return t.skip(python.unavailable);
  const { server, client, clientId } = await startPythonPair(t, python);

  await t.test(
    'ping, from a client and from a server, which need not name the one client that there is',
    async (t) => {
      const fromClient = aioc(t, 'ping', client.configFile);
      assert.equal(await fromClient.ended, 0, fromClient.err);
      assert.match(fromClient.out, /^\('127\.0\.0\.1', \d+\) answers: ping \(\d+\.\d ms\)\n$/);
      const fromServer = aioc(t, 'ping', server.configFile, '--to', clientId);
      assert.equal(await fromServer.ended, 0, fromServer.err);
      assert.match(fromServer.out, /^edge-1 answers: ping/);
      const nobody = aioc(t, 'ping', server.configFile, '--to', 'nobody');
      assert.equal(await nobody.ended, 1);
      assert.match(nobody.err, /nobody.*AIOC_PEER_UNKNOWN/);
      const unsaid = aioc(t, 'ping', server.configFile);
      assert.equal(await unsaid.ended, 0, unsaid.err);
      assert.match(unsaid.out, /^edge-1 answers: ping/);
    },
  );

  await t.test('numbered messages go out and are shown; Ctrl-C ends it and frees the sockets', async (t) => {
    const receiver = aioc(t, 'test_receive_messages', server.configFile);
    await waitFor(() => receiver.out.includes('listening for event, order, other'), {
      timeoutMs: 20_000,
      what: 'a receiver',
    });
    const second = aioc(t, 'test_receive_messages', server.configFile);
    assert.equal(await deadline(second.ended, 20_000, 'the second receiver to give up'), 1);
    assert.match(second.err, /AIOC_LISTENER_TAKEN/);
    const sender = aioc(t, 'test_send_messages', client.configFile, '--count', '2');
    assert.equal(await sender.ended, 0, sender.err);
    await waitFor(() => receiver.out.includes('test 2'), { what: 'two messages' });
    assert.match(receiver.out, /^edge-1 event: \{.*test 1.*\}\nedge-1 event: \{.*test 2.*\}$/m);
    receiver.child.kill('SIGINT');
    assert.equal(await deadline(receiver.ended, 10_000, 'the receiver to end'), 0);
    const next = await server.api.listen('event', () => undefined);
    await next.stop();
  });
});
