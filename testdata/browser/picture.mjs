// Makes docs/pictures/report.png of report.html: SANDLINT_PAGES=FOLDER node picture.mjs, after .ci/browser --keep FOLDER.
import { fileURLToPath } from "node:url";
import { close, launch, visit } from "./browser.mjs";

await launch();
const { page, end } = await visit("report.html", { viewport: { width: 1000, height: 820 } });
await page.locator("#filters").evaluate((e) => e.scrollIntoView());
await page.screenshot({ path: fileURLToPath(new URL("../../docs/pictures/report.png", import.meta.url)) });
await end();
await close();
