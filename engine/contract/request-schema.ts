/** Validates requests from another process. */
import * as z from 'zod';
import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Command } from './commands.ts';
import type { Request } from './engine-rpc.ts';
import type { PeekQuestion } from './queue-peek.ts';
import type { View } from './views.ts';

/** Positions in an outbox and its lanes. */
const PLACE_CHARACTERS = 1_000;

const filter = z.string().max(LIMITS.viewFilterCharacters);
const rows = z.int();
const list = { filter, rows, descending: z.boolean(), offset: z.int() };
const tail = { filter, rows, endId: z.int().exactOptional(), afterId: z.int().exactOptional() };
const peer = z.string();
const on = z.boolean();
const hard = z.boolean();

const PEER_SORTS = ['name', 'address', 'state', 'rate', 'lag', 'waiting', 'dropped', 'certificate'] as const;
const QUEUE_SORTS = ['name', 'depth', 'size', 'age', 'in', 'out', 'lag', 'drain'] as const;

const VIEW = z.discriminatedUnion('pane', [
  z.object({ pane: z.literal('status') }),
  z.object({ pane: z.literal('peers'), ...list, sort: z.enum(PEER_SORTS) }),
  z.object({ pane: z.literal('queues'), ...list, sort: z.enum(QUEUE_SORTS) }),
  z.object({ pane: z.literal('transfers'), ...list, sort: z.enum(['name', 'peer', 'rate', 'size']) }),
  z.object({ pane: z.literal('log'), ...tail }),
  z.object({ pane: z.literal('chat'), peer, ...tail }),
]) satisfies z.ZodType<View>;

const LOCAL_ROW = z.object({
  key: z.string(),
  text: z.string(),
  tone: z.enum(['info', 'good', 'bad']).exactOptional(),
  shell: z
    .object({
      running: z.boolean(),
      exitCode: z.number().exactOptional(),
      signal: z.string().exactOptional(),
      lines: z.array(z.string()).max(LIMITS.shellLines),
      droppedLines: z.int(),
    })
    .exactOptional(),
});

/** Every command; exported for the test that a read-only screen can run none of them. */
export const COMMAND = z.discriminatedUnion('kind', [
  z.object({ kind: z.enum(['newcomer.accept', 'newcomer.refuse']), joinRequest: z.int() }),
  z.object({ kind: z.literal('peer.ignore'), peer, on }),
  z.object({ kind: z.literal('all.ignore'), on }),
  z.object({
    kind: z.enum(['peer.ping', 'peer.disconnect', 'certificate.delete', 'chat.read', 'exec.stop']),
    peer,
  }),
  z.object({
    kind: z.literal('client.invite'),
    name: z.string().max(LIMITS.nameLength),
    hours: z.number().exactOptional(),
  }),
  z.object({ kind: z.enum(['connector.stop', 'connector.restart']), hard }),
  z.object({ kind: z.enum(['connector.start', 'dial.now', 'files.list']) }),
  z.object({ kind: z.literal('chat.say'), peer, text: z.string() }),
  z.object({ kind: z.literal('chat.upload'), peer, path: z.string() }),
  z.object({ kind: z.enum(['chat.cancel', 'chat.again']), peer, row: z.int() }),
  z.object({ kind: z.literal('exec.answer'), request: z.int(), run: z.boolean() }),
  z.object({ kind: z.literal('chat.local'), peer, row: LOCAL_ROW }),
  z.object({
    kind: z.literal('files.import'),
    name: z.string(),
    directory: z.string().exactOptional(),
    unzip: z.boolean(),
  }),
  z.object({ kind: z.literal('queue.purge'), queue: z.string(), upTo: z.string().max(PLACE_CHARACTERS) }),
  z.object({ kind: z.literal('transfer.cancel'), id: z.string() }),
  z.object({ kind: z.literal('log.note'), text: z.string(), warning: z.boolean() }),
]) satisfies z.ZodType<Command>;

const PEEK = z.object({
  queue: z.string(),
  after: z.string().max(PLACE_CHARACTERS).exactOptional(),
  upTo: z.string().max(PLACE_CHARACTERS).exactOptional(),
  rows: z.int().min(0),
  bodies: z.enum(['beginning', 'whole']).exactOptional(),
}) satisfies z.ZodType<PeekQuestion>;

const viewId = z.int();
const callId = z.int();

const REQUEST = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('hello'), version: z.number(), readOnly: z.boolean().exactOptional() }),
  z.object({ kind: z.enum(['open', 'change']), viewId, view: VIEW }),
  z.object({ kind: z.literal('close'), viewId }),
  z.object({ kind: z.literal('query'), callId, logId: z.int() }),
  z.object({ kind: z.literal('peek'), callId, question: PEEK }),
  z.object({ kind: z.literal('execute'), callId, command: COMMAND }),
]) satisfies z.ZodType<Request>;

/** @throws AiocError AIOC_FRAME_BAD if it is not a request of this version of the contract */
export function parseRequest(value: unknown): Request {
  const { data, error } = REQUEST.safeParse(value);
  if (data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  const where = issue === undefined || issue.path.length === 0 ? '' : `${issue.path.join('.')}: `;
  throw new AiocError('AIOC_FRAME_BAD', `invalid request from an attached screen: ${where}${issue?.message}`);
}
