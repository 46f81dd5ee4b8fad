import { LIMITS } from '../../engine/base/limits.ts';
import { text, unexpected, usage, type Values, where } from './send-arguments.ts';

/** A connector by its configuration file or its name; without it, the only one that runs. */
export interface ConnectorWhere {
  readonly connector?: string;
  readonly directories: readonly string[];
}

/** `aioc certificates list`. `connector` may also be a certificates directory. */
export interface CertificateListOptions extends ConnectorWhere {
  readonly days: number;
  readonly json: boolean;
}

/** `aioc certificates revoke`. `connector` may also be a certificates directory. */
export interface RevokeOptions extends ConnectorWhere {
  readonly name: string;
}

/** `aioc invite`. */
export interface ShellInviteOptions extends ConnectorWhere {
  readonly name: string;
  readonly hours?: number;
  readonly address?: string;
  readonly json: boolean;
}

/** @throws AiocError AIOC_USAGE */
export function certificateList(words: readonly string[], values: Values): CertificateListOptions {
  const days = numberOf(values, 'days', { max: LIMITS.certificateDaysMax }) ?? LIMITS.certificateEndsSoonDays;
  return { ...where(atMostOne(words), values), days, json: values['json'] === true };
}

/** @throws AiocError AIOC_USAGE */
export function revocation(words: readonly string[], values: Values): RevokeOptions {
  return connectorAndName(words, values);
}

/** @throws AiocError AIOC_USAGE */
export function shellInvite(words: readonly string[], values: Values): ShellInviteOptions {
  const hours = numberOf(values, 'hours', { max: LIMITS.invitationHoursMax });
  const address = text(values, 'address');
  return {
    ...connectorAndName(words, values),
    ...(hours !== undefined && { hours }),
    ...(address !== undefined && { address }),
    json: values['json'] === true,
  };
}

/** @throws AiocError AIOC_USAGE */
export function atMostOne([word, extra]: readonly string[]): string | undefined {
  if (extra !== undefined) throw unexpected(extra);
  return word;
}

function connectorAndName([connector, name, extra]: readonly string[], values: Values): RevokeOptions {
  if (connector === undefined || name === undefined)
    throw usage("missing argument: the command needs the server (CONNECTOR) and the client's name");
  if (extra !== undefined) throw unexpected(extra);
  return { ...where(connector, values), name };
}

function numberOf(
  values: Values,
  option: 'days' | 'hours',
  { max }: { readonly max: number },
): number | undefined {
  const written = text(values, option);
  if (written === undefined) return undefined;
  const number = Number(written);
  if (!(number > 0 && number <= max))
    throw usage(`--${option} takes a number above 0, up to ${max}, not "${written}"`);
  return number;
}
