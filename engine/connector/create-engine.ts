import type { Disk } from '../base/disk.ts';
import { realDisk } from '../base/real-disk.ts';
import { realClock, realRandomness } from '../base/real-ports.ts';
import type { ConnectorConfig } from '../config/keys.ts';
import type { EngineApi } from '../contract/engine-api.ts';
import type { ConnectorCommands } from '../local/connector-commands.ts';
import { realNetwork } from '../peers/network.ts';
import { fingerprintWords } from '../security/fingerprint.ts';
import { loadOrMakeIdentity } from '../security/identity.ts';
import { restrictForAttach } from './attach-restrictions.ts';
import { Connector } from './connector.ts';
import type { ConnectorOptions } from './connector-options.ts';
import { EngineService } from './engine-service.ts';
import { type FromConfigOptions, optionsFromConfig } from './options-from-config.ts';

/** The name that every chat client has on the wire: a Python server sends to no other (PROTOCOL §10). */
const CHAT_CLIENT = 'chat_client';

export interface ChatEngineOptions {
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
  readonly engine: EngineApi;
  /** A client's server, by the id that commands use. */
  readonly serverPeer: string | undefined;
  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN, AIOC_ALREADY_RUNNING */
  start(): Promise<void>;
  /** @param options `hard` does not wait until queues are empty */
  stop(options?: { readonly hard: boolean }): Promise<void>;
  /** Stops all but the ear for commands; what waits to be sent is kept for the next start. */
  pause(options: { readonly hard: boolean }): Promise<void>;
  readonly control: ConnectorCommands;
}

/**
 * Makes the chat's engine, which has not started yet, so that a screen can watch it start.
 *
 * @throws AiocError AIOC_STATE_DIRECTORY when the identity can be neither read nor made
 */
export async function createChatEngine(options: ChatEngineOptions): Promise<Engine> {
  const { stateDirectory, displayName, useTls, fixedWallMs, ...rest } = options;
  const clock = realClock(fixedWallMs);
  const random = realRandomness();
  // The certificate's dates are the machine's own, whatever the screen shows.
  const making = {
    directory: stateDirectory,
    commonName: displayName,
    wallNowMs: realClock().wallNow(),
    random,
  };
  return engineOf({
    ...rest,
    displayName,
    stateDirectory,
    wireName: CHAT_CLIENT,
    security: useTls ? { mode: 'tls-allow-all', tls: await loadOrMakeIdentity(making) } : { mode: 'plain' },
    namesAreIdentities: false,
    ignored: false,
    reconnects: true,
    fingerprintWords,
    ports: { clock, random, network: realNetwork(), disk: realDisk() },
  });
}

export type ConnectorEngineOptions = Omit<FromConfigOptions, 'ports'> & {
  readonly config: ConnectorConfig;
  readonly fixedWallMs?: number;
  /** What its journal lies on; absent: the machine's own disk. */
  readonly disk?: Disk;
};

/**
 * Makes a connector out of a configuration; it has not started yet.
 *
 * @throws AiocError AIOC_CERTIFICATES, AIOC_STATE_DIRECTORY, AIOC_SOCKET_PATH
 */
export async function createConnectorEngine({
  fixedWallMs,
  disk = realDisk(),
  ...options
}: ConnectorEngineOptions): Promise<Engine> {
  const ports = {
    clock: realClock(fixedWallMs),
    random: realRandomness(),
    network: realNetwork(),
    disk,
  };
  return engineOf(await optionsFromConfig({ ...options, ports }));
}

function engineOf(options: ConnectorOptions): Engine {
  const connector = new Connector(options);
  const engine = new EngineService(connector);
  connector.local?.serveAttach(restrictForAttach(engine));
  return {
    engine,
    serverPeer: connector.server?.id,
    start: () => connector.start(),
    stop: (how) => connector.stop(how),
    pause: (how) => connector.pause(how),
    control: connector.control,
  };
}
