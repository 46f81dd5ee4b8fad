/**
 * Kills a server and its client with -9, in turn, and counts how often each came up and was connected again by itself:
 * `npm run campaign:kills -- [ROUNDS] [SEED]`. A round kills each once, after a random part of half a second.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConnectorRemoteTool } from '../../engine/index.ts';
import { makeCertificates } from '../helpers/configured-connectors.ts';
import { Daemon } from '../helpers/daemon.ts';
import { freePort } from '../helpers/free-port.ts';
import { seededRandom } from '../helpers/simulated-world.ts';
import { makeTempDir, removeDir } from '../helpers/temp-dir.ts';
import { waitFor } from '../helpers/wait-for.ts';

const rounds = Number(process.argv[2] ?? 50);
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000);
const random = seededRandom(seed);
const endings: (() => void)[] = [];
const context = { after: (ending: () => void) => void endings.push(ending) };

const port = await freePort();
const directories = [makeTempDir(), makeTempDir()] as const;
const [serverDirectory, clientDirectory] = directories;
const common = { server_sockaddr: ['127.0.0.1', port] };
const configs = [
  { ...common, is_server: true },
  { ...common, is_server: false, client_name: 'client1' },
];
const files = configs.map((config, index) => {
  const directory = directories[index] as string;
  const places = {
    connector_files_dirpath: directory,
    certificates_directory_path: directory,
    default_logger_dirpath: directory,
  };
  const file = join(directory, 'connector.json');
  writeFileSync(file, JSON.stringify({ ...places, ...config }));
  return file;
});
const start = (index: number): Daemon =>
  new Daemon(context, ['--headless', files[index] as string], directories[index] as string);
const tool = new ConnectorRemoteTool({
  isServer: true,
  serverSockaddr: ['127.0.0.1', port],
  connectorFilesDirpath: serverDirectory,
});

async function connected(): Promise<void> {
  const seen = async (): Promise<boolean> => {
    const peers = await tool.showConnectedPeers({ timeoutMs: 2_000 }).catch(() => ({}));
    return 'client1' in peers;
  };
  await waitFor(seen, { what: 'the client to be connected', timeoutMs: 20_000 });
}

let restarts = 0;
try {
  await makeCertificates(serverDirectory, clientDirectory);
  const daemons = [start(0), start(1)];
  await Promise.all(daemons.map((daemon) => daemon.ready()));
  await connected();
  for (let round = 1; round <= rounds; round += 1) {
    for (const index of [0, 1]) {
      await new Promise((resolve) => setTimeout(resolve, random.fraction() * 500));
      await daemons[index]?.killed();
      daemons[index] = start(index);
      await daemons[index]?.ready();
      await connected();
      restarts += 1;
    }
    if (round % 10 === 0) console.log(`round ${round}: ${restarts} restarts, all connected again`);
  }
  console.log(
    `seed ${seed}: ${restarts} of ${2 * rounds} restarts came up by themselves and were connected again`,
  );
} finally {
  for (const ending of endings) ending();
  for (const directory of directories) removeDir(directory);
}
