import type { RowTests } from './column.ts';
import { certificateAgain, clientReconnect, ignoring, missingSource, serverRestart } from './faults.ts';
import { deletes, files, largeFile } from './files.ts';
import { acknowledged, awaited, eachWay, pings, sent, unknownType } from './messages.ts';
import { BYTES, JSON_VALUE, STR, WITH_BINARY } from './series.ts';

/** What is tried in each row. */
export const ROW_TESTS: RowTests = {
  '1,000 sent up': sent('up'),
  '1,000 sent down': sent('down'),
  '1,000 binary, each way': eachWay(WITH_BINARY),
  '1,000 JSON, each way': eachWay(JSON_VALUE),
  '1,000 str, each way': eachWay(STR),
  '1,000 bytes, each way': eachWay(BYTES),
  '1,000 await_response up': awaited('up'),
  '1,000 await_response down': awaited('down'),
  '1,000 wait_for_ack up': acknowledged('up'),
  '1,000 wait_for_ack down': acknowledged('down'),
  'ping, each way': pings,
  'file up': files('up', STR),
  'file down': files('down', STR),
  'file and binary up': files('up', WITH_BINARY),
  'file and binary down': files('down', WITH_BINARY),
  'delete, each way': deletes,
  'missing source, each way': missingSource,
  '150 MB file, each way': largeFile,
  'unknown type, each way': unknownType,
  'client reconnect': clientReconnect,
  'server restart': serverRestart,
  'certificate re-issue': certificateAgain,
  'ignore_peer_traffic, each side': ignoring,
};
