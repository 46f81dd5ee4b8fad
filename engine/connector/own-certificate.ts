import type { Status } from '../contract/views.ts';
import { ClientEndpoint } from '../peers/client-endpoint.ts';
import type { ServerEndpoint } from '../peers/server-endpoint.ts';
import type { ConnectorSecurity } from './connector-options.ts';

/** What a screen shows of this side's certificate. */
export function ownCertificate(
  security: ConnectorSecurity,
  endpoint: ServerEndpoint | ClientEndpoint,
): Pick<Status, 'asksForCertificate' | 'ownWords' | 'ownCertificateEndsAtMs'> {
  const isClient = endpoint instanceof ClientEndpoint;
  const words = security.mode === 'plain' ? undefined : security.tls?.words;
  const ownEndsAtMs = isClient ? endpoint.certificateEndsAtMs : undefined;
  const endsAtMs = ownEndsAtMs ?? (security.mode === 'mutual-tls' ? security.tls?.notAfterMs : undefined);
  return {
    asksForCertificate: isClient && endpoint.asksForCertificate,
    ...(words !== undefined && { ownWords: words }),
    ...(endsAtMs !== undefined && { ownCertificateEndsAtMs: endsAtMs }),
  };
}
