import { hostAndPort } from '../base/addresses.ts';
import { LIMITS } from '../base/limits.ts';
import type { TlsVersion } from '../base/ports.ts';
import type { Phase } from '../contract/views.ts';
import type { Admission } from '../peers/admission.ts';
import { ClientEndpoint } from '../peers/client-endpoint.ts';
import type { PeerKeeper } from '../peers/endpoint.ts';
import { defaultHeartbeat, type HeartbeatRules } from '../peers/heartbeat.ts';
import type { KnownKinds } from '../peers/known-kinds.ts';
import { KnownServer } from '../peers/known-server.ts';
import type { Registry } from '../peers/registry.ts';
import { ServerEndpoint } from '../peers/server-endpoint.ts';
import type { IdentifiedKind } from '../peers/session-types.ts';
import type { Traffic } from '../peers/traffic.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { ClientTrust } from '../peers/trust.ts';
import type { AiocHello } from '../protocol/messages.ts';
import type { KnownMachines } from '../security/known-machines.ts';
import type { ConnectorOptions } from './connector-options.ts';

export interface EndpointParts {
  readonly options: ConnectorOptions;
  readonly registry: Registry;
  readonly knownKinds: KnownKinds;
  readonly traffic: Traffic;
  readonly log: TrafficLog;
  readonly admission: Admission;
  readonly known: KnownMachines;
  readonly sourceId: () => string;
  readonly setPhase: (phase: Phase) => void;
  readonly keeper: PeerKeeper | undefined;
}

/** aioc peers send heartbeats in both directions; a Python server gets them only if the configuration says so. */
function livenessFor(
  { role, heartbeat }: ConnectorOptions,
  kind: IdentifiedKind['kind'],
): HeartbeatRules | undefined {
  if (kind === 'aioc') return heartbeat ?? defaultHeartbeat(role);
  return role === 'client' ? heartbeat : undefined;
}

/** The hello of this run for aioc peers. */
function helloOf(options: ConnectorOptions, { takesFiles }: Pick<Traffic, 'takesFiles'>): AiocHello {
  const { version, displayName, ports, messageMaxBytes, role, security } = options;
  const terms = role === 'server' && security.mode === 'mutual-tls' ? security.server?.terms : undefined;
  const instance = ports.random.bytes(8).toString('hex');
  return {
    ...{ version, name: displayName, instance },
    messageMaxBytes: messageMaxBytes ?? LIMITS.messageBytes,
    ...(terms !== undefined && { certificateDays: terms.days }),
    ...(takesFiles && { files: true }),
  };
}

function withMinVersion(trust: ClientTrust, minVersion: TlsVersion): ClientTrust {
  const credentials = async (): ReturnType<ClientTrust['credentials']> => {
    const { tls, ...more } = await trust.credentials();
    return { ...more, tls: { ...tls, minVersion } };
  };
  return { ...trust, credentials };
}

/** Creates the endpoint: a server accepts connections, a client dials. */
export function makeEndpoint({
  options,
  admission,
  known,
  sourceId,
  ...parts
}: EndpointParts): ServerEndpoint | ClientEndpoint {
  const { role, host, port, security, fingerprintWords, ports, wireName } = options;
  const hello = helloOf(options, parts.traffic);
  const heartbeatOf = (kind: IdentifiedKind['kind']): HeartbeatRules | undefined =>
    livenessFor(options, kind);
  const common = {
    ports,
    host,
    port,
    security: security.mode,
    fingerprintWords,
    heartbeatOf,
    hello,
    ...parts,
  };
  const { tlsMinVersion: minVersion = 'TLSv1.2' } = options;
  const tls = security.mode === 'plain' ? undefined : security.tls && { ...security.tls, minVersion };
  const trust = security.mode === 'mutual-tls' ? security : undefined;
  if (role === 'server') {
    const { access, refusesDuplicates = false } = options;
    return new ServerEndpoint({
      ...common,
      tls,
      admission,
      sourceId,
      refusesDuplicates,
      ...(access !== undefined && { rejectionReason: (subject) => access.rejectionReason(subject) }),
      ...(trust?.server && { trust: trust.server }),
    });
  }
  const { bindTo, reconnects, dialTimeoutMs = LIMITS.dialTimeoutMs } = options;
  return new ClientEndpoint({
    ...common,
    ...(tls && { tls }),
    ...(trust?.client && { trust: withMinVersion(trust.client, minVersion) }),
    ...(bindTo !== undefined && { bindTo }),
    ...(options.knownMachinesFile !== undefined && {
      known: new KnownServer({
        ...{ known, fingerprintWords, keeper: parts.keeper, address: hostAndPort(host, port) },
      }),
    }),
    wireName,
    reconnects,
    dialTimeoutMs,
  });
}
