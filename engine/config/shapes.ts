/** The types of configuration values: how each is checked, and its description in error messages. */
import * as z from 'zod';
import { familyOf, readHost } from '../base/addresses.ts';
import { toAiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { namePattern } from '../base/name-pattern.ts';
import type { TlsVersion } from '../base/ports.ts';
import { fullDirectoryPattern, fullPath } from './full-path.ts';

/** A fault that a schema finds in a value: the part of zod's issues that aioc reads. */
export interface SchemaIssue {
  readonly code: string;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  /** Of `unrecognized_keys`. */
  readonly keys?: readonly string[];
  /** Of `invalid_union`: the issues of each alternative. */
  readonly errors?: readonly (readonly SchemaIssue[])[];
}

/** What aioc needs of a zod schema. The types of the library name this instead of zod, which is not installed with it. */
interface ValueSchema<Value> {
  safeParse(
    value: unknown,
  ):
    | { readonly success: true; readonly data: Value }
    | { readonly success: false; readonly error: { readonly issues: readonly SchemaIssue[] } };
}

export interface Shape<Value = unknown> {
  readonly schema: ValueSchema<Value>;
  /** Follows "it takes …" in a fault. */
  readonly takes: string;
  /** May contain a password: error messages must not show it. */
  readonly isSecret?: true;
}

export type LogLevel = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** Address (or name) and port. */
export type SocketAddress = readonly [host: string, port: number];

export interface FileDestinationTemplate {
  /** May have placeholders like `{source_id}`, which are replaced by values from the message's header. */
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

/** For keys whose value is not used. */
export const ANYTHING: Shape<unknown> = { schema: z.unknown(), takes: 'a function of a Python program' };

/** Also takes 0, 1 and "", since Python tests truth values and files often contain 0 or 1. Other strings are faults. */
export const BOOLEAN: Shape<boolean> = {
  schema: z.union([z.boolean(), z.literal([0, 1, '']).transform((value) => value === 1)]),
  takes: 'true or false',
};

export const SECONDS: Shape<number> = {
  schema: z.number().positive().max(LIMITS.configSeconds),
  takes: `seconds, more than 0 and at most ${LIMITS.configSeconds}`,
};

const sizeBytes = z.int().min(1);

export const SIZE_BYTES: Shape<number> = {
  schema: sizeBytes,
  takes: 'a size in bytes, a whole number of at least 1',
};

/** A limit that may be 0: only empty files pass. */
export const SIZE_BYTES_OR_NONE: Shape<number> = {
  schema: z.int().min(0),
  takes: 'a size in bytes, a whole number',
};

export function count({ min, max }: { min: number; max: number }): Shape<number> {
  return { schema: z.int().min(min).max(max), takes: `a whole number from ${min} to ${max}` };
}

/** A number of files, or of files in a time. */
export const FILE_COUNT: Shape<number> = count({ min: 0, max: 1_000_000_000 });

const NO_NUL = 'a path has no NUL character';
const anyPath = z
  .string()
  .max(LIMITS.configPathCharacters)
  .refine((path) => !path.includes('\0'), NO_NUL);
const pathText = anyPath.min(1);

const NO_HOME = 'it starts with ~ but this user has no home directory: set HOME, or write the full path';

/** Resolves a path; a fault if that is impossible. */
function meaning(resolvePath: (path: string) => string | undefined) {
  return (path: string, context: z.RefinementCtx): string => {
    const full = resolvePath(path);
    if (full !== undefined) return full;
    context.addIssue({ code: 'custom', message: NO_HOME });
    return z.NEVER;
  };
}

const path = pathText.transform(meaning(fullPath));

export const PATH: Shape<string> = {
  schema: path,
  takes: 'a path, for example "/var/lib/aioc"',
};

/** As in Python, an empty path is the working directory. */
export const DIRECTORY: Shape<string> = { schema: anyPath.transform(meaning(fullPath)), takes: PATH.takes };

/** Placeholders only as `{name}`; Python's other format codes are not supported. */
const directoryPattern = pathText
  .refine(
    (path) => !/[{}]/.test(path.replace(/\{\w+\}/g, '')),
    'each pair of braces must contain one header key, as in {source_id}',
  )
  .transform(meaning(fullDirectoryPattern));

const host = z
  .string()
  .max(LIMITS.hostCharacters)
  .regex(/^[0-9A-Za-z._:%-]+$/);
/** A host as people write it: an IPv6 address may be in brackets. */
const writtenHost = host.or(z.string().regex(/^\[[0-9A-Fa-f:.%\w-]+\]$/)).transform((written, context) => {
  const read = readHost(written);
  if ('host' in read && read.port === undefined) return read.host;
  const message = 'fault' in read ? read.fault : 'write the port after the host, as a separate number';
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

/** Python adds this type for publish/subscribe, so some files contain it. Programs cannot use it. */
const PUBLISH_TYPE = '_pubsub';

const messageType = z
  .string()
  .min(1, 'a message type cannot be empty')
  .max(LIMITS.messageTypeCharacters)
  .refine((type) => !/[/\p{Cc}]/u.test(type), 'a message type cannot contain "/" or control characters')
  .refine(
    (type) => type === PUBLISH_TYPE || !type.startsWith('_'),
    'message types that start with "_" are reserved for the protocol',
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

/** A single name becomes a list. */
export const PEERS: Shape<boolean | readonly string[]> = {
  schema: z.union([z.boolean(), text.transform((peer) => [peer]), z.array(text)]),
  takes: 'true, false, the name of a peer or a list of names',
};

/** An empty list means the same as no list. */
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
  'a list of names or simple patterns such as "edge-.*"',
);

const address = z
  .string()
  .transform((written) => written.replace(/^\[(.*)\]$/, '$1'))
  .refine((one) => familyOf(one) !== undefined, 'each entry must be an IPv4 or IPv6 address');

export const ADDRESSES = listOf(address, 'a list of addresses, for example ["192.168.1.5"]');

export const SUBNETS = listOf(
  z.union([z.cidrv4(), z.cidrv6()]),
  'a list of subnets, for example ["192.168.1.0/24"]',
);

export const PATH_OR_BOOLEAN: Shape<boolean | string> = {
  schema: z.union([z.boolean(), path]),
  takes: 'true, false or the path of a certificate file',
};

export const TEXT_OR_BOOLEAN: Shape<boolean | string> = {
  schema: z.union([z.boolean(), text]),
  takes: 'true, false or a host name',
};

export const CLIENT_NAME: Shape<string> = {
  schema: z
    .string()
    .max(LIMITS.nameLength)
    .refine((name) => /^[0-9A-Za-z_:-]+$/.test(name), 'it is empty or has a character that names cannot have')
    .refine((name) => !/^default[0-9]*$/.test(name), 'the name is reserved for the default certificate'),
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

/** What a queue does with a message that does not fit. Dropped messages are counted and logged. */
export type WhenFull = 'refuse' | 'drop_oldest' | 'drop_newest';

/** What a server does when a client connects under the name of a connected client. */
export type DuplicateClient = 'replace' | 'refuse';

export const DUPLICATE_CLIENT: Shape<DuplicateClient> = {
  schema: z.enum(['replace', 'refuse']),
  takes: '"replace" or "refuse"',
};

export const TLS_VERSION: Shape<TlsVersion> = {
  schema: z.enum(['TLSv1.2', 'TLSv1.3']),
  takes: '"TLSv1.2" or "TLSv1.3"',
};

export const SECURITY: Shape<'strict'> = {
  schema: z.literal('strict'),
  takes: '"strict"',
};

/** How the content of a file is kept until its message is delivered. */
export type FileSpool = 'reference' | 'copy';

export const FILE_SPOOL: Shape<FileSpool> = {
  schema: z.enum(['reference', 'copy']),
  takes: '"reference" or "copy"',
};

export const WHEN_FULL: Shape<WhenFull> = {
  schema: z.enum(['refuse', 'drop_oldest', 'drop_newest']),
  takes: '"refuse", "drop_oldest" or "drop_newest"',
};

/**
 * Delivery to a listener on Python's receive socket. `at_most_once`: what is written to the socket counts as delivered, as
 * in Python. `at_least_once`: aioc sends messages again that the listener may have lost.
 */
export type PythonListener = 'at_most_once' | 'at_least_once';

export const PYTHON_LISTENER: Shape<PythonListener> = {
  schema: z.enum(['at_most_once', 'at_least_once']),
  takes: '"at_most_once" or "at_least_once"',
};

/**
 * When a message counts as stored. `batch`: after an fsync, which messages that arrive meanwhile share. `always`: after
 * an fsync of its own. `os`: once the operating system has it; it survives a crash of aioc but not a power loss.
 */
export type Durability = 'batch' | 'always' | 'os';

export const DURABILITY: Shape<Durability> = {
  schema: z.enum(['batch', 'always', 'os']),
  takes: '"batch", "always" or "os"',
};

export const ROTATION: Shape<boolean | number> = {
  schema: z.union([
    z.boolean(),
    sizeBytes,
    // Python converts a string to a number here, and for no other key.
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number)
      .pipe(z.int().min(1)),
  ]),
  takes: 'true, false or the size in bytes at which the file is rotated',
};

/** Objects become maps: peers choose the names that are looked up, and `constructor` must not be found. */
function toMap<Value>(table: Readonly<Record<string, Value>>): ReadonlyMap<string, Value> {
  return new Map(Object.entries(table));
}

export const TYPE_DIRECTORIES: Shape<ReadonlyMap<string, string>> = {
  schema: z.record(text, directoryPattern).transform(toMap),
  takes: 'an object of file types and directories, for example {"any": "/var/lib/aioc/{source_id}"}',
};

/** The keys of an entry of file_recv_config; others cause a warning. */
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
    'an object of file types, for example {"any": {"target_directory": "/var/lib/aioc/{source_id}", "override_existing": false}}',
};

export const PRIORITIES: Shape<ReadonlyMap<string, number>> = {
  schema: z.record(text, z.number()).transform(toMap),
  takes: 'an object of message types and numbers (the smallest is sent first), for example {"urgent": -1}',
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
