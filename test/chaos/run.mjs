import '../support/typescript.mjs';

/** npm run chaos -- --help */
const { main } = await import('./command.ts');

process.exitCode = await main(process.argv.slice(2));
