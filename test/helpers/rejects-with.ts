import assert from 'node:assert/strict';
import { AiocError, type ErrorCode } from '../../engine/base/errors.ts';

/** Waits for a promise that must fail with an AiocError of this code, whose message matches; gives the error back. */
export async function rejectsWith(
  promise: Promise<unknown>,
  code: ErrorCode,
  message: RegExp,
): Promise<AiocError> {
  let result: unknown;
  try {
    result = await promise;
  } catch (error) {
    assert.ok(error instanceof AiocError, `not an AiocError: ${(error as Error).stack}`);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return error;
  }
  return assert.fail(`did not fail with ${code}, but gave ${JSON.stringify(result)}`);
}
