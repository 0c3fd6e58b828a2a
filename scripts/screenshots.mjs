// This script takes pictures of the Temporal Web UI:
// node scripts/screenshots.mjs OUT_DIR UI_ADDRESS NAMESPACE NAME=PATH ...
// It needs a Chromium (CHROMIUM, default /usr/bin/chromium). Pictures are for docs/images and for looking at.
import { chromium } from 'playwright-core';

const [directory, address, namespace, ...pages] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking', '--no-first-run'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  for (const entry of pages) {
    const [name, ...path] = entry.split('=');
    await page.goto(`${address}/namespaces/${namespace}/workflows${path.join('=')}`, { waitUntil: 'load' });
    // The page fetches its data after it has loaded, and polls: there is no quiet moment to wait for.
    await page.waitForTimeout(3_500);
    await page.screenshot({ path: `${directory}/${name}.png` });
  }
} finally {
  await browser.close();
}
