/** What keys and commands do, by the pane that they belong to: see `control/actions/`. */

type PeersAction = 'who' | 'talk' | 'ignore' | 'delete-certificate' | 'errors-of' | 'ping' | 'disconnect';

type QueuesAction = 'why' | 'peek' | 'export' | 'purge';

type LogAction = 'open-log-row' | 'freeze';

type ChatAction = 'write' | 'open-chat-row' | 'close-chat' | 'cancel-transfer' | 'say-again';

type WritingAction =
  | 'send'
  | 'complete'
  | 'complete-back'
  | 'take-back'
  | 'search'
  | 'leave'
  | 'older-line'
  | 'newer-line'
  | 'stop-command';

type GeneralAction =
  | 'focus-peers'
  | 'focus-queues'
  | 'focus-log'
  | 'next-pane'
  | 'previous-pane'
  | 'zoom'
  | 'down'
  | 'up'
  | 'page-down'
  | 'page-up'
  | 'first'
  | 'last'
  | 'filter'
  | 'back'
  | 'undo'
  | 'act-now'
  | 'suspend'
  | 'copy'
  | 'clipboard'
  | 'mouse'
  | 'theme'
  | 'read-pane'
  | 'read-all'
  | 'save-screen'
  | 'command-log'
  | 'mark'
  | 'mark-range'
  | 'mark-all'
  | 'next-match'
  | 'previous-match'
  | 'sort'
  | 'sort-back'
  | 'reverse'
  | 'ignore-all'
  | 'invite'
  | 'join'
  | 'start'
  | 'stop'
  | 'stop-hard'
  | 'restart'
  | 'restart-hard'
  | 'answer'
  | 'dial'
  | 'next-address'
  | 'palette'
  | 'transfers'
  | 'help'
  | 'repaint'
  | 'cost'
  | 'quit';

export type ActionId = PeersAction | QueuesAction | LogAction | ChatAction | WritingAction | GeneralAction;
