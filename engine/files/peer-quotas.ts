import { AiocError } from '../base/errors.ts';
import { LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/ports.ts';

/** How much one peer may send. */
export interface FileQuota {
  /** Files that are not complete yet, those of directories included. */
  readonly filesAtOnce: number;
  /** Their bytes, as announced. */
  readonly bytesAtOnce: number;
  /** Files that began to arrive within a day. */
  readonly filesADay: number;
  readonly bytesADay: number;
}

export interface FileAmount {
  readonly files: number;
  readonly bytes: number;
}

export interface PeerQuotasOptions {
  readonly quota: FileQuota;
  /** Peers prove no identity, so all of them together have LIMITS.strangersQuotas times the quota of one. */
  readonly areStrangers: boolean;
  readonly clock: Pick<Clock, 'now'>;
}

interface Account {
  heldFiles: number;
  heldBytes: number;
  dayBeganMs: number;
  dayFiles: number;
  dayBytes: number;
}

interface HeldAmount extends FileAmount {
  readonly peer: string;
}

/** Counts what peers send in files, and refuses what exceeds their quotas. */
export class PeerQuotas {
  readonly #options: PeerQuotasOptions;
  readonly #accounts = new Map<string, Account>();
  readonly #all: Account;
  readonly #held = new Map<string, HeldAmount>();

  constructor(options: PeerQuotasOptions) {
    this.#options = options;
    this.#all = newAccount(options.clock.now());
  }

  /**
   * A transfer has, or will have, so many files and bytes that are not complete; again when this changes.
   * @param key of the transfer
   * @param isKnown it was accepted by an earlier run: always possible
   * @throws AiocError AIOC_FILE_QUOTA
   */
  hold(key: string, held: HeldAmount, { isKnown = false } = {}): void {
    const before = this.#held.get(key);
    const more = { files: held.files - (before?.files ?? 0), bytes: held.bytes - (before?.bytes ?? 0) };
    if (!isKnown)
      this.#each(held.peer, (account, factor) => {
        const { quota } = this.#options;
        const inAll = factor === 1 ? '' : ', all peers together';
        if (more.files > 0 && account.heldFiles + more.files > quota.filesAtOnce * factor)
          throw over(`${quota.filesAtOnce * factor} incomplete files at once${inAll} (file_quota_files)`);
        if (more.bytes > 0 && account.heldBytes + more.bytes > quota.bytesAtOnce * factor)
          throw over(`${quota.bytesAtOnce * factor} bytes of incomplete files${inAll} (file_quota_bytes)`);
        checkDay(account, { more: before === undefined ? held : more, quota, factor });
      });
    this.#each(held.peer, (account) => {
      account.heldFiles += more.files;
      account.heldBytes += more.bytes;
    });
    this.#held.set(key, held);
  }

  /** The transfer is complete or deleted. */
  release(key: string): void {
    const held = this.#held.get(key);
    if (held === undefined) return;
    this.#held.delete(key);
    this.#each(held.peer, (account) => {
      account.heldFiles -= held.files;
      account.heldBytes -= held.bytes;
    });
  }

  /** Files begin, or bytes are written. @throws AiocError AIOC_FILE_QUOTA */
  spend(peer: string, spent: FileAmount): void {
    const { quota } = this.#options;
    this.#each(peer, (account, factor) => checkDay(account, { more: spent, quota, factor }));
    this.#each(peer, (account) => {
      account.dayFiles += spent.files;
      account.dayBytes += spent.bytes;
    });
  }

  #each(peer: string, action: (account: Account, factor: number) => void): void {
    action(this.#accountOf(peer), 1);
    if (this.#options.areStrangers) action(this.#all, LIMITS.strangersQuotas);
  }

  #accountOf(peer: string): Account {
    const nowMs = this.#options.clock.now();
    renew(this.#all, nowMs);
    let account = this.#accounts.get(peer);
    if (account === undefined) {
      if (this.#accounts.size >= LIMITS.peersRemembered) this.#forgetOne();
      account = newAccount(nowMs);
      this.#accounts.set(peer, account);
    }
    renew(account, nowMs);
    return account;
  }

  /** The oldest that holds nothing. */
  #forgetOne(): void {
    for (const [peer, { heldFiles }] of this.#accounts)
      if (heldFiles === 0) {
        this.#accounts.delete(peer);
        return;
      }
  }
}

function checkDay(
  account: Account,
  { more, quota, factor }: { more: FileAmount; quota: FileQuota; factor: number },
): void {
  const inAll = factor === 1 ? '' : ', all peers together';
  if (more.files > 0 && account.dayFiles + more.files > quota.filesADay * factor)
    throw over(`${quota.filesADay * factor} files a day${inAll} (file_quota_files_a_day)`);
  if (more.bytes > 0 && account.dayBytes + more.bytes > quota.bytesADay * factor)
    throw over(`${quota.bytesADay * factor} bytes of files a day${inAll} (file_quota_bytes_a_day)`);
}

function newAccount(nowMs: number): Account {
  return { heldFiles: 0, heldBytes: 0, dayBeganMs: nowMs, dayFiles: 0, dayBytes: 0 };
}

function renew(account: Account, nowMs: number): void {
  if (nowMs - account.dayBeganMs < DAY_MS) return;
  account.dayBeganMs = nowMs;
  account.dayFiles = 0;
  account.dayBytes = 0;
}

function over(quota: string): AiocError {
  return new AiocError(
    'AIOC_FILE_QUOTA',
    `The quota is reached: ${quota}. Send it later, or ask for a larger quota.`,
  );
}

const DAY_MS = 24 * 60 * 60 * 1000;
