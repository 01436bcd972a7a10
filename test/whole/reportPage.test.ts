import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { browserSuite, openPage, savedBy, seriousFindings } from "../support/browser.js";
import { jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";

const { law, browser, run } = browserSuite("reports in a browser");

/** What a button of a figure saves. */
async function saved(page: Page, figure: number, form: "svg" | "png"): Promise<Buffer> {
  const { name, bytes } = await savedBy(
    page,
    page.locator("figure").nth(figure).locator(`button[data-save=${form}]`),
  );
  assert.match(name, new RegExp(`^[a-z0-9]+(-[a-z0-9]+)*\\.${form}$`));
  return bytes;
}

/** Every chart of a page as SVG and PNG. */
async function checkSaved(page: Page, what: string): Promise<void> {
  const figures = await page.locator("figure").count();
  assert.ok(figures >= 8, `${what}: ${figures} figures`);
  for (let at = 0; at < figures; at += 1) {
    const svg = (await saved(page, at, "svg")).toString("utf8");
    const [, width, height] = /<svg [^>]*width="([\d.]+)" height="([\d.]+)"/.exec(svg)!.map(Number);
    const wrong = await page.evaluate(
      `new DOMParser().parseFromString(${JSON.stringify(svg)}, "image/svg+xml").querySelector("parsererror")`,
    );
    assert.is(wrong, null, `${what}, figure ${at}`);
    const beyond = await page.evaluate(`(() => {
      const holder = document.createElement("div");
      holder.innerHTML = ${JSON.stringify(svg)};
      document.body.append(holder);
      const ends = [...holder.querySelectorAll("text")].map((text) => text.getBoundingClientRect().right);
      const end = holder.firstElementChild.getBoundingClientRect().right;
      holder.remove();
      return Math.max(...ends) - end;
    })()`);
    assert.ok(Number(beyond) <= 1, `${what}, figure ${at}: words go ${beyond} pixels beyond the picture`);
    // A file of its own has no style sheet to take anything from.
    assert.not.match(svg, /var\(|class=/);
    const png = await saved(page, at, "png");
    assert.is(png.toString("latin1", 1, 4), "PNG");
    assert.equal(
      [png.readUInt32BE(16), png.readUInt32BE(20)],
      [Math.floor(3 * width), Math.floor(3 * height)],
    );
  }
}

law("a report and a comparison, offline: every chart is saved, axe finds nothing serious in any look", () =>
  withFolder(async (folder) => {
    const sinks = { report: "{ uses: sink/report, from: [train.metrics, svd.spectrum, project] }" };
    const file = writeSmallPipeline(folder, sinks);
    const runs = ["seed-7", "seed-8"].map((name) => join(folder, name));
    for (const run of runs) {
      const made = await jacoflow(["run", file, "--out", run, "--seed", run.slice(-1), "-q"]);
      assert.is(made.code, 0, made.stderr);
    }
    const comparison = join(folder, "comparison.html");
    const compared = await jacoflow(["report", "--out", comparison, "--compare", ...runs]);
    assert.is(compared.code, 0, compared.stderr);
    for (const path of [join(runs[0], "report.html"), comparison]) {
      for (const look of [{}, { dark: true }, { width: 320 }]) {
        const what = `${path} ${JSON.stringify(look)}`;
        const { page, complaints } = await openPage(browser(), look);
        await page.goto(pathToFileURL(path).href);
        if (!("width" in look)) await checkSaved(page, what);
        assert.equal(await seriousFindings(page), [], what);
        const tooWide = Number(await page.evaluate("document.documentElement.scrollWidth - innerWidth"));
        assert.ok(tooWide <= 0, `${what}: ${tooWide} pixels too wide`);
        assert.equal(complaints, [], what);
        await page.close();
      }
    }
  }),
);

run();
