import { THEMES, type ThemeName } from '../../components/themes/themes.ts';
import { AiocError } from '../../engine/base/errors.ts';
import type { OptionName } from '../option-table.ts';

export type Values = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** `aioc send`. */
export interface ShellSendOptions {
  readonly connector?: string;
  readonly directories: readonly string[];
  /** One message; absent: each line of the input is a message. */
  readonly text?: string;
  /** Each line of the input is a message in JSON. */
  readonly json: boolean;
  readonly type?: string;
  readonly to?: string;
  readonly files: readonly {
    /** `-`: the standard input. */
    readonly path: string;
    readonly dstType: string;
    readonly dstName?: string;
    readonly delete: boolean;
  }[];
  /** Does not wait until the peer has the files. */
  readonly isDetached: boolean;
  readonly binaryPath?: string;
  readonly awaitResponse: boolean;
  readonly timeoutMs?: number;
}

/** `aioc listen`. */
export interface ShellListenOptions {
  readonly connector?: string;
  readonly directories: readonly string[];
  readonly types: readonly string[];
  readonly count?: number;
  readonly raw: boolean;
  readonly reply?: string;
}

/** How a full screen is opened. */
export interface ScreenLook {
  readonly ascii: boolean;
  readonly mouse?: true;
  readonly theme?: ThemeName;
  /** Lines for a screen reader. */
  readonly isScreenReader: boolean;
  /** False: Tab does not complete. */
  readonly completes?: false;
  readonly isReadOnly: boolean;
}

/** `aioc attach`. */
export interface AttachOptions extends ScreenLook {
  /** Its name or its configuration file; required unless exactly one runs. */
  readonly connector?: string;
  readonly directories: readonly string[];
}

/** @throws AiocError AIOC_USAGE */
export function shellSend([connector, words, extra]: readonly string[], values: Values): ShellSendOptions {
  if (extra !== undefined) throw usage(`unexpected argument "${extra}": put the text in quotes`);
  const [type, binaryPath] = [text(values, 'type'), text(values, 'binary')];
  const seconds = text(values, 'timeout');
  if (seconds !== undefined && !(Number(seconds) > 0))
    throw usage(`--timeout takes a number of seconds, not "${seconds}"`);
  return {
    ...where(connector, values),
    ...(words !== undefined && { text: words }),
    json: values['json'] === true,
    ...(type !== undefined && { type }),
    ...toWhom(values),
    files: filesOf(values),
    isDetached: values['no_wait'] === true,
    ...(binaryPath !== undefined && { binaryPath }),
    awaitResponse: values['await_response'] === true,
    ...(seconds !== undefined && { timeoutMs: Number(seconds) * 1000 }),
  };
}

/** @throws AiocError AIOC_USAGE */
function filesOf(values: Values): ShellSendOptions['files'] {
  const paths = texts(values, 'file');
  const dstName = text(values, 'dst_name');
  if (dstName !== undefined && paths.length > 1)
    throw usage('--dst_name names one file, but there are several --file');
  if (paths.includes('-') && dstName === undefined)
    throw usage('--file - needs --dst_name, the name of the file at the receiver');
  const about = {
    dstType: text(values, 'dst_type') ?? 'any',
    ...(dstName !== undefined && { dstName }),
    delete: values['delete'] === true,
  };
  return paths.map((path) => ({ path, ...about }));
}

/** @throws AiocError AIOC_USAGE */
export function shellListen([connector, extra]: readonly string[], values: Values): ShellListenOptions {
  if (extra !== undefined) throw unexpected(extra);
  const reply = text(values, 'reply');
  return {
    ...where(connector, values),
    types: text(values, 'type')?.split(',') ?? [],
    ...howMany(values),
    raw: values['raw'] === true,
    ...(reply !== undefined && { reply }),
  };
}

/** @throws AiocError AIOC_USAGE */
export function screenLook(
  values: Values,
  env: Readonly<Record<string, string | undefined>> = process.env,
): ScreenLook {
  const theme = themeOf(values);
  return {
    ascii: values['ascii'] === true,
    ...(values['mouse'] === true && { mouse: true }),
    ...(theme !== undefined && { theme }),
    isScreenReader: values['screen_reader'] === true || isOn(env['AIOC_SCREEN_READER']),
    ...(values['nowrap'] === true && { completes: false }),
    isReadOnly: values['read_only'] === true,
  };
}

/** A switch of the environment: off when it is empty or 0. */
function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0';
}

/** @throws AiocError AIOC_USAGE */
function themeOf(values: Values): ThemeName | undefined {
  const name = text(values, 'theme');
  const theme = THEMES.find((one) => one === name);
  if (name !== undefined && theme === undefined)
    throw usage(`--theme takes one of ${THEMES.join(', ')}, not "${name}"`);
  return theme;
}

export function toWhom(values: Values): { readonly to?: string } {
  const to = text(values, 'to');
  return to === undefined ? {} : { to };
}

/** @throws AiocError AIOC_USAGE */
export function howMany(values: Values): { readonly count?: number } {
  const count = text(values, 'count');
  if (count === undefined) return {};
  if (!/^[1-9]\d*$/.test(count)) throw usage(`--count takes a whole number, not "${count}"`);
  return { count: Number(count) };
}

/** @throws AiocError AIOC_USAGE for an option with an empty value */
export function text(values: Values, name: OptionName): string | undefined {
  const value = values[name];
  if (value === '') throw usage(`--${name} needs a value that is not empty`);
  return typeof value === 'string' ? value : undefined;
}

/** @throws AiocError AIOC_USAGE for an option with an empty value */
function texts(values: Values, name: OptionName): readonly string[] {
  const value = values[name];
  if (!Array.isArray(value)) return [];
  if (value.includes('')) throw usage(`--${name} needs a value that is not empty`);
  return value;
}

/** What is wrong with the command line; `parseCommandLine` adds which help to look at. */
export function usage(what: string): AiocError {
  return new AiocError('AIOC_USAGE', what);
}

export function unexpected(word: string): AiocError {
  return usage(`unexpected argument "${word}"`);
}

export function where(
  connector: string | undefined,
  values: Values,
): { readonly connector?: string; readonly directories: readonly string[] } {
  const directories = [text(values, 'connector_files_dirpath') ?? []].flat();
  return connector === undefined ? { directories } : { connector, directories };
}
