/** What values the keys of a configuration take: how each is checked, and how that is said to a person. */
import * as z from 'zod';
import { familyOf, readHost } from '../base/addresses.ts';
import { toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { namePattern } from '../base/name-pattern.ts';
import { fullDirectoryPattern, fullPath } from './full-path.ts';

export interface Shape<Value = unknown> {
  readonly schema: z.ZodType<Value>;
  /** Follows "it takes …" in a fault. */
  readonly takes: string;
  /** Holds a password, so that no fault may repeat it. */
  readonly isSecret?: true;
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** Address (or name) and port. */
export type SocketAddress = readonly [host: string, port: number];

export interface FileDestinationTemplate {
  /** May have placeholders like `{source_id}`, filled in from the message's header. */
  readonly target_directory: string;
  readonly override_existing: boolean;
  /** `user:group`, or null. */
  readonly owner: string | null;
}

export interface ProxySettings {
  readonly address: string;
  readonly port: number;
  readonly authorization: { readonly username: string; readonly password: string } | null;
  readonly ssl_server: boolean;
}

/** For keys of which nothing is used. */
export const ANYTHING: Shape<unknown> = { schema: z.unknown(), takes: 'a function of a Python program' };

/** Python asks for the truth of a value: numbers are often written for it. Words in quotes are no truth of their own. */
export const BOOLEAN: Shape<boolean> = {
  schema: z.union([z.boolean(), z.literal([0, 1, '']).transform((value) => value === 1)]),
  takes: 'true or false',
};

export const SECONDS: Shape<number> = {
  schema: z.number().positive().max(LIMITS.configSeconds),
  takes: `seconds, more than 0 and at most ${LIMITS.configSeconds}`,
};

export const SIZE_BYTES: Shape<number> = {
  schema: z.int().min(1),
  takes: 'a size in bytes, a whole number of at least 1',
};

/** A limit that may be 0, which lets nothing pass but what is empty. */
export const SIZE_BYTES_OR_NONE: Shape<number> = {
  schema: z.int().min(0),
  takes: 'a size in bytes, a whole number',
};

export function count({ min, max }: { min: number; max: number }): Shape<number> {
  return { schema: z.int().min(min).max(max), takes: `a whole number from ${min} to ${max}` };
}

const NO_NUL = 'a path has no NUL character';
const anyPath = z
  .string()
  .max(LIMITS.configPathCharacters)
  .refine((path) => !path.includes('\0'), NO_NUL);
const pathText = anyPath.min(1);

const NO_HOME = 'it begins with ~, and this user has no home directory: set HOME, or write the full path';

/** What the path means; a fault where that cannot be known. */
function meaning(resolvePath: (path: string) => string | undefined) {
  return (path: string, context: z.RefinementCtx): string => {
    const full = resolvePath(path);
    if (full !== undefined) return full;
    context.addIssue({ code: 'custom', message: NO_HOME });
    return z.NEVER;
  };
}

export const PATH: Shape<string> = {
  schema: pathText.transform(meaning(fullPath)),
  takes: 'a path, for example "/var/lib/aioc"',
};

/** As in Python, an empty path is the working directory. */
export const DIRECTORY: Shape<string> = { schema: anyPath.transform(meaning(fullPath)), takes: PATH.takes };

/** Placeholders only in the form `{name}`: anything else between braces would be a code of Python's, which has more. */
const directoryPattern = pathText
  .refine(
    (path) => !/[{}]/.test(path.replace(/\{\w+\}/g, '')),
    'its braces must each hold one key of a message’s header, as in {source_id}',
  )
  .transform(meaning(fullDirectoryPattern));

const host = z
  .string()
  .max(253)
  .regex(/^[0-9A-Za-z._:%-]+$/);
/** A host as people write it: an IPv6 address may stand in brackets. */
const writtenHost = host.or(z.string().regex(/^\[[0-9A-Fa-f:.%\w-]+\]$/)).transform((written, context) => {
  const read = readHost(written);
  if ('host' in read && read.port === undefined) return read.host;
  const message = 'fault' in read ? read.fault : 'the port stands behind the host, as a number of its own';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});
const port = z.int().min(1).max(65_535);

export const SOCKET_ADDRESS: Shape<SocketAddress> = {
  schema: z.tuple([writtenHost, port]).readonly(),
  takes: 'a list of an address and a port from 1 to 65535, for example ["127.0.0.1", 10673]',
};

export const HOST: Shape<string> = {
  schema: writtenHost,
  takes: 'an address or the name of a network interface, for example "192.168.1.5"',
};

/** Python adds this type by itself where it publishes and subscribes; some files have it. It is nobody's own type. */
const PUBLISH_TYPE = '_pubsub';

const messageType = z
  .string()
  .min(1, 'a message type is not empty')
  .max(LIMITS.messageTypeCharacters)
  .refine((type) => !/[/\p{Cc}]/u.test(type), 'a message type has no / and no control character')
  .refine(
    (type) => type === PUBLISH_TYPE || !type.startsWith('_'),
    'message types that begin with _ are the protocol’s own',
  );
const messageTypeList = z
  .array(messageType)
  .transform((types) => [...new Set(types)].filter((type) => type !== PUBLISH_TYPE));

export const MESSAGE_TYPES: Shape<readonly string[]> = {
  schema: messageTypeList,
  takes: 'a list of message types, for example ["any"]',
};

export const BOOLEAN_OR_TYPES: Shape<boolean | readonly string[]> = {
  schema: z.union([z.boolean(), z.literal(1).transform(() => true), messageTypeList]),
  takes: 'true, false or a list of message types',
};

const text = z.string().min(1);

/** One peer or several: a lone name becomes a list. */
export const PEERS: Shape<boolean | readonly string[]> = {
  schema: z.union([z.boolean(), text.transform((peer) => [peer]), z.array(text)]),
  takes: 'true, false, the name of a peer or a list of names',
};

/** An empty list says the same as none. */
function listOf(entry: z.ZodType<string>, takes: string): Shape<readonly string[] | null> {
  const schema = z.array(entry).max(LIMITS.accessEntries);
  return { schema: schema.transform((entries) => (entries.length === 0 ? null : entries)), takes };
}

export const NAME_PATTERNS = listOf(
  z.string().superRefine((pattern, context) => {
    try {
      namePattern(pattern);
    } catch (error) {
      context.addIssue({ code: 'custom', message: toAiocError(error).message });
    }
  }),
  'a list of names, or simple patterns for them such as "edge-.*"',
);

const address = z
  .string()
  .transform((written) => written.replace(/^\[(.*)\]$/, '$1'))
  .refine((one) => familyOf(one) !== undefined, 'an entry is an address, IPv4 or IPv6');

export const ADDRESSES = listOf(address, 'a list of addresses, for example ["192.168.1.5"]');

export const SUBNETS = listOf(
  z.union([z.cidrv4(), z.cidrv6()]),
  'a list of networks, for example ["192.168.1.0/24"]',
);

export const PATH_OR_BOOLEAN: Shape<boolean | string> = {
  schema: z.union([z.boolean(), PATH.schema]),
  takes: 'true, false or the path of a file with certificates',
};

export const TEXT_OR_BOOLEAN: Shape<boolean | string> = {
  schema: z.union([z.boolean(), text]),
  takes: 'true, false or a host name',
};

export const CLIENT_NAME: Shape<string> = {
  schema: z
    .string()
    .max(LIMITS.nameLength)
    .refine(
      (name) => /^[0-9A-Za-z_:-]+$/.test(name),
      'it has a character that no name may have, or none at all',
    )
    .refine((name) => !/^default[0-9]*$/.test(name), 'the name is reserved for the first certificate'),
  takes: `a name of 1 to ${LIMITS.nameLength} letters, digits, "-", "_" or ":", but not "default" or "default1"`,
};

const LEVELS: Readonly<Record<string, LogLevel>> = {
  NOTSET: 'DEBUG',
  DEBUG: 'DEBUG',
  INFO: 'INFO',
  WARN: 'WARNING',
  WARNING: 'WARNING',
  ERROR: 'ERROR',
  CRITICAL: 'CRITICAL',
  FATAL: 'CRITICAL',
};

export const LOG_LEVEL: Shape<LogLevel> = {
  schema: z.enum(Object.keys(LEVELS)).transform((name) => LEVELS[name] ?? 'INFO'),
  takes: '"DEBUG", "INFO", "WARNING", "ERROR" or "CRITICAL"',
};

/** What a queue does with a message that does not fit. Whatever is dropped is counted and told. */
export type WhenFull = 'refuse' | 'drop_oldest' | 'drop_newest';

/** What becomes of a client that comes under the name of one that is connected. */
export type DuplicateClient = 'replace' | 'refuse';

export const DUPLICATE_CLIENT: Shape<DuplicateClient> = {
  schema: z.enum(['replace', 'refuse']),
  takes: '"replace" or "refuse"',
};

export const WHEN_FULL: Shape<WhenFull> = {
  schema: z.enum(['refuse', 'drop_oldest', 'drop_newest']),
  takes: '"refuse", "drop_oldest" or "drop_newest"',
};

/**
 * What a listener on Python's receive socket is given that ended while it lagged. `at_most_once`: what was written to it
 * counts as taken, as in Python. `at_least_once`: what it may have lost comes again.
 */
export type PythonListener = 'at_most_once' | 'at_least_once';

export const PYTHON_LISTENER: Shape<PythonListener> = {
  schema: z.enum(['at_most_once', 'at_least_once']),
  takes: '"at_most_once" or "at_least_once"',
};

/**
 * When a message counts as stored. `batch`: when the disk has it for good; what came while the disk was busy shares one
 * sync. `always`: the same, with a sync of its own. `os`: when the operating system has it, which outlives the end of
 * this process in any way, but no power loss.
 */
export type Durability = 'batch' | 'always' | 'os';

export const DURABILITY: Shape<Durability> = {
  schema: z.enum(['batch', 'always', 'os']),
  takes: '"batch", "always" or "os"',
};

export const ROTATION: Shape<boolean | number> = {
  schema: z.union([
    z.boolean(),
    SIZE_BYTES.schema,
    // Python makes a number of a text here, and nowhere else.
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number)
      .pipe(z.int().min(1)),
  ]),
  takes: 'true, false or the size in bytes at which a new file is begun',
};

/**
 * Tables become maps: what is looked up in them comes from peers, and `constructor` must not be found.
 */
function toMap<Value>(table: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(table));
}

export const TYPE_DIRECTORIES: Shape<ReadonlyMap<string, string>> = {
  schema: z.record(text, directoryPattern).transform(toMap),
  takes: 'a table of file types and directories, for example {"any": "/var/lib/aioc/{source_id}"}',
};

/** What an entry of file_recv_config holds; whatever else it has is warned of. */
export const DESTINATION_KEYS: readonly string[] = ['target_directory', 'override_existing', 'owner'];

export const FILE_DESTINATIONS: Shape<ReadonlyMap<string, FileDestinationTemplate>> = {
  schema: z
    .record(
      text,
      z.object({
        target_directory: directoryPattern,
        override_existing: z
          .boolean()
          .nullish()
          .transform((value) => value ?? false),
        owner: text.nullish().transform((value) => value ?? null),
      }),
    )
    .transform(toMap),
  takes:
    'a table of file types, for example {"any": {"target_directory": "/var/lib/aioc/{source_id}", "override_existing": false}}',
};

export const PRIORITIES: Shape<ReadonlyMap<string, number>> = {
  schema: z.record(text, z.number()).transform(toMap),
  takes: 'a table of message types and numbers, the smallest first, for example {"urgent": -1}',
};

const proxyPort = z.union([
  port,
  z
    .string()
    .regex(/^\d{1,5}$/)
    .transform(Number)
    .pipe(port),
]);

export const PROXY: Shape<ProxySettings | null> = {
  schema: z
    .strictObject({
      enabled: z.boolean().nullish(),
      address: host.nullish(),
      port: proxyPort.nullish(),
      authorization: z
        .union([z.literal(''), z.strictObject({ username: z.string(), password: z.string() })])
        .nullish(),
      ssl_server: z.boolean().nullish(),
    })
    .transform(({ enabled, address, port, authorization, ssl_server }, context) => {
      if (enabled !== true) return null;
      if (address == null || port == null) {
        context.addIssue({ code: 'custom', message: 'an enabled proxy needs an address and a port' });
        return z.NEVER;
      }
      return { address, port, authorization: authorization || null, ssl_server: ssl_server === true };
    }),
  takes:
    '{"enabled", "address", "port", "authorization": {"username", "password"}, "ssl_server"}, or {} for none',
  isSecret: true,
};
