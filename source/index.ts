/** The library: what `import … from 'aioc'` gives. engine/api/README.md shows it at work. */

export type { Command, CommandResult, CommandValue } from '../engine/contract/commands.ts';
export type { EngineApi, ViewSubscription } from '../engine/contract/engine-api.ts';
export type { Body, Update, View } from '../engine/contract/views.ts';
export {
  AiocError,
  type AttachedEngine,
  attach,
  type CallOptions,
  type ClientMatch,
  type ConnectedPeers,
  type ConnectorAddress,
  ConnectorAPI,
  type ConnectorApiOptions,
  ConnectorRemoteTool,
  type CreatedCertificates,
  createCertificates,
  type ErrorCode,
  type FileToSend,
  type IgnoredPeers,
  type Listener,
  type ListenerMessage,
  type ListenOptions,
  type MessageHandler,
  type OutgoingMessage,
  type QueueCounts,
  type ReceivedMessage,
  type ReplyOptions,
  type RequestOptions,
  type RestartOptions,
  type SendOptions,
  type StopOptions,
} from '../engine/index.ts';
export {
  ConnectorManager,
  type ConnectorManagerEvents,
  type ConnectorPeer,
  type StartConnectorOptions,
  type StopConnectorOptions,
} from './connector-manager.ts';
export type { ConnectorManagerOptions, FileDestinationOptions } from './manager-options.ts';
