/** The engine's public face: everything that the ways in (source/) may use of it. */
import { realClock, realRandomness } from './base/real-ports.ts';
import { Connector, type ConnectorOptions } from './connector/connector.ts';
import { ConnectorDoor } from './connector/connector-door.ts';
import type { EngineDoor } from './contract/door.ts';
import { realNetwork } from './peers/network.ts';
import { wordsOf } from './security/fingerprint.ts';
import { loadOrMakeIdentity } from './security/identity.ts';

export { AiocError, ERROR_CODES, type ErrorCode, toAiocError } from './base/errors.ts';
export { connectDoor, serveDoor } from './contract/door-port.ts';

export interface EngineOptions {
  readonly role: 'server' | 'client';
  /** A server: the address to listen on. A client: the server to call. */
  readonly host: string;
  /** 1 to 65535; 0 lets the system choose a server's. */
  readonly port: number;
  readonly displayName: string;
  readonly version: string;
  readonly useTls: boolean;
  /** Lets everybody in without asking. */
  readonly acceptAll: boolean;
  /** Holds this side's key and certificate. */
  readonly stateDirectory: string;
  readonly receivedDirectory: string;
  /** Stops the clock that people read, so that screens can be compared. */
  readonly fixedWallMs?: number;
}

export interface Engine {
  readonly door: EngineDoor;
  /** A client's server, by the id that commands use. */
  readonly serverPeer: string | undefined;
  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Makes an engine that has not started yet, so that a screen can watch it start.
 *
 * @throws AiocError AIOC_STATE_DIRECTORY when the identity can be neither read nor made
 */
export async function createEngine(options: EngineOptions): Promise<Engine> {
  const { stateDirectory, displayName, useTls, fixedWallMs, ...rest } = options;
  const clock = realClock(fixedWallMs);
  const random = realRandomness();
  const identity = useTls
    ? await loadOrMakeIdentity({
        directory: stateDirectory,
        commonName: displayName,
        // The certificate's dates are the machine's own, whatever the screen shows.
        wallNowMs: realClock().wallNow(),
        random,
      })
    : undefined;
  const ports = { clock, random, network: realNetwork() };
  const settings: ConnectorOptions = { ...rest, displayName, identity, ports, wordsOf, stateDirectory };
  const connector = new Connector(settings);
  return {
    door: new ConnectorDoor(connector),
    serverPeer: connector.server?.id,
    start: () => connector.start(),
    stop: () => connector.stop(),
  };
}
