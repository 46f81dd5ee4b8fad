import type { ConnectorConfig } from './keys.ts';

/** A name of the same length as the generated names. */
export const SAMPLE_CLIENT_NAME = 'client_00000000';

/** The same configuration, with a generated name if it is of a client without one. */
export function withClientName(config: ConnectorConfig, random: (count: number) => Buffer): ConnectorConfig {
  if (config.is_server || config.client_name !== null) return config;
  return { ...config, client_name: `client_${random(4).toString('hex')}` };
}
