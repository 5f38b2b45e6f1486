import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inShowroom, signIn } from './showroom.mjs';

const OUTPUT = join(import.meta.dirname, '../../docs/screenshots');
const SIZE = { width: 1280, height: 800 };
/** So that the README is there at once. */
const MAX_BYTES = 120_000;
/** Of WebP, from 0 to 100, the best first that is small enough: text stays sharp. */
const QUALITIES = [90, 80, 70, 60, 50, 40, 30];

/** The pictures, by the names of their files, and how to get to what they show. */
const PICTURES = [
  [
    'overview',
    async (page, base) => {
      await page.goto(base);
      await page.locator('.chart canvas').waitFor();
    },
  ],
  [
    'keys',
    async (page, base) => {
      await page.goto(`${base}/keys`);
      await page.getByRole('row').nth(10).waitFor();
      await page.locator('.sparkline').first().waitFor();
    },
  ],
  [
    'key',
    async (page, base) => {
      await page.goto(`${base}/keys`);
      await page.getByRole('link', { name: 'Ship Spotter' }).click();
      await page.locator('.chart canvas').waitFor();
    },
  ],
  [
    'secret',
    async (page, base) => {
      await page.goto(`${base}/keys`);
      await page.getByRole('button', { name: 'Create key' }).click();
      const create = page.getByRole('dialog', { name: 'Create key' });
      await create.getByLabel('Name').fill('Harbour display');
      await create.getByRole('button', { name: 'Create key' }).click();
      await page.getByRole('dialog', { name: 'Your new key' }).waitFor();
      await page.mouse.move(0, 0);
    },
  ],
];

await mkdir(OUTPUT, { recursive: true });
await inShowroom(async (room) => {
  const context = await room.browser.newContext({
    viewport: SIZE,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const page = await signIn(context, room);
  await page.getByRole('link', { name: 'Harbour Weather' }).click();
  await page.waitForURL(/applications\/[0-9a-f-]{36}/);
  const [base] = /^.*applications\/[0-9a-f-]{36}/.exec(page.url());
  const devtools = await context.newCDPSession(page);
  for (const [name, show] of PICTURES) {
    await show(page, base);
    await page.waitForLoadState('networkidle');
    for (const colorScheme of ['light', 'dark']) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      // Charts are drawn again in the other colours.
      await page.waitForTimeout(500);
      const { picture, quality } = await take(devtools);
      await writeFile(join(OUTPUT, `${name}-${colorScheme}.webp`), picture);
      console.log(`${name}-${colorScheme}.webp: ${Math.round(picture.length / 1000)} kB, quality ${quality}`);
    }
  }
});

async function take(devtools) {
  for (const quality of QUALITIES) {
    const { data } = await devtools.send('Page.captureScreenshot', { format: 'webp', quality });
    const picture = Buffer.from(data, 'base64');
    if (picture.length <= MAX_BYTES) return { picture, quality };
  }
  throw new Error(`No quality makes the picture smaller than ${MAX_BYTES / 1000} kB.`);
}
