import { hasNoDescriptorsLeft, NO_DESCRIPTORS_LEFT } from './process/open-files.js';

// What is run: `node dist/src/main.js`, by `npm start`, the image and operators. Everything is in process/.
try {
  await import('./process/main.js');
} catch (error) {
  // It has not been loaded, and so it cannot say why itself.
  if (!hasNoDescriptorsLeft(error)) throw error;
  process.stderr.write(`${NO_DESCRIPTORS_LEFT}\n`);
  process.exitCode = 1;
}
