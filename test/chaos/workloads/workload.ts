import type { Random } from '../../support/random.js';
import type { Clients } from '../clients.js';

/** Where one client of a workload is. */
export interface Scene {
  clients: Clients;
  random: Random;
  /** The application whose keys it uses; nobody else does. */
  application: string;
}

export interface Workload {
  /** What it is about, for people. */
  readonly about: string;
  /** Takes one key, or some, through a life. It is begun again and again. */
  live(scene: Scene): Promise<void>;
}
