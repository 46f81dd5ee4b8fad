// Loaded into every process of a test run (test/run.ts). An RSA key takes 0.3 s of a processor, and the tests ask for
// hundreds: the first ones are made as ever, by OpenSSL, and kept for this run; later ones are taken from there. Among
// the last ones that a process was given no key comes twice: no test needs as many.
import crypto from 'node:crypto';
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';

const KEYS = 32;
const DIFFERENT_KEYS = 24;
const directory = process.env.AIOC_TEST_KEYS;
const generate = crypto.generateKeyPair;
const generateLater = promisify(generate);
/** The names of the last keys of this process, in the order in which it was given them. */
const recent = [];

function isUsual(type, options) {
  return type === 'rsa' && options?.modulusLength === 2048 && options.privateKeyEncoding?.format === 'pem';
}

function given(name) {
  recent.push(name);
  if (recent.length > DIFFERENT_KEYS) recent.shift();
}

function fromPool() {
  try {
    const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
    if (names.length < KEYS) return undefined;
    const free = names.filter((name) => !recent.includes(name));
    const name = free[crypto.randomInt(free.length)];
    given(name);
    return JSON.parse(readFileSync(join(directory, name), 'utf8'));
  } catch {
    // Another user's process, or after the run.
    return undefined;
  }
}

function keep(pair) {
  const name = `${crypto.randomUUID()}.json`;
  try {
    writeFileSync(join(directory, `${name}.new`), JSON.stringify(pair), { mode: 0o644 });
    renameSync(join(directory, `${name}.new`), join(directory, name));
    given(name);
  } catch {
    // It is only not kept.
  }
}

async function pooled(type, options) {
  if (!isUsual(type, options)) return generateLater(type, options);
  const known = fromPool();
  if (known !== undefined) return known;
  const pair = await generateLater(type, options);
  keep(pair);
  return pair;
}

function generateKeyPair(type, options, callback) {
  pooled(type, options).then(
    ({ publicKey, privateKey }) => callback(null, publicKey, privateKey),
    (error) => callback(error),
  );
}
generateKeyPair[promisify.custom] = pooled;

if (directory !== undefined) {
  crypto.generateKeyPair = generateKeyPair;
  syncBuiltinESMExports();
}
