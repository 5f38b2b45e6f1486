/** Says how a command is called when that is what it was asked, and ends it: that is no mistake. Call it first. */
export function answerHelp(args: readonly string[], usage: string): void {
  const end = args.indexOf('--');
  const options = end < 0 ? args : args.slice(0, end);
  if (!options.includes('--help') && !options.includes('-h')) return;
  process.stdout.write(`${usage}\n`);
  process.exit(0);
}
