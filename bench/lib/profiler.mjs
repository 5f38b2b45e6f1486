/**
 * Loaded into a server (`node --import`) that is to be profiled: SIGUSR2 starts the profile, SIGUSR2 again
 * writes it to PROFILE_FILE. Only the time under load is in it.
 */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const SAMPLING_MICROSECONDS = 200;

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: SAMPLING_MICROSECONDS });

let running = false;
process.on('SIGUSR2', () => {
  running = !running;
  if (running) session.post('Profiler.start');
  else
    session.post('Profiler.stop', (_error, { profile }) =>
      writeFileSync(process.env.PROFILE_FILE, JSON.stringify(profile)),
    );
});
