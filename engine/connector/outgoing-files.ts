import type { Randomness } from '../base/ports.ts';
import { outgoingBody } from '../files/outgoing-body.ts';
import { type ConnectorOwner, spoolPath } from '../local/socket-names.ts';
import { Spool } from '../local/spool.ts';
import type { JsonObject } from '../protocol/header.ts';
import { deletesSource } from '../protocol/header-fields.ts';
import type { OutgoingBody } from '../queues/outgoing-body.ts';
import type { LocalOptions } from './connector-options.ts';

export interface OutgoingFilesOptions {
  readonly local: LocalOptions;
  readonly owner: ConnectorOwner;
  readonly random: Randomness;
}

/** The files of messages from local programs. */
export class OutgoingFiles {
  /** The files that arrived as bytes. */
  readonly spool: Spool;
  readonly #local: LocalOptions;

  constructor({ local, owner, random }: OutgoingFilesOptions) {
    this.#local = local;
    const directory = spoolPath(local.storage.journalDirectory, owner);
    this.spool = new Spool({ directory, sizeMaxBytes: local.sendFileMaxBytes, random });
  }

  /**
   * The file of a message, if its with_file names one without an error. If the program may be another user's,
   * the file is sent only if every user may read it, and is never deleted.
   */
  bodyOf(header: JsonObject): OutgoingBody | undefined {
    const withFile = header['with_file'];
    if (typeof withFile !== 'object' || withFile === null || Array.isArray(withFile)) return undefined;
    const named = withFile as JsonObject;
    if (named['file_error'] !== undefined) return undefined;
    const { spool } = this;
    const path = String(named['src_path'] ?? '');
    const anyOrder = named['in_order'] === false;
    const what = { path, sizeMaxBytes: this.#local.sendFileMaxBytes, anyOrder };
    if (spool.holds(path)) return outgoingBody({ ...what, onOver: () => void spool.remove(path) });
    const isAnyUsers = this.#local.everybodyCanSend || named['any_user'] === true;
    return outgoingBody({ ...what, isAnyUsers, isDeleted: !isAnyUsers && deletesSource(named) });
  }
}
