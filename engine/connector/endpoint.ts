import { LIMITS } from '../base/limits.ts';
import type { Phase } from '../contract/views.ts';
import { Acceptor } from '../peers/acceptor.ts';
import { Dialler } from '../peers/dialler.ts';
import type { Gate } from '../peers/gate.ts';
import { type LivenessRules, USUAL_LIVENESS } from '../peers/liveness.ts';
import type { Natures } from '../peers/natures.ts';
import type { Registry } from '../peers/registry.ts';
import type { PeerNature } from '../peers/session-types.ts';
import type { Traffic } from '../peers/traffic.ts';
import type { TrafficLog } from '../peers/traffic-log.ts';
import type { AiocHello } from '../protocol/messages.ts';
import type { ConnectorOptions } from './connector-options.ts';

export interface EndpointParts {
  readonly options: ConnectorOptions;
  readonly registry: Registry;
  readonly natures: Natures;
  readonly traffic: Traffic;
  readonly log: TrafficLog;
  readonly gate: Gate;
  readonly sourceId: () => string;
  readonly setPhase: (phase: Phase) => void;
}

/** Between aioc peers each side looks whether the other still lives; Python's server is asked only where that is wished. */
function livenessFor(
  { role, liveness }: ConnectorOptions,
  kind: PeerNature['kind'],
): LivenessRules | undefined {
  if (kind === 'aioc') return liveness ?? USUAL_LIVENESS;
  return role === 'client' ? liveness : undefined;
}

/** What this run of the program says about itself to an aioc peer. */
function helloOf({ version, displayName, ports, messageMaxBytes }: ConnectorOptions): AiocHello {
  const instance = ports.random.bytes(8).toString('hex');
  return {
    ...{ version, name: displayName, instance },
    messageMaxBytes: messageMaxBytes ?? LIMITS.messageBytes,
  };
}

/** What makes a connector's connections: a server takes them, a client calls. */
export function makeEndpoint({ options, gate, sourceId, ...parts }: EndpointParts): Acceptor | Dialler {
  const { role, host, port, security, wordsOf, ports, wireName } = options;
  const hello = helloOf(options);
  const livenessOf = (kind: PeerNature['kind']): LivenessRules | undefined => livenessFor(options, kind);
  const common = { ports, host, port, security: security.mode, wordsOf, livenessOf, hello, ...parts };
  const tls = security.mode === 'plain' ? undefined : security.tls;
  const trust = security.mode === 'mutual-tls' ? security : undefined;
  if (role === 'server') {
    const { access, refusesDuplicates = false } = options;
    return new Acceptor({
      ...common,
      tls,
      gate,
      sourceId,
      refusesDuplicates,
      ...(access !== undefined && { objection: (subject) => access.objection(subject) }),
      ...(trust?.server && { trust: trust.server }),
    });
  }
  const { bindTo, reconnects, dialTimeoutMs = LIMITS.dialTimeoutMs } = options;
  return new Dialler({
    ...common,
    ...(tls && { tls }),
    ...(trust?.client && { trust: trust.client }),
    ...(bindTo !== undefined && { bindTo }),
    wireName,
    reconnects,
    dialTimeoutMs,
  });
}
