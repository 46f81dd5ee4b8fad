import type { Status } from '../../../engine/contract/views.ts';
import type { FakeEngineData } from '../../helpers/fake-engine.ts';
import { emptyEngine } from '../../helpers/sample-data.ts';
import type { TestScreen } from '../../helpers/screen.tsx';

export type Sized = readonly [columns: number, rows: number];

/** A state of the screen with a golden for each size. */
export interface Scene {
  readonly name: string;
  readonly engine: () => FakeEngineData;
  readonly act?: (screen: TestScreen) => Promise<void>;
  /** A terminal with neither colours nor Unicode. */
  readonly isPlain?: true;
  /** To a connector in another process. */
  readonly isAttached?: true;
  /** Besides the usual ones. */
  readonly moreSizes?: readonly Sized[];
  /** Instead of the usual ones. */
  readonly onlySizes?: readonly Sized[];
}

export const MUTUAL_TLS = { configured: true, canDeleteCertificates: true, security: 'mutual-tls' } as const;

export const configuredStatus = (): Status => emptyEngine({ ...MUTUAL_TLS, peersConnected: 2 }).status;
