import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { RemoteStore } from '../../helpers/remote-store.ts';
import { SimulatedClock } from '../../helpers/simulated-clock.ts';
import { seededRandom } from '../../helpers/simulated-world.ts';
import { testStoreContract } from './store-contract.ts';

testStoreContract('memory', async () => new MemoryStore(new SimulatedClock()));
testStoreContract(
  'as if remote',
  async () => new RemoteStore({ clock: new SimulatedClock(), random: seededRandom(5) }),
);
