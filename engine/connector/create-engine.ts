import type { Disk } from '../base/disk.ts';
import { LIMITS } from '../base/limits.ts';
import { realDisk } from '../base/real-disk.ts';
import { realClock, realRandomness } from '../base/real-ports.ts';
import type { ExecOptions } from '../chat/peer-commands.ts';
import type { ConnectorConfig } from '../config/keys.ts';
import type { EngineApi } from '../contract/engine-api.ts';
import type { ConnectorCommands } from '../local/connector-commands.ts';
import { realNetwork } from '../peers/network.ts';
import { fingerprintWords } from '../security/fingerprint.ts';
import { loadOrMakeIdentity } from '../security/identity.ts';
import { knownMachinesPath } from '../security/known-machines.ts';
import { Connector } from './connector.ts';
import type { ConnectorOptions } from './connector-options.ts';
import { EngineService } from './engine-service.ts';
import { conversationsPath } from './kept-chat.ts';
import { type FromConfigOptions, optionsFromConfig } from './options-from-config.ts';

/** The name of every chat client on the wire: a Python server sends to this name only (PROTOCOL §10). */
const CHAT_CLIENT = 'chat_client';

export interface ChatEngineOptions {
  readonly role: 'server' | 'client';
  /** On a server: the address to listen on. On a client: the server's address. */
  readonly host: string;
  /** 1 to 65535; on a server 0 lets the system choose. */
  readonly port: number;
  readonly displayName: string;
  readonly version: string;
  readonly useTls: boolean;
  /** Accepts every client without asking. */
  readonly acceptAll: boolean;
  /** The directory with the key and certificate. */
  readonly stateDirectory: string;
  readonly receivedDirectory: string;
  /** A shell for lines of peers, each of which runs only after a yes. */
  readonly exec?: ExecOptions;
  /** No conversation, and no line that waits, is kept for the next start. */
  readonly keepsNothing?: boolean;
  /** The first start makes the key: called before it, and when it is made. */
  readonly onMakingKey?: (isMaking: boolean) => void;
  /** A fixed time for the displayed clock, so that screens can be compared. */
  readonly fixedWallMs?: number;
}

export interface Engine {
  readonly engine: EngineApi;
  /** The server of a client, by its id in commands. */
  readonly serverPeer: string | undefined;
  /** @throws AiocError AIOC_PORT_TAKEN, AIOC_LISTEN, AIOC_ALREADY_RUNNING */
  start(): Promise<void>;
  /** @param options `hard` does not drain the queues */
  stop(options?: { readonly hard: boolean }): Promise<void>;
  /** Stops everything except the command socket; queued messages are kept for the next start. */
  pause(options: { readonly hard: boolean }): Promise<void>;
  readonly control: ConnectorCommands;
}

/**
 * Creates the engine of the chat without starting it, so that a screen can show the start.
 *
 * @throws AiocError AIOC_STATE_DIRECTORY if the identity cannot be read or created
 */
export async function createChatEngine(options: ChatEngineOptions): Promise<Engine> {
  const {
    stateDirectory,
    displayName,
    useTls,
    keepsNothing = false,
    fixedWallMs,
    onMakingKey,
    ...rest
  } = options;
  // Strangers could fill the disk of a server that accepts everybody.
  const keeps = useTls && !keepsNothing && !options.acceptAll;
  const clock = realClock(fixedWallMs);
  const random = realRandomness();
  // The certificate uses the real clock, even if the displayed one is fixed.
  const making = {
    directory: stateDirectory,
    commonName: displayName,
    wallNowMs: realClock().wallNow(),
    random,
    ...(onMakingKey !== undefined && { onMaking: onMakingKey }),
  };
  return engineOf({
    ...rest,
    displayName,
    stateDirectory,
    wireName: CHAT_CLIENT,
    security: useTls ? { mode: 'tls-allow-all', tls: await loadOrMakeIdentity(making) } : { mode: 'plain' },
    namesAreIdentities: false,
    ...(useTls && { knownMachinesFile: knownMachinesPath(stateDirectory) }),
    ...(keeps && { conversationsDirectory: conversationsPath(stateDirectory, options.role) }),
    messageMaxBytes: LIMITS.messageWithoutIdentityBytes,
    ignored: false,
    reconnects: true,
    fingerprintWords,
    ports: { clock, random, network: realNetwork(), disk: realDisk() },
  });
}

export type ConnectorEngineOptions = Omit<FromConfigOptions, 'ports'> & {
  readonly config: ConnectorConfig;
  readonly fixedWallMs?: number;
  /** The disk of the journal. Default: the real one. */
  readonly disk?: Disk;
};

/**
 * Creates a connector from a configuration without starting it.
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
  connector.local?.serveAttach({
    open: (view, onUpdate) => engine.open(view, onUpdate),
    query: (logId) => engine.query(logId),
    peek: (question) => engine.peek(question),
    execute: (command) => engine.execute(command, 'an attached screen'),
  });
  return {
    engine,
    serverPeer: connector.server?.id,
    start: () => connector.start(),
    stop: (how) => connector.stop(how),
    pause: (how) => connector.pause(how),
    control: connector.control,
  };
}
