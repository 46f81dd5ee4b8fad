/** Hook functions of Python's library. A file cannot contain them, but a program can pass them. */
import { defineKey } from './key-spec.ts';
import { ANYTHING } from './shapes.ts';

interface Effect {
  readonly side?: 'server' | 'client';
  readonly onlyWith?: string;
}

function hook(effect: Effect, without: string, help: string) {
  return defineKey({
    shape: ANYTHING,
    default: null,
    falsy: null,
    templates: ['manager'],
    isHidden: true,
    ...effect,
    state: 'refused',
    without: `aioc calls no hooks yet, and ${without}`,
    help,
  });
}

export const HOOK_KEYS = {
  hook_server_auth_client: hook(
    { side: 'server' },
    'would accept every client that its certificates and access lists allow',
    'Function that decides which clients a server accepts.',
  ),
  hook_allow_certificate_creation: hook(
    { side: 'server' },
    'would issue a certificate to every client that can request one',
    'Function that decides which clients a server issues certificates to.',
  ),
  hook_whitelist_clients: hook(
    { side: 'server' },
    'would accept only the clients on its whitelists',
    'Function that decides whether a server accepts a client that is on no whitelist.',
  ),
  hook_target_directory: hook(
    {},
    'would accept files that the hook rejects, and store others in another directory',
    'Function that decides where received files are stored.',
  ),
  hook_proxy_authorization: hook(
    { side: 'client', onlyWith: 'proxy' },
    'could not authenticate to the proxy',
    'Function that returns the user name and password for a proxy.',
  ),
  hook_store_token: hook(
    { side: 'client', onlyWith: 'use_token' },
    'would store the token unencrypted',
    'Function that encrypts a token before it is stored.',
  ),
  hook_load_token: hook(
    { side: 'client', onlyWith: 'use_token' },
    'could not read the token',
    'Function that decrypts a stored token.',
  ),
};
