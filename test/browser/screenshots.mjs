import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inShowroom, signIn } from './showroom.mjs';

const OUTPUT = join(import.meta.dirname, '../../docs/screenshots');
const SIZE = { width: 1280, height: 800 };
/** Of WebP, from 0 to 100: text stays sharp. */
const QUALITY = 82;

/** The pages that the README shows, by the names of their files, and what is to be there before they are shown. */
const PAGES = [
  ['overview', '', async (page) => page.locator('.chart canvas').waitFor()],
  ['keys', '/keys', async (page) => page.getByRole('row').nth(10).waitFor()],
  ['audit', '/audit', async (page) => page.getByRole('row').nth(10).waitFor()],
];

await mkdir(OUTPUT, { recursive: true });
await inShowroom(async (room) => {
  const context = await room.browser.newContext({ viewport: SIZE, reducedMotion: 'reduce', locale: 'en-GB' });
  const page = await signIn(context, room);
  await page.getByRole('link', { name: 'Harbour Weather' }).click();
  await page.waitForURL(/applications\/[0-9a-f-]{36}/);
  const [base] = /^.*applications\/[0-9a-f-]{36}/.exec(page.url());
  const devtools = await context.newCDPSession(page);
  for (const [name, path, isThere] of PAGES) {
    await page.goto(`${base}${path}`);
    await isThere(page);
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await page.waitForTimeout(300);
      const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY });
      const file = join(OUTPUT, `${name}-${colorScheme}.webp`);
      await writeFile(file, Buffer.from(data, 'base64'));
      console.log(`${file}: ${Math.round((data.length * 0.75) / 1000)} kB`);
    }
  }
});
