import { CLOCK_RATE_ERROR } from '../../../src/modules/freshness/domain/lease.js';
import type { Bug } from './bugs.js';
import { SimDatabase } from './database.js';
import { Machine } from './machine.js';
import { Path, type Weather } from './network.js';
import type { Random } from '../../support/random.js';
import type { Scheduler } from './scheduler.js';
import { SimService } from './service.js';

/** Some processes of the service on one database, and what goes wrong with them. */
export class Cluster {
  readonly services: SimService[] = [];
  readonly database: SimDatabase;
  /** Whether anything goes wrong at all. */
  readonly isRough: boolean;
  private readonly weather: Weather;
  private readonly canListen: boolean;
  private births = 0;

  constructor(
    private readonly random: Random,
    private readonly scheduler: Scheduler,
    private readonly bug: Bug | undefined,
    private readonly tell: (what: string) => void,
  ) {
    this.isRough = random.chance(0.8);
    this.weather = {
      lateMessages: this.isRough ? random.pick([0.005, 0.03, 0.1]) : 0,
      lostNotifications: this.isRough ? random.pick([0, 0.1, 0.5]) : 0,
    };
    this.canListen = !this.isRough || random.chance(0.8);
    this.database = new SimDatabase(
      scheduler,
      random,
      bug,
      this.isRough ? random.pick([0, 0.05, 0.3]) : 0,
      this.isRough ? random.pick([0, 0, 0.1]) : 0,
    );
    this.database.notify = (notification) => {
      for (const { path } of this.services) {
        path.notified((listener) => {
          if (notification === 'acknowledged') listener.acknowledged();
          else listener.changed(notification.changed);
        });
      }
    };
    const nodes = random.integer(2, 4);
    for (let slot = 0; slot < nodes; slot += 1) this.spawn(slot);
  }

  anyService(): SimService {
    return this.random.pick(this.services);
  }

  /** Things go wrong until then, and are put right again. */
  planFaults(untilTime: number): void {
    if (!this.isRough) return;
    const faults = this.random.integer(1, 8);
    for (let fault = 0; fault < faults; fault += 1) {
      this.scheduler.at(this.random.between(100, untilTime - 200), () => {
        this.fault(this.random.integer(0, this.services.length - 1));
      });
    }
    this.scheduler.at(untilTime, () => {
      this.heal();
    });
  }

  private spawn(slot: number): void {
    const { random, scheduler, database, weather, canListen, bug } = this;
    const machine = new Machine(scheduler, random, CLOCK_RATE_ERROR);
    const path = new Path(scheduler, random, database, machine, weather);
    this.births += 1;
    const id = `node-${slot}-${this.births}`;
    const leaseMs = random.pick([400, 700, 1000]);
    this.services[slot] = new SimService(machine, path, database, { id, leaseMs, canListen, bug });
  }

  private fault(slot: number): void {
    const { random, scheduler } = this;
    const service = this.services[slot]!;
    const { machine, path } = service;
    const until = scheduler.now + random.pick([random.between(5, 300), random.between(300, 3000)]);
    const kinds = [
      'stop',
      'sleep',
      'cut',
      'silence',
      'reset',
      'kill',
      'restart',
      'clock',
      'crash',
      'misroute',
    ] as const;
    const kind = random.pick(kinds);
    this.tell(`${kind} on node ${slot} until ${until.toFixed(1)}`);
    switch (kind) {
      case 'stop':
        machine.stop();
        scheduler.at(until, () => {
          machine.resume();
        });
        break;
      case 'sleep':
        machine.sleep();
        scheduler.at(until, () => {
          machine.resume();
        });
        break;
      case 'cut':
        path.cut(until);
        break;
      case 'silence':
        path.silence(until);
        break;
      case 'reset':
        path.reset();
        break;
      case 'misroute':
        path.misroute(until);
        break;
      case 'kill':
        machine.kill();
        path.reset();
        scheduler.at(until, () => {
          if (this.services[slot] === service) this.spawn(slot);
        });
        break;
      case 'restart':
        machine.deliver(() => {
          void service.stop().then(() => {
            machine.kill();
            if (this.services[slot] === service) this.spawn(slot);
          });
        });
        break;
      case 'clock':
        machine.setWallClock(random.pick([-3_600_000, 3_600_000]));
        break;
      case 'crash':
        this.database.crash();
        for (const other of this.services) other.path.reset();
        scheduler.after(random.between(20, 800), () => {
          this.database.up = true;
        });
        break;
    }
  }

  private heal(): void {
    this.database.up = true;
    this.weather.lateMessages = 0;
    this.weather.lostNotifications = 0;
    this.database.slow = 0;
    this.database.lies = 0;
    for (const [slot, { machine, path, stopping }] of this.services.entries()) {
      path.cut(this.scheduler.now);
      path.silence(this.scheduler.now);
      path.misroute(this.scheduler.now);
      machine.resume();
      if (machine.dead || stopping) {
        machine.kill();
        this.spawn(slot);
      }
    }
  }
}
