import { type Binding, on } from '../binding.ts';
import { actedPeers, type KeyContext } from '../key-context.ts';

const needsPeer = ({ data, peer }: KeyContext): string | undefined => {
  if ((data.peers?.matched ?? 0) === 0) return 'There are no peers yet.';
  return peer === undefined ? 'Select a peer first, with ↑ or ↓.' : undefined;
};

const isMarked = ({ ui }: KeyContext): boolean => ui.marks.peers.size > 0;

/** `ignore 3`, while rows are marked. */
const withCount = ({ ui }: KeyContext, label: string): string =>
  ui.marks.peers.size > 0 ? `${label} ${ui.marks.peers.size}` : label;

const needsConnectedPeer = (context: KeyContext): string | undefined =>
  (isMarked(context) ? undefined : needsPeer(context)) ??
  (isMarked(context) || context.peer?.state === 'connected' ? undefined : 'That peer is not connected.');

const needsCertificate = (context: KeyContext): string | undefined => {
  const { status } = context.data;
  if (status?.canDeleteCertificates !== true) return 'Certificates can only be deleted with mutual TLS.';
  if (status.asksForCertificate) return 'This client has no certificate yet.';
  return needsPeer(context);
};

/** In the palette, the name of a peer may follow; without one it is the selected peer. */
const NAMED = { words: '[PEER]', argument: 'peer' } as const;

/** The keys of the peers pane. */
export const PEERS_KEYS: readonly Binding[] = [
  on('peers', 'enter v', ['who', 'view, with its fingerprint words'], {
    command: 'who',
    ...NAMED,
    footer: 1,
    refusal: needsPeer,
  }),
  on('peers', 't', ['talk', 'talk'], { command: 'talk', ...NAMED, footer: 1, refusal: needsPeer }),
  on('peers', 'i', ['ignore', 'ignore / stop ignoring'], {
    labelNow: (context) =>
      withCount(context, actedPeers(context).every(({ ignored }) => ignored) ? 'stop ignoring' : 'ignore'),
    command: 'ignore',
    ...NAMED,
    cliName: 'ignore_peer_traffic',
    footer: 2,
    refusal: needsPeer,
  }),
  on('peers', 'd', ['delete-certificate', 'delete certificate'], {
    command: 'delete-certificate',
    cliName: 'delete_client_certificate',
    footer: 3,
    refusal: needsCertificate,
  }),
  on('peers', 'p', ['ping', 'ping'], {
    labelNow: (context) => withCount(context, 'ping'),
    command: 'ping',
    ...NAMED,
    footer: 3,
    refusal: needsConnectedPeer,
  }),
  on('peers', 'e', ['errors-of', 'errors, what went wrong with it, in the log'], {
    ...{ command: 'errors', ...NAMED, footer: 4, refusal: needsPeer },
  }),
  on('peers', 'x', ['disconnect', 'disconnect'], {
    labelNow: (context) => withCount(context, 'disconnect'),
    command: 'disconnect',
    ...NAMED,
    cliName: 'disconnect_client',
    footer: 4,
    refusal: needsConnectedPeer,
  }),
];
