// What is run: `node dist/src/main.js`, by `npm start`, the image and operators. Everything is in process/.
import './process/main.js';
