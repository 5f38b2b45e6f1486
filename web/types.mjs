import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';

const DOCUMENT = new URL('../openapi.json', import.meta.url);
const OUTPUT = fileURLToPath(new URL('src/api/schema.d.ts', import.meta.url));

/** Writes the types of the service's calls, as `openapi.json` describes them. */
export async function writeTypes() {
  await mkdir(dirname(OUTPUT), { recursive: true });
  await writeFile(OUTPUT, astToString(await openapiTS(DOCUMENT)));
}
