import { Connector } from '../../engine/connector/connector.ts';
import type { ConnectorSecurity } from '../../engine/connector/connector-options.ts';
import { EngineService } from '../../engine/connector/engine-service.ts';
import type {
  ChatRow,
  LogRow,
  PeerRow,
  QueueRow,
  Status,
  Update,
  View,
} from '../../engine/contract/views.ts';
import type { ClientTrust } from '../../engine/peers/trust.ts';
import type { AccessLists } from '../../engine/security/access-list.ts';
import type { SimulatedWorld } from './simulated-world.ts';

/** A device cannot hold a directory, so a test that needs one and has not said so fails. */
const UNUSED = '/dev/null/aioc';

export const PORT = 10_673;

export interface SideOptions {
  readonly role: 'server' | 'client';
  readonly acceptAll?: boolean;
  readonly tls?: boolean;
  readonly displayName?: string;
  readonly receivedDirectory?: string;
  readonly stateDirectory?: string;
  readonly knownMachinesFile?: string;
  readonly conversationsDirectory?: string;
  /** A configured connector in mutual TLS: its peers are known by their names. A client's own; a server's is not used. */
  readonly configuredAs?: string;
  readonly refusesDuplicates?: boolean;
  readonly reconnects?: boolean;
  readonly access?: AccessLists;
  /** Of such a client: what it gets when it looks up its certificate. */
  readonly credentials?: ClientTrust['credentials'];
}

/** Mutual TLS without certificates: the server takes the name that the simulated certificate claims. */
export const TRUST = {
  mode: 'mutual-tls',
  tls: { certificatePem: '', privateKeyPem: '', words: '' },
  server: {
    terms: { days: 365 },
    authenticate: async (certificate) => ({ kind: 'client', name: certificate?.claimedName ?? '' }),
    enrol: () => Promise.reject(new Error('everybody has a certificate')),
    remove: async () => undefined,
    invite: () => Promise.reject(new Error('everybody has a certificate')),
  },
  client: {
    credentials: async () => ({ tls: { certificatePem: '', privateKeyPem: '' } }),
    rejectionReason: async () => undefined,
    propose: () => Promise.reject(new Error('everybody has a certificate')),
    store: async () => undefined,
    remove: async () => undefined,
  },
} satisfies ConnectorSecurity;

function trust(credentials = TRUST.client.credentials): ConnectorSecurity {
  return { ...TRUST, client: { ...TRUST.client, credentials } };
}

function securityOf(tls: boolean, displayName: string): ConnectorSecurity {
  if (!tls) return { mode: 'plain' };
  const words = `words-of-${displayName}`;
  return { mode: 'tls-allow-all', tls: { certificatePem: '', privateKeyPem: '', words } };
}

/** A connector in a simulated world, looked at and steered through its door like any screen does. */
export class Side {
  readonly connector: Connector;
  readonly engine: EngineService;

  constructor(world: SimulatedWorld, options: SideOptions) {
    const { role, acceptAll = true, tls = false, displayName = role, configuredAs, credentials } = options;
    this.connector = new Connector({
      role,
      host: '127.0.0.1',
      port: PORT,
      displayName,
      version: '0.0.0',
      wireName: configuredAs ?? 'chat_client',
      security: configuredAs !== undefined ? trust(credentials) : securityOf(tls, displayName),
      namesAreIdentities: configuredAs !== undefined,
      ignored: false,
      reconnects: options.reconnects ?? true,
      fingerprintWords: (fingerprint) => `words-of-${fingerprint}`,
      acceptAll,
      refusesDuplicates: options.refusesDuplicates ?? false,
      receivedDirectory: options.receivedDirectory ?? UNUSED,
      stateDirectory: options.stateDirectory ?? UNUSED,
      ...(options.access !== undefined && { access: options.access }),
      ...(options.knownMachinesFile !== undefined && { knownMachinesFile: options.knownMachinesFile }),
      ...(options.conversationsDirectory !== undefined && {
        conversationsDirectory: options.conversationsDirectory,
      }),
      ports: world,
    });
    this.engine = new EngineService(this.connector);
  }

  get status(): Status {
    return this.connector.status();
  }

  get peers(): readonly PeerRow[] {
    return this.#look<PeerRow>({
      pane: 'peers',
      filter: '',
      sort: 'name',
      descending: false,
      offset: 0,
      rows: 100,
    });
  }

  get queues(): readonly QueueRow[] {
    return this.#look<QueueRow>({
      pane: 'queues',
      filter: '',
      sort: 'name',
      descending: false,
      offset: 0,
      rows: 100,
    });
  }

  get log(): readonly LogRow[] {
    return this.#look<LogRow>({ pane: 'log', filter: '', rows: 1000 });
  }

  /** The conversation with the first peer, or the one given. */
  chat(peer = this.peers[0]?.id ?? ''): readonly ChatRow[] {
    return this.#look<ChatRow>({ pane: 'chat', peer, filter: '', rows: 1000 });
  }

  /** Lines of the conversation that came from the peer. */
  heard(peer?: string): string[] {
    return this.chat(peer)
      .filter(({ from }) => from === 'peer')
      .map(({ text }) => text);
  }

  say(text: string, peer = this.peers[0]?.id ?? ''): void {
    void this.engine.execute({ kind: 'chat.say', peer, text });
  }

  #look<Row>(view: View): readonly Row[] {
    let seen: Update | undefined;
    this.engine
      .open(view, (update) => {
        seen = update;
      })
      .close();
    return (seen as unknown as { rows: readonly Row[] }).rows;
  }
}
