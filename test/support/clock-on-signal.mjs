/*
 * Loaded into a service before anything else: sets its wall clock back by an hour when SIGUSR2 comes, as an
 * administrator or a bad time server would. The monotonic clock goes on.
 */
const HOUR = 3_600_000;
const TrueDate = globalThis.Date;
let shift = 0;

globalThis.Date = class Date extends TrueDate {
  constructor(...parts) {
    if (parts.length === 0) super(TrueDate.now() + shift);
    else super(...parts);
  }

  static now() {
    return TrueDate.now() + shift;
  }
};

process.on('SIGUSR2', () => {
  shift -= HOUR;
  process.stdout.write(`The clock is set back by ${-shift} ms\n`);
});
