import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { limitedSource } from '../base/address-groups.ts';
import { PRIVATE_MODE, replaceDurably } from '../base/atomic-file.ts';
import { AiocError, systemCode } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import { withFileLock } from '../base/locks/file-lock.ts';
import type { Clock, Randomness } from '../base/ports.ts';
import { SerialQueue } from '../base/serial-queue.ts';
import { TokenBuckets } from '../base/token-bucket.ts';
import {
  type CertificatePaths,
  certificatePaths,
  certificatesError,
  inDirectory,
} from './certificate-paths.ts';
import { directoryLock } from './client-register.ts';
import { type InvitationUse, type InvitationUser, noInvitation } from './enrolment.ts';
import { SECRET_BYTES } from './invitation-code.ts';
import { readTrusted } from './stored-certificates.ts';

export interface InvitationsOptions {
  /** certificates_directory_path */
  readonly directory: string;
  readonly random: Randomness;
  readonly clock: Clock;
}

/** An invitation that a client may still use, or has used. */
export interface ListedInvitation {
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  readonly isUsed: boolean;
}

const INVITATION = z.object({
  name: z.string(),
  /** SHA-256 of the secret, in hex. The secret has 128 random bits, so a slow hash would protect nothing more. */
  secret_sha256: z.string(),
  expires_ms: z.number(),
  /** The certificate that it was used for. */
  used_for: z.string().exactOptional(),
});
const FILE = z.object({ version: z.literal(1), invitations: z.array(INVITATION) });
type StoredInvitation = z.infer<typeof INVITATION>;

/** An invitation has about 300 bytes. */
const BYTES_PER_INVITATION = 512;

/**
 * The one-time invitations of a server, in a file of its certificates directory that Python ignores. It has only hashes
 * of the secrets. Each name has one invitation at most.
 */
export class Invitations implements InvitationUser {
  readonly #options: InvitationsOptions;
  readonly #places: CertificatePaths;
  readonly #path: string;
  readonly #queue = new SerialQueue();
  /** Wrong secrets of an address that let the file be read again. */
  readonly #guesses = new TokenBuckets({
    perSecond: LIMITS.invitationGuessesPerSecond,
    burst: LIMITS.invitationGuessBurst,
  });
  #known: ReadonlyMap<string, StoredInvitation> = new Map();
  #readAs: string | undefined;

  constructor(options: InvitationsOptions) {
    this.#options = options;
    this.#places = certificatePaths(options.directory);
    this.#path = join(this.#places.clients, '.invitations.json');
  }

  /**
   * Makes an invitation for a name; an earlier one for this name ends.
   *
   * @param hours from now on: how long it is valid
   * @throws AiocError AIOC_INVITATION if there are too many, AIOC_CERTIFICATES
   */
  create(name: string, hours: number): Promise<{ readonly secret: Buffer; readonly expiresAtMs: number }> {
    const { random, clock } = this.#options;
    const secret = Buffer.from(random.bytes(SECRET_BYTES));
    const expiresAtMs = clock.wallNow() + hours * 3_600_000;
    return this.#change(async (stored) => {
      const others = stored.filter((one) => one.name !== name);
      if (others.length >= LIMITS.invitations)
        throw new AiocError(
          'AIOC_INVITATION',
          `there are ${LIMITS.invitations} invitations, the maximum: wait until some expire, or withdraw them: aioc certificates revoke`,
        );
      const added = { name, secret_sha256: hashOf(secret.toString('base64url')), expires_ms: expiresAtMs };
      return { next: [...others, added], result: { secret, expiresAtMs } };
    });
  }

  /** See InvitationUser. Wrong secrets do not even touch the disk once there are many. */
  async redeem(invitation: InvitationUse, accept: () => Promise<void>): Promise<void> {
    const hash = hashOf(invitation.secret);
    await this.#refresh(hash, invitation.address);
    if (!this.#known.has(hash)) throw noInvitation();
    await this.#change(async (stored) => {
      const found = stored.find((one) => one.secret_sha256 === hash);
      if (found?.name !== invitation.name) throw noInvitation();
      const { fingerprint } = invitation;
      if (found.used_for === fingerprint) return { next: stored, result: undefined };
      if (found.used_for !== undefined) throw noInvitation();
      await accept();
      const next = stored.map((one) => (one === found ? { ...one, used_for: fingerprint } : one));
      return { next, result: undefined };
    });
  }

  /** Ends a name's invitation. @returns false if there was none that could still be used */
  withdraw(name: string): Promise<boolean> {
    return this.#change(async (stored) => {
      const ended = stored.find((one) => one.name === name);
      return {
        next: stored.filter((one) => one !== ended),
        result: ended !== undefined && ended.used_for === undefined,
      };
    });
  }

  /** Those that have not expired, by name. */
  list(): Promise<ListedInvitation[]> {
    return inDirectory(this.#places, async () => {
      const valid = this.#valid(await this.#read());
      return valid
        .map(({ name, expires_ms, used_for }) => ({
          name,
          expiresAtMs: expires_ms,
          isUsed: used_for !== undefined,
        }))
        .sort((one, other) => (one.name < other.name ? -1 : 1));
    });
  }

  /** Reads the file again if it has changed and this secret is not known. */
  async #refresh(hash: string, address: string): Promise<void> {
    if (this.#known.has(hash)) return;
    if (!this.#guesses.take(limitedSource(address), this.#options.clock.now())) return;
    await inDirectory(this.#places, async () => {
      if ((await versionOf(this.#path)) !== this.#readAs) await this.#read();
    });
  }

  async #read(): Promise<readonly StoredInvitation[]> {
    const version = await versionOf(this.#path);
    const text = (await readTrusted(this.#path, 2 * LIMITS.invitations * BYTES_PER_INVITATION)) ?? '';
    if (typeof text !== 'string') throw damaged(this.#path);
    const stored = text === '' ? [] : parsed(this.#path, text);
    this.#readAs = version;
    this.#known = new Map(stored.map((one) => [one.secret_sha256, one]));
    return stored;
  }

  #valid(stored: readonly StoredInvitation[]): readonly StoredInvitation[] {
    const now = this.#options.clock.wallNow();
    return stored.filter(({ expires_ms: expiresMs }) => expiresMs > now);
  }

  /** Changes the file while no other server does, and drops what has expired. */
  #change<T>(action: (stored: readonly StoredInvitation[]) => Promise<ChangedInvitations<T>>): Promise<T> {
    const lock = { path: join(this.#places.clients, '.invitations.lock'), clock: this.#options.clock };
    return this.#queue.run(() =>
      inDirectory(this.#places, () =>
        withFileLock(lock, async () => {
          const valid = this.#valid(await this.#read());
          const { next, result } = await action(valid);
          if (next !== valid) await this.#write(next);
          return result;
        }),
      ),
    );
  }

  async #write(invitations: readonly StoredInvitation[]): Promise<void> {
    const text = `${JSON.stringify({ version: 1, invitations }, undefined, 1)}\n`;
    // An administrator may make an invitation for a server of another user.
    const { uid, gid } = await stat(this.#places.clients);
    const { random, clock } = this.#options;
    await withFileLock(directoryLock(this.#places, clock), () =>
      replaceDurably(this.#path, text, { mode: PRIVATE_MODE, random, owner: { uid, gid } }),
    );
    await this.#read();
  }
}

interface ChangedInvitations<T> {
  readonly next: readonly StoredInvitation[];
  readonly result: T;
}

function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Differs whenever the file has been replaced; undefined if it does not exist. */
async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs, size } = await stat(path);
    return `${ino} ${mtimeMs} ${size}`;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function parsed(path: string, text: string): readonly StoredInvitation[] {
  try {
    return FILE.parse(JSON.parse(text)).invitations;
  } catch {
    throw damaged(path);
  }
}

function damaged(path: string): AiocError {
  return certificatesError(`${path} is damaged: delete it, and invite again who has not joined yet`);
}
