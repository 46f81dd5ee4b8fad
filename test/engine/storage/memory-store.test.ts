import { MemoryStore } from '../../../engine/storage/memory-store.ts';
import { SimulatedClock } from '../../helpers/simulated-world.ts';
import { testStoreContract } from './store-contract.ts';

testStoreContract('memory', async () => new MemoryStore(new SimulatedClock()));
