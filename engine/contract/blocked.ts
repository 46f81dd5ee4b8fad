/** Why a queue with messages does not drain, and what a person can do. */
export interface Blocked {
  readonly code:
    | 'away'
    | 'refused'
    | 'certificate'
    | 'disk'
    | 'no-listener'
    | 'waiting'
    | 'credit'
    | 'slow-listener';
  readonly text: string;
  readonly remedy?: {
    readonly text: string;
    /** A command line for a shell on the connector's machine. */
    readonly command?: string;
  };
  /** It may go on without a person. */
  readonly endsByItself?: true;
  /** Further reasons, worst first. */
  readonly more?: readonly Blocked[];
}
