import { LIMITS } from '../base/limits.ts';
import type { Clock, Timer } from '../base/ports.ts';
import type { CommandRequest, ExecState } from '../contract/exec-state.ts';
import type { Peer } from '../peers/peer.ts';

/** A running shell for one peer. */
interface PeerShell {
  readonly isTerminal: boolean;
  /** Writes a line, with its end. */
  write(line: string): void;
  /** No more output until `resume`. */
  pause(): void;
  resume(): void;
  /** Ends it and all that it has started. */
  stop(): void;
}

/** Starts a shell. Neither function is called before it has returned; `onEnd` is called once. */
export type StartPeerShell = (
  shell: string,
  on: { readonly onOutput: (text: string) => void; readonly onEnd: (how: string) => void },
) => PeerShell;

export interface ExecOptions {
  readonly shell: string;
  readonly start: StartPeerShell;
}

interface PeerCommandsOptions extends ExecOptions {
  readonly clock: Pick<Clock, 'after'>;
  /** Sends a line to the peer. Rejects when it cannot. */
  readonly say: (peer: Peer, text: string) => Promise<void>;
  /** Writes into the conversation here, and into the log. */
  readonly remark: (peer: Peer, text: string) => void;
  readonly onChange: () => void;
}

/** Control, invisible and reordering characters: with them, a person would answer for another line than that shown. */
const NOT_SHOWN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;

/**
 * `aioc chat --exec`: lines of peers that run here, each only after a yes of the person at this screen (PROTOCOL §10). What
 * the shell prints goes to the peer that has asked.
 */
export class PeerCommands {
  readonly #options: PeerCommandsOptions;
  readonly #shells = new Map<Peer, RunningPeerShell>();
  #requests: readonly (CommandRequest & { readonly from: Peer })[] = [];
  #lastId = 0;

  constructor(options: PeerCommandsOptions) {
    this.#options = options;
  }

  get state(): ExecState {
    return {
      shell: this.#options.shell,
      requests: this.#requests.map(({ from: _peer, ...request }) => request),
      running: [...this.#shells].map(([{ id, name }, { shell }]) => ({
        peer: id,
        peerName: name,
        isTerminal: shell.isTerminal,
      })),
    };
  }

  /** A line has come from a peer. It waits for an answer, or the peer hears why it does not. */
  take(peer: Peer, data: Buffer): void {
    // Longer ones are refused whatever they say.
    const text = data.toString('utf8', 0, LIMITS.peerCommandCharacters * 4).replace(/[\r\n]+$/, '');
    if (text.trim() === '') return;
    const why = this.#refusal(peer, text);
    if (why !== undefined) return this.#tell(peer, `Not run: ${why}.`);
    this.#lastId += 1;
    const { id, name } = peer;
    this.#requests = [...this.#requests, { id: this.#lastId, peer: id, peerName: name, text, from: peer }];
    this.#options.onChange();
  }

  /** @returns false if the request is no longer pending */
  answer(id: number, run: boolean): boolean {
    const request = this.#requests.find((one) => one.id === id);
    if (request === undefined) return false;
    this.#requests = this.#requests.filter((one) => one !== request);
    const { from, text } = request;
    if (run) this.#run(from, text);
    else this.#tell(from, `Not run, refused by the user there: ${text}`);
    this.#options.onChange();
    return true;
  }

  /** Ends the shell of a peer. */
  stop(peer: Peer): void {
    this.#shells.get(peer)?.shell.stop();
  }

  /** Nobody would see what it prints, and a request must not outlive its connection. */
  disconnected(peer: Peer): void {
    this.#requests = this.#requests.filter(({ from }) => from !== peer);
    this.stop(peer);
    this.#options.onChange();
  }

  #refusal(peer: Peer, text: string): string | undefined {
    if (text.length > LIMITS.peerCommandCharacters)
      return `a command may have ${LIMITS.peerCommandCharacters} characters`;
    if (NOT_SHOWN.test(text)) return 'a command is one line without control or invisible characters';
    const waiting = this.#requests.filter(({ from }) => from === peer).length;
    if (waiting >= LIMITS.peerCommandsWaiting) return `${waiting} commands wait for an answer already`;
    return undefined;
  }

  #run(peer: Peer, text: string): void {
    const { remark } = this.#options;
    try {
      const running = this.#shells.get(peer) ?? this.#start(peer);
      remark(peer, `you let ${peer.name} run: ${text}`);
      running.shell.write(text);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      remark(peer, `${this.#options.shell} cannot be started: ${why}`);
      this.#tell(peer, 'Not run: the shell there cannot be started.');
    }
  }

  #start(peer: Peer): RunningPeerShell {
    const { shell: path, start, clock, onChange, remark } = this.#options;
    const output = new ShellOutput(clock, (text) => this.#options.say(peer, text), {
      pause: () => running.shell.pause(),
      resume: () => running.shell.resume(),
    });
    const shell = start(path, {
      onOutput: (text) => output.add(text),
      onEnd: (how) => {
        this.#shells.delete(peer);
        output.end();
        remark(peer, `the shell of ${peer.name} has ended: ${how}`);
        onChange();
      },
    });
    const running: RunningPeerShell = { shell };
    this.#shells.set(peer, running);
    return running;
  }

  #tell(peer: Peer, text: string): void {
    this.#options.say(peer, text).catch(() => undefined);
  }
}

interface RunningPeerShell {
  readonly shell: PeerShell;
}

/** What a shell prints, as messages: those of a moment together, and no faster than they can be sent. */
class ShellOutput {
  readonly #clock: Pick<Clock, 'after'>;
  readonly #say: (text: string) => Promise<void>;
  readonly #source: { readonly pause: () => void; readonly resume: () => void };
  #text = '';
  #timer: Timer | undefined;
  #isSending = false;

  constructor(
    clock: Pick<Clock, 'after'>,
    say: (text: string) => Promise<void>,
    source: { readonly pause: () => void; readonly resume: () => void },
  ) {
    this.#clock = clock;
    this.#say = say;
    this.#source = source;
  }

  add(text: string): void {
    this.#text += text.replaceAll('\r', '');
    if (this.#text.length >= LIMITS.peerOutputCharacters) this.#source.pause();
    if (!this.#isSending) this.#timer ??= this.#clock.after(LIMITS.peerOutputMs, () => void this.#send());
  }

  end(): void {
    this.#timer?.cancel();
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#timer = undefined;
    this.#isSending = true;
    while (this.#text !== '') {
      const part = this.#text.slice(0, LIMITS.peerOutputCharacters);
      this.#text = this.#text.slice(part.length);
      const line = part.replace(/\n$/, '');
      // What cannot be sent is dropped: the peer is away or ignored, and its conversation says so.
      if (line !== '') await this.#say(line).catch(() => undefined);
    }
    this.#isSending = false;
    this.#source.resume();
  }
}
