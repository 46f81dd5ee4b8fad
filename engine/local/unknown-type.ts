import { AiocError } from '../base/errors.ts';

/** The type in which Python's programs publish and subscribe. */
const PUBLISH_TYPE = '_pubsub';

/** Why a message of a type is not taken: a key has not got it, or nothing could be added to any key. */
export function whyNotTaken(type: string, key: 'send_message_types' | 'recv_message_types'): string {
  return type === PUBLISH_TYPE
    ? "aioc can't publish and subscribe yet: keep Python's aioconnectors for connectors that do"
    : `the type ${type} is not in ${key}: add it there`;
}

/** For a program that asks for a type that its connector does not take. */
export function unknownType(type: string, key: 'send_message_types' | 'recv_message_types'): AiocError {
  return new AiocError('AIOC_TYPE_UNKNOWN', whyNotTaken(type, key));
}
