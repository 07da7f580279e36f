// Plays visits to the page Organizational visuals in one browser. Standard input
// is JSON: {"browser": path of the program, "visits": [{"page", "har", "sanitized",
// "acts": [{"do", "name", "description", "file"}]}]}; standard output is JSON: what
// the page said in each visit, and which visuals it showed.
//
// ORGSTORE_PLAYWRIGHT is a folder in which playwright-core was installed.
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { text } from "node:stream/consumers";

import { Recorder } from "./har.mjs";

const require = createRequire(join(process.env.ORGSTORE_PLAYWRIGHT, "package.json"));
const { chromium } = require("playwright-core");
const told = JSON.parse(await text(process.stdin));

const acts = {
  async update(page, act) {
    await page.getByRole("row", { name: act.name }).getByRole("button", { name: "Settings" }).click();
    await page.getByLabel("Browse").setInputFiles(act.file);
    await page.getByRole("button", { name: "Update" }).click();
  },
  async add(page, act) {
    await page.getByLabel("Choose a .pbiviz file").setInputFiles(act.file);
    await page.getByLabel("Name your visual").fill(act.name);
    await page.getByLabel("Description").fill(act.description);
    await page.getByRole("button", { name: "Add" }).click();
  },
  async access(page, act) {
    await page.getByLabel("Access " + act.name).click();
  },
  async export(page, act) {
    const saved = page.waitForEvent("download");
    await page.getByRole("link", { name: "Export" }).click();
    await (await saved).saveAs(act.file);
  },
};

// settled waits until the page says what came of it.
async function settled(page) {
  const message = page.getByRole("status");
  await message.filter({ hasNotText: /^$|Working/ }).waitFor();
  return message.textContent();
}

async function play(browser, visit) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(30_000);
  const page = await context.newPage();
  const recorder = await Recorder.of(page, visit.sanitized);
  const said = [];
  page.on("pageerror", e => said.push("error: " + e.message));
  await page.goto(visit.page);
  said.push(await settled(page));
  for (const act of visit.acts ?? []) {
    await acts[act.do](page, act);
    said.push(await settled(page));
  }
  const rows = await page.locator("tbody tr").evaluateAll(all => all.map(tr => [...tr.cells].slice(0, 2).map(td => td.textContent)));
  if (visit.har) await writeFile(visit.har, await recorder.har());
  await context.close();
  return { said, rows };
}

const browser = await chromium.launch({
  executablePath: told.browser,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"],
});
try {
  const shown = [];
  let next = 0;
  const player = async () => {
    while (next < told.visits.length) {
      const i = next++;
      shown[i] = await play(browser, told.visits[i]);
    }
  };
  await Promise.all([1, 2, 3, 4].map(player));
  console.log(JSON.stringify(shown));
} finally {
  await browser.close();
}
