/** The keys about who may connect, and how that is proven. */
import { key } from './key-spec.ts';
import { CONNECTOR_DIRECTORY } from './keys-directories.ts';
import {
  ADDRESSES,
  BOOLEAN,
  count,
  NAME_PATTERNS,
  PATH,
  PATH_OR_BOOLEAN,
  type Shape,
  SUBNETS,
  TEXT_OR_BOOLEAN,
} from './shapes.ts';

/** One of the six lists; they differ in what they list. */
function clientList(shape: Shape<readonly string[] | null>, help: string) {
  return key({ shape, default: null, templates: ['manager'], side: 'server', state: 'works', help });
}

export const TRUST_KEYS = {
  use_ssl: key({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    state: 'works',
    help: 'Whether peers speak TLS; both sides must be set alike.',
  }),
  ssl_allow_all: key({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    onlyWith: 'use_ssl',
    state: 'works',
    help: 'Encrypts without checking certificates, so that anybody may connect; both sides must be set alike.',
  }),
  certificates_directory_path: key({
    shape: PATH,
    default: CONNECTOR_DIRECTORY,
    follows: 'connector_files_dirpath',
    templates: ['manager'],
    state: 'works',
    help: 'The directory in which the directory "certificates" lies.',
  }),
  max_certs: key({
    shape: count({ min: 1, max: 1_000_000 }),
    default: 1024,
    templates: ['manager'],
    side: 'server',
    state: 'works',
    help: 'How many clients a server makes certificates for at most.',
  }),
  server_secure_tls: key({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    side: 'server',
    state: 'later',
    instead: 'TLS 1.2 or later is always asked for',
    help: 'Whether a server asks for TLS 1.2 or later, which aioc always does.',
  }),
  alternate_client_default_cert: key({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    side: 'client',
    state: 'later',
    help: 'Makes a client whose own certificate is not accepted try the default one in turn.',
  }),
  client_cafile_verify_server: key({
    shape: PATH,
    default: null,
    templates: ['manager'],
    side: 'client',
    state: 'refused',
    help: 'A file of certificate authorities by which a client checks its server and the server’s host name.',
  }),
  server_ca: key({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    state: 'refused',
    help: 'Makes a server sign the certificates of its clients as an authority.',
  }),
  server_ca_certs_not_stored: key({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    onlyWith: 'server_ca',
    state: 'refused',
    help: 'Whether a server that is an authority keeps no copies of the certificates that it signed.',
  }),
  use_token: key({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    state: 'refused',
    help: 'Clients prove by a token who they are.',
  }),
  tokens_directory_path: key({
    shape: PATH,
    default: CONNECTOR_DIRECTORY,
    follows: 'connector_files_dirpath',
    templates: ['manager'],
    onlyWith: 'use_token',
    state: 'refused',
    help: 'The directory in which tokens are stored.',
  }),
  token_verify_peer_cert: key({
    shape: PATH_OR_BOOLEAN,
    default: true,
    templates: ['manager'],
    onlyWith: 'use_token',
    state: 'refused',
    help: 'Whether certificates are checked as well where tokens are used.',
  }),
  token_client_send_cert: key({
    shape: BOOLEAN,
    default: true,
    templates: ['manager'],
    onlyWith: 'use_token',
    state: 'refused',
    help: 'Whether a client with a token presents a certificate as well.',
  }),
  token_client_verify_server_hostname: key({
    shape: TEXT_OR_BOOLEAN,
    default: null,
    templates: ['manager'],
    onlyWith: 'use_token',
    state: 'refused',
    help: 'Makes a client with a token check the host name in its server’s certificate.',
  }),
  token_server_allow_authorized_non_default_cert: key({
    shape: BOOLEAN,
    default: false,
    templates: ['manager'],
    onlyWith: 'use_token',
    state: 'refused',
    help: 'Lets clients with a token connect with a certificate of their own, too.',
  }),
  whitelisted_clients_id: clientList(
    NAME_PATTERNS,
    'The names of clients that may connect, as simple regular expressions compared from the beginning of a name.',
  ),
  whitelisted_clients_ip: clientList(ADDRESSES, 'The addresses from which clients may connect.'),
  whitelisted_clients_subnet: clientList(SUBNETS, 'The networks from which clients may connect.'),
  blacklisted_clients_id: clientList(
    NAME_PATTERNS,
    'The names of clients that may not connect, as simple regular expressions compared from the beginning of a name.',
  ),
  blacklisted_clients_ip: clientList(ADDRESSES, 'The addresses from which clients may not connect.'),
  blacklisted_clients_subnet: clientList(SUBNETS, 'The networks from which clients may not connect.'),
};
