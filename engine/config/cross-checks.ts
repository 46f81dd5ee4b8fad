/** Checks that involve several keys. */
import { isDeepStrictEqual } from 'node:util';
import { printable } from './faults.ts';
import type { ConfigRole, KeySpec } from './key-spec.ts';
import type { ConfigKey, ConnectorConfig } from './keys.ts';
import { configKeys } from './keys.ts';

export interface CheckedConfig {
  readonly config: ConnectorConfig;
  readonly role: ConfigRole;
  /** The keys that were set to a value other than null, valid or not. */
  readonly given: ReadonlySet<string>;
}

/** Keys that are refused, missing, or contradict each other. */
export function faultsAcross(checked: CheckedConfig): string[] {
  const { config, role, given } = checked;
  const faults = refusedKeys(checked);
  if (role === 'manager' && !config.is_server && !given.has('server_sockaddr')) {
    faults.push(
      'server_sockaddr: missing; set it to the address and port of the client’s server, for example ["127.0.0.1", 10673]',
    );
  }
  if (role === 'api' && !config.is_server && !given.has('client_name')) {
    faults.push(
      'client_name: missing; set it to the client_name of the connector, since programs find a client’s connector by it',
    );
  }
  if (role === 'manager') faults.push(...shortOfStrict(checked));
  if (config.python_listener === 'at_least_once' && !config.uds_path_receive_preserve_socket) {
    faults.push(
      'python_listener: at_least_once needs one lasting connection to the listener; leave uds_path_receive_preserve_socket true',
    );
  }
  for (const type of config.file_type2dirpath.keys()) {
    if (!config.file_recv_config.has(type)) continue;
    faults.push(
      `file_type2dirpath: the type ${printable(type)} is also in file_recv_config; keep it in one of them`,
    );
  }
  return faults;
}

/** Settings that are valid but probably not intended. */
export function warningsAcross(checked: CheckedConfig): string[] {
  const { config, role } = checked;
  const warnings: string[] = [];
  const later = laterKeys(checked);
  if (later.length > 0) warnings.push(`not supported yet, ignored: ${later.join(', ')}`);
  if (role !== 'manager') return warnings;
  if (config.ssl_allow_all && !config.use_ssl) {
    warnings.push('ssl_allow_all has no effect without use_ssl: connections are not encrypted');
  }
  for (const [stored, allowed] of [
    ['disk_persistence_send', 'send_message_types'],
    ['disk_persistence_recv', 'recv_message_types'],
  ] as const) {
    const types = config[stored];
    const strange = Array.isArray(types) ? types.filter((type) => !config[allowed].includes(type)) : [];
    if (strange.length > 0)
      warnings.push(`${stored} has types that are not in ${allowed}: ${strange.map(printable).join(', ')}`);
  }
  return warnings;
}

/** What contradicts `security: strict`. */
function shortOfStrict({ config, given }: CheckedConfig): string[] {
  if (config.security !== 'strict') return [];
  const short = [
    ...(config.use_ssl ? [] : ['use_ssl: false, so connections are not encrypted']),
    ...(config.ssl_allow_all ? ['ssl_allow_all: true, so anyone can connect'] : []),
    ...(config.is_server && config.default_certificate && given.has('default_certificate')
      ? ['default_certificate: true, so clients need no invitation']
      : []),
  ];
  return short.map((what) => `security: "strict" contradicts ${what}; remove one of them`);
}

/** Whether a server gives certificates to clients that have only the shared default one. */
export function allowsDefaultCertificate({ security, default_certificate }: ConnectorConfig): boolean {
  return default_certificate && security !== 'strict';
}

/** Faults for refused keys. A program that uses a connector does not need these keys. */
function refusedKeys(checked: CheckedConfig): string[] {
  if (checked.role === 'api') return [];
  return configKeys(checked.role)
    .filter(([name, spec]) => spec.state === 'refused' && isAskedFor(name, spec, checked))
    .map(([name, { without = LESS_SAFE }]) => `${name}: ${without}; ${HOW_ELSE}`);
}

const LESS_SAFE = 'not supported yet, and ignoring it would weaken security';
const HOW_ELSE = "leave it out, or keep Python's aioconnectors for this connector";

function laterKeys(checked: CheckedConfig): string[] {
  const keys = configKeys(checked.role)
    .filter(([name, spec]) => spec.state === 'later' && isAskedFor(name, spec, checked))
    .map(([name, { instead }]) => (instead === undefined ? name : `${name} (${instead})`));
  const owned = [...checked.config.file_recv_config].filter(([, { owner }]) => owner !== null);
  const owners =
    checked.role === 'manager'
      ? owned.map(([type]) => `file_recv_config.${/^[\w-]+$/.test(type) ? type : printable(type)}.owner`)
      : [];
  return [...keys, ...owners];
}

/** Whether a key affects this side (server or client), and the switch that it depends on is on. */
export function hasEffect({ side, onlyWith }: KeySpec, config: ConnectorConfig): boolean {
  if (side !== undefined && side !== (config.is_server ? 'server' : 'client')) return false;
  return onlyWith === undefined || Boolean(config[onlyWith as ConfigKey]);
}

/** Whether the key is set to a value that would have an effect on this side. */
function isAskedFor(name: ConfigKey, spec: KeySpec, { config }: CheckedConfig): boolean {
  if (!hasEffect(spec, config)) return false;
  const usual = spec.follows === undefined ? spec.default : config[spec.follows as ConfigKey];
  return !isDeepStrictEqual(config[name], usual);
}
