import type { Clock } from '../../../engine/base/ports.ts';
import { type Frame, FrameDecoder } from '../../../engine/protocol/frame-decoder.ts';
import { encodeFrame } from '../../../engine/protocol/frame-encoder.ts';
import type { Header } from '../../../engine/protocol/header.ts';
import { isPingRequest, pingAnswerFrame } from '../../../engine/protocol/messages.ts';
import type { SimulatedConnection } from '../../helpers/simulated-connection.ts';

/** By which a probe and the answer to it are known. */
const PROBE_ID = '_aioc';

/** What becomes of one side's question whether the other is aioc. */
export interface ProbeFault {
  readonly what: 'probe' | 'answer to the probe';
  /**
   * `late`: all that its side writes from it on comes later. `lost`: it is swallowed, what is behind it comes. `echoed`:
   * who asks gets its own words back, as from Python; the real one is swallowed.
   */
  readonly how: 'late' | 'lost' | 'echoed';
  readonly lateMs: number;
  /** How often, where it is asked again. */
  readonly times: number;
}

export interface ProbeTampererOptions {
  readonly ends: readonly SimulatedConnection[];
  /** For the questions of each end; undefined: they are left alone. */
  readonly faults: readonly (ProbeFault | undefined)[];
  readonly clock: Clock;
  readonly onFault: (fault: ProbeFault) => void;
}

interface Planned {
  readonly fault: ProbeFault;
  times: number;
  /** The question as Python would give it back. */
  echo: Buffer;
}

/** Stands between the ends of a connection and does harm to the probe, at the boundaries of frames only. */
export class ProbeTamperer {
  readonly #options: ProbeTampererOptions;
  readonly #planned = new Map<SimulatedConnection, Planned>();

  constructor(options: ProbeTampererOptions) {
    this.#options = options;
    const { ends, faults } = options;
    for (const [index, end] of ends.entries()) {
      const fault = faults[index];
      if (fault !== undefined) this.#planned.set(end, { fault, times: fault.times, echo: Buffer.alloc(0) });
      end.tamper = (data) => this.#write(end, data);
    }
  }

  #write(end: SimulatedConnection, data: Buffer): void {
    if (!data.includes(`"${PROBE_ID}"`)) return end.writeAsItIs(data);
    // In this world a write holds whole frames.
    for (let at = 0; at < data.length; ) {
      const bytes = data.subarray(at, at + 4 + data.readUInt32LE(at));
      at += bytes.length;
      const [what, asking] = roleOf(bytes, end);
      const planned = asking && this.#planned.get(asking);
      if (planned === undefined || !this.#harms(planned, what, { end, bytes })) end.writeAsItIs(bytes);
    }
  }

  /** @returns whether nothing of it shall go out */
  #harms(
    planned: Planned,
    what: ProbeFault['what'] | undefined,
    { end, bytes }: { readonly end: SimulatedConnection; readonly bytes: Buffer },
  ): boolean {
    const { fault } = planned;
    if (what === 'probe') planned.echo = echoOf(bytes);
    if (what !== fault.what || planned.times === 0) return false;
    planned.times -= 1;
    const { clock, onFault } = this.#options;
    onFault(fault);
    if (fault.how === 'late') end.heldUntil = Math.max(end.heldUntil, clock.now() + fault.lateMs);
    else if (fault.how === 'echoed' && what === 'probe')
      clock.after(end.latencyMs, () => end.other.writeAsItIs(planned.echo));
    else if (fault.how === 'echoed') end.writeAsItIs(planned.echo);
    return fault.how !== 'late';
  }
}

function frameIn(bytes: Buffer): Frame | undefined {
  const decoder = new FrameDecoder();
  decoder.identified();
  decoder.push(bytes);
  const event = decoder.next();
  return event?.kind === 'frame' ? event.frame : undefined;
}

/** Which part of a probe this is, and who asked. */
function roleOf(
  bytes: Buffer,
  end: SimulatedConnection,
): readonly [ProbeFault['what'], SimulatedConnection] | readonly [undefined, undefined] {
  const frame = frameIn(bytes);
  if (frame?.header.message_type !== '_ping') return [undefined, undefined];
  if (isPingRequest(frame) && frame.header['request_id'] === PROBE_ID) return ['probe', end];
  if (frame.header['response_id'] === PROBE_ID) return ['answer to the probe', end.other];
  return [undefined, undefined];
}

function echoOf(question: Buffer): Buffer {
  const { header, data } = pingAnswerFrame(frameIn(question) as Frame, 'whoever');
  return encodeFrame({ header: header as Header, data });
}
