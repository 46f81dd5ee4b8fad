import { AiocError } from '../base/errors.ts';

/** The message type of Python's publish/subscribe. */
const PUBLISH_TYPE = '_pubsub';

/** Why a message type is refused. */
export function whyNotTaken(type: string, key: 'send_message_types' | 'recv_message_types'): string {
  return type === PUBLISH_TYPE
    ? "aioc does not support publish/subscribe yet: keep Python's aioconnectors for it"
    : `the type ${type} is not in ${key}: add it there`;
}

/** The error for a program that uses a type that its connector does not accept. */
export function unknownType(type: string, key: 'send_message_types' | 'recv_message_types'): AiocError {
  return new AiocError('AIOC_TYPE_UNKNOWN', whyNotTaken(type, key));
}
