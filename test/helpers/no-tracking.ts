/**
 * First in every bundle of tests. Node's test runner follows each promise and socket, to know whose test an uncaught error
 * is; React's development build measures each component for a browser's timeline. Together that was a quarter of the
 * processor time of many files. An uncaught error still fails its file, with its stack in the output. With
 * `AIOC_TEST_TRACKING=1` all is followed, and such an error is named under its test.
 */
import { createHook } from 'node:async_hooks';

if (process.env['AIOC_TEST_TRACKING'] === undefined) {
  const hooks = Object.getPrototypeOf(createHook({})) as { enable: () => unknown };
  const { enable } = hooks;
  /** The runner's hook is the only one that also wants to hear of ends. */
  hooks.enable = function (this: Readonly<Record<symbol, unknown>>) {
    const isRunners = Object.getOwnPropertySymbols(this).some(
      (key) => key.description === 'destroy' && this[key] !== undefined,
    );
    return isRunners ? this : enable.call(this);
  };
  process.on('uncaughtExceptionMonitor', (error) => console.error('uncaught:', error));
  process.on('unhandledRejection', (error) => console.error('unhandled:', error));
  // React looks for it before it measures.
  Object.assign(performance, { measure: undefined });
}
