import { chmod, rename, writeFile } from 'node:fs/promises';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Where Debian's package `libfaketime` puts its library, below the directory of the architecture. */
const LIBRARY = 'faketime/libfaketime.so.1';

/** A wall clock for a program that is started with its variables; the monotonic clock is the system's. */
export class FakeClock {
  private constructor(
    private readonly file: string,
    private readonly library: string,
  ) {}

  /** Keeps what it shows in this directory. Throws where libfaketime is not installed. */
  static async in(directory: string): Promise<FakeClock> {
    const library = readdirSync('/usr/lib')
      .map((architecture) => join('/usr/lib', architecture, LIBRARY))
      .find((path) => existsSync(path));
    if (library === undefined)
      throw new Error('The clock of the database cannot be set: install faketime (Debian), on Linux.');
    const clock = new FakeClock(join(directory, 'clock'), library);
    await clock.shift(0);
    return clock;
  }

  get variables(): Record<string, string> {
    return {
      LD_PRELOAD: this.library,
      FAKETIME_TIMESTAMP_FILE: this.file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      // Its memory would be shared with no process of the service.
      FAKETIME_DISABLE_SHM: '1',
    };
  }

  /** Seconds by which it differs from the true time. */
  async shift(seconds: number): Promise<void> {
    const draft = `${this.file}.new`;
    await writeFile(draft, `${seconds < 0 ? '' : '+'}${seconds}\n`);
    await chmod(draft, 0o644);
    // Never half of it.
    await rename(draft, this.file);
  }
}
