/**
 * Loaded before clients-program.ts: all clients of the process make their certificates with one RSA key. A key takes 0.3 s
 * of a processor, a thousand of them minutes, and what is measured knows a client by its certificate, not by its key.
 */
import crypto, { type KeyPairSyncResult } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { promisify } from 'node:util';

type Pair = KeyPairSyncResult<string, string>;
type Generate = (type: string, options: object) => Promise<Pair>;

const generate = promisify(crypto.generateKeyPair) as unknown as Generate;
let pair: Promise<Pair> | undefined;

const shared: Generate = (type, options) => {
  pair ??= generate(type, options);
  return pair;
};

function generateKeyPair(
  type: string,
  options: object,
  callback: (error: unknown, publicKey?: string, privateKey?: string) => void,
): void {
  shared(type, options).then(({ publicKey, privateKey }) => callback(null, publicKey, privateKey), callback);
}

Object.assign(generateKeyPair, { [promisify.custom]: shared });
Object.assign(crypto, { generateKeyPair });
syncBuiltinESMExports();
