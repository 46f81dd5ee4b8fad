import type { Disk } from '../../../engine/base/disk.ts';
import type { Clock, Connection, Network, Ports, Randomness } from '../../../engine/base/ports.ts';
import type { SimulatedConnection } from '../../helpers/simulated-connection.ts';
import { SimulatedTcpSocket } from '../../helpers/simulated-world.ts';

export interface MortalWorld {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Randomness;
  readonly disk: Disk;
}

/** The world as one life of a program sees it: when that ends, nothing that it has begun goes on. */
export class MortalPorts implements Ports {
  readonly clock: Clock;
  readonly network: Network;
  readonly random: Randomness;
  readonly disk: Disk;
  readonly #connections = new Set<SimulatedConnection>();
  readonly #listeners = new Set<() => Promise<void>>();
  #lives = true;

  constructor({ clock, network, random, disk }: MortalWorld) {
    this.random = random;
    this.disk = disk;
    this.clock = {
      now: () => clock.now(),
      wallNow: () => clock.wallNow(),
      after: (delayMs, action) => clock.after(delayMs, () => this.#lives && action()),
    };
    this.network = {
      lookUp: (name) => network.lookUp(name),
      interfaces: () => network.interfaces(),
      connect: (options, done) =>
        network.connect(options, (result) => {
          if (result instanceof SimulatedTcpSocket) this.#keep(result.near);
          if (this.#lives) done(result);
        }),
      listen: async (options) => {
        const listener = await network.listen({
          ...options,
          onConnection: (connection) => {
            // A call that was on its way when the program ended reaches nobody.
            if (this.#lives) options.onConnection(this.#keep(connection));
            else (connection as SimulatedConnection).break();
          },
        });
        this.#listeners.add(() => listener.close());
        return listener;
      },
    };
  }

  /** The program is gone: its listeners too, and the other ends of its connections are told so at once. */
  end(): void {
    this.#lives = false;
    for (const close of this.#listeners) void close();
    for (const connection of this.#connections) {
      connection.mute();
      connection.break();
    }
  }

  #keep(connection: Connection): Connection {
    this.#connections.add(connection as SimulatedConnection);
    return connection;
  }
}
