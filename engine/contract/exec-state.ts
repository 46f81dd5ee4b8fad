/** What `aioc chat --exec` lets peers ask for. Plain data, like everything in the contract. */

/** A line of a peer that runs here only after a yes, which is for this line only. */
export interface CommandRequest {
  readonly id: number;
  readonly peer: string;
  readonly peerName: string;
  /** One line without control, invisible or reordering characters: what is shown is what runs. */
  readonly text: string;
}

/** A shell that has run a line of a peer, and shows it what it prints. */
export interface PeerShellState {
  readonly peer: string;
  readonly peerName: string;
  /** It has a terminal of its own, made by `script`; else pipes. */
  readonly isTerminal: boolean;
}

export interface ExecState {
  /** The program that gets the lines, such as `/bin/sh`. */
  readonly shell: string;
  /** Oldest first. */
  readonly requests: readonly CommandRequest[];
  readonly running: readonly PeerShellState[];
}
