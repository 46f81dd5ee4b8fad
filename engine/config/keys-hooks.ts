/** What Python's library takes as functions: no file can hold them, but a program may ask for them. */
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
    'would let in every client that its certificates and lists let in',
    'A function of the program that decides which clients a server lets in.',
  ),
  hook_allow_certificate_creation: hook(
    { side: 'server' },
    'would make a certificate for every client that may ask for one',
    'A function of the program that decides which clients a server makes certificates for.',
  ),
  hook_whitelist_clients: hook(
    { side: 'server' },
    'would let in only those that the lists name',
    'A function of the program that decides about clients whom no whitelist names.',
  ),
  hook_target_directory: hook(
    {},
    'would take files that it refuses, and put others elsewhere',
    'A function of the program that decides where received files are put.',
  ),
  hook_proxy_authorization: hook(
    { side: 'client', onlyWith: 'proxy' },
    'could not prove who it is to the proxy',
    'A function of the program that gives name and password for a proxy.',
  ),
  hook_store_token: hook(
    { side: 'client', onlyWith: 'use_token' },
    'would store the token as it is',
    'A function of the program that encrypts a token before it is stored.',
  ),
  hook_load_token: hook(
    { side: 'client', onlyWith: 'use_token' },
    'could not read the token',
    'A function of the program that decrypts a stored token.',
  ),
};
