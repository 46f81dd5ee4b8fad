import { sanitize } from '../../components/terminal/sanitize.ts';
import {
  AiocError,
  type DamageReport,
  type InspectedStream,
  type Inspection,
  inspectJournal,
  lastPositionOf,
  type StoredBatch,
  type StoredMessage,
  storedMessages,
  totalLost,
} from '../../engine/index.ts';
import type { LogOptions } from '../arguments.ts';
import { EXIT } from '../exit-codes.ts';
import { jsonLine } from '../message-lines.ts';
import { OutputLines } from '../output-lines.ts';

/** Bytes read from a stream at once. */
const READ_BYTES = 1024 * 1024;
const PREVIEW_CHARACTERS = 60;

/**
 * `aioc log`: inspects the journal of a stopped connector, and changes nothing.
 *
 * @returns the exit code: 1 if the journal is damaged or ends in an incomplete write, which cannot be told apart
 * @throws AiocError AIOC_JOURNAL, AIOC_JOURNAL_IN_USE, AIOC_DISK, AIOC_USAGE if there is no such stream
 */
export async function runLog({ what, directory, stream, json }: LogOptions): Promise<number> {
  const inspection = await inspectJournal(directory);
  const output = new OutputLines(process.stdout);
  try {
    if (what === 'verify') await verify(inspection, output, json);
    else if (stream === undefined) await showStreams(inspection, output, json);
    else {
      const line = what === 'export' || json ? exportLine : showLine;
      await eachMessage(inspection, stream, async (message) => void (await output.write(line(message))));
    }
    const { damaged, torn } = inspection.report;
    return what === 'verify' && damaged.length + torn.length > 0 ? EXIT.failed : EXIT.ok;
  } finally {
    await inspection.close();
  }
}

async function verify(
  { report, streams, quarantined }: Inspection,
  output: OutputLines,
  json: boolean,
): Promise<void> {
  const { segments, records, damaged, torn } = report;
  const live = streams.reduce((sum, { count }) => sum + count, 0);
  if (json) {
    await output.write(
      jsonLine({ segments, streams: streams.length, records, live, damaged, torn, quarantined }),
    );
    return;
  }
  await output.write(
    `${segments} segments, ${streams.length} streams, ${records} records, ${live} not acknowledged`,
  );
  for (const place of damaged) await output.write(`damaged: ${placeText(place)}`);
  for (const place of torn) await output.write(`damaged, or torn by a crash: ${placeText(place)}`);
  if (damaged.length > 0) await output.write(`lost: ${lossText(totalLost(damaged))}`);
  if (torn.length > 0) {
    const loss = totalLost(torn);
    await output.write(
      `lost: ${lossText(loss)}${loss.lost > 0 ? ', perhaps already acknowledged to the sender' : ''}`,
    );
  }
  if (quarantined.length > 0)
    await output.write(`quarantine: ${quarantined.length} damaged parts from earlier starts`);
  const places = damaged.length + torn.length;
  await output.write(places === 0 ? 'no damage found' : `${places} damaged places`);
}

function placeText({ segment, from, to, stream }: DamageReport): string {
  const whose = stream === undefined ? '' : `, stream ${sanitize(stream)}`;
  const where = to === from ? `ends at byte ${to}` : `bytes ${from} to ${to}`;
  return `segment ${segment}, ${where}${whose}`;
}

function lossText({ lost, isExact }: ReturnType<typeof totalLost>): string {
  if (lost === 0) return isExact ? 'no message' : 'no known message';
  const least = isExact ? '' : 'at least ';
  return `${least}${lost} ${lost === 1 ? 'message' : 'messages'}`;
}

async function showStreams({ streams }: Inspection, output: OutputLines, json: boolean): Promise<void> {
  if (json) {
    for (const stream of streams) await output.write(jsonLine(stream));
    return;
  }
  if (streams.every(({ count }) => count === 0)) await output.write('No stream has records.');
  for (const stream of streams) if (stream.count > 0) await output.write(streamText(stream));
}

function streamText({ name, count, bytes, oldestAtMs }: InspectedStream): string {
  const since = oldestAtMs === undefined ? '' : `, oldest ${new Date(oldestAtMs).toISOString()}`;
  return `${sanitize(name)}  ${count} records, ${bytes} bytes${since}`;
}

/** A message; or, for a batch that is not a queue's, its bytes. */
type Inspected = StoredMessage | (Pick<StoredBatch, 'position' | 'atMs'> & { readonly records: Buffer });

async function eachMessage(
  inspection: Inspection,
  stream: string,
  action: (message: Inspected) => Promise<void>,
): Promise<void> {
  const found = inspection.streams.find(({ name }) => name === stream);
  if (found === undefined) {
    const names = inspection.streams.map(({ name }) => sanitize(name)).join(', ') || 'none';
    throw new AiocError('AIOC_USAGE', `unknown stream ${sanitize(stream)}; the streams are ${names}`);
  }
  let after = 0;
  for (;;) {
    const batches = await inspection.read(stream, after, READ_BYTES);
    for (const batch of batches)
      for (const message of storedMessages(stream, batch) ?? [batch])
        if (message.position > found.acked) await action(message);
    const last = batches.at(-1);
    if (last === undefined) return;
    after = lastPositionOf(last);
  }
}

function showLine(message: Inspected): string {
  const { position, atMs } = message;
  const isMessage = 'header' in message;
  const text = isMessage ? message.data : message.records;
  const bytes = text.length + (isMessage ? (message.binary?.length ?? 0) : 0);
  const header = isMessage ? `  ${sanitize(jsonLine(message.header))}` : '';
  const preview = sanitize(text.toString('utf8', 0, 4 * PREVIEW_CHARACTERS).slice(0, PREVIEW_CHARACTERS));
  return `${position}  ${new Date(atMs).toISOString()}  ${bytes} bytes${header}  ${preview}`;
}

/** A whole message as a line of JSON: by its parts; anything else as bytes. */
function exportLine(message: Inspected): string {
  const { position, atMs } = message;
  const record = { position, at: new Date(atMs).toISOString() };
  if (!('header' in message))
    return jsonLine({ ...record, payload_base64: message.records.toString('base64') });
  const { header, data, binary } = message;
  return jsonLine({
    ...record,
    header,
    data_base64: data.toString('base64'),
    ...(binary !== undefined && { binary_base64: binary.toString('base64') }),
  });
}
