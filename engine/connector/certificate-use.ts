import type { Peer } from '../peers/peer.ts';
import type { PeerChange } from '../peers/traffic-observers.ts';
import type { CertificateUses } from '../security/certificate-uses.ts';
import type { ConnectorOptions, ConnectorSecurity } from './connector-options.ts';

/** A server in mutual TLS notes when its clients were connected; undefined for any other connector. */
export function usesOf(security: ConnectorSecurity): CertificateUses | undefined {
  return security.mode === 'mutual-tls' ? security.server?.uses : undefined;
}

/** The function to call when a peer has connected or disconnected: it notes the use, then calls that of the options. */
export function notingUses(
  { security, onPeerChange }: ConnectorOptions,
  registry: { byWireName(name: string): Peer | undefined },
): ((change: PeerChange) => void) | undefined {
  const uses = usesOf(security);
  if (uses === undefined) return onPeerChange;
  return (change) => {
    const fingerprint = registry.byWireName(change.name)?.fingerprint;
    if (!change.connected) uses.disconnected(change.name);
    else if (fingerprint !== undefined) uses.connected(change.name, fingerprint);
    onPeerChange?.(change);
  };
}
