import { join } from "node:path";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { browserSuite, headlineRank, openPage } from "../support/browser.js";
import { jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { start, whileRunning } from "../support/startedProgram.js";
import { until } from "../support/waiting.js";

const { law, browser, run } = browserSuite("the live page without a mouse");

/** Presses Tab until what has the focus is this, which says that keys alone lead there. */
async function tabTo(page: Page, wanted: ReturnType<Page["locator"]>): Promise<void> {
  for (let presses = 0; presses < 200; presses += 1) {
    if (await wanted.evaluate((element) => element === element.ownerDocument.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("it is not reached with Tab");
}

law("keys alone do everything, the focus is seen and never lost, and what changes is said", () =>
  withFolder(async (folder) => {
    const runs = join(folder, "runs");
    const file = writeSmallPipeline(folder);
    for (const seed of ["7", "8"]) {
      const made = await jacoflow(["run", file, "--out", join(runs, `seed-${seed}`), "--seed", seed, "-q"]);
      assert.is(made.code, 0, made.stderr);
    }
    const server = await start(["serve", runs, "--port", "0"], folder);
    await whileRunning(server, async () => {
      const { page } = await openPage(browser(), { width: 320 });
      await page.goto(`${server.url}#run=seed-7`);
      const slider = page.getByRole("slider");
      await slider.waitFor();
      await page.keyboard.press("Tab");
      const skip = page.getByRole("link", { name: "To the run" });
      assert.ok(await skip.isVisible(), "the first stop leads past the list of runs");
      await page.keyboard.press("Enter");
      assert.is(await page.evaluate("document.activeElement.id"), "run");
      assert.match(page.url(), /#run=seed-7$/);

      // The headline table is drawn anew by the slider: its place and focus stay.
      const headline = page.getByRole("region", { name: "Headline table" });
      await tabTo(page, headline);
      for (let at = 0; at < 5; at += 1) await page.keyboard.press("ArrowRight");
      const scrolled = () => headline.evaluate((element) => element.scrollLeft);
      await until("the table is scrolled", async () => (await scrolled()) >= 100);
      await page.waitForTimeout(300);
      const place = await scrolled();
      await tabTo(page, slider);
      const outline = await slider.evaluate(
        (element) => element.ownerDocument.defaultView?.getComputedStyle(element).outlineStyle,
      );
      assert.is(outline, "solid", "the focus is seen");
      await page.keyboard.press("ArrowLeft");
      assert.is(await headlineRank(page), "7");
      assert.ok(Math.abs((await scrolled()) - place) < 2);
      assert.match((await slider.getAttribute("aria-valuetext")) as string, "rank 7, σ = ");
      assert.is(await slider.getAttribute("max"), "8");
      await page.keyboard.press("Home");
      assert.is(await headlineRank(page), "1");
      const back = page.getByRole("button", { name: "As the run has it" });
      await tabTo(page, back);
      await page.keyboard.press("Enter");
      assert.is(await headlineRank(page), "8");
      assert.ok(
        await back.evaluate((element) => element === element.ownerDocument.activeElement),
        "the focus stays",
      );

      const values = page.locator("figure .values summary").first();
      await tabTo(page, values);
      await page.keyboard.press("Enter");
      await page.getByRole("region", { name: "Values: " }).first().waitFor();
      const other = page.getByRole("checkbox", { name: /seed-8/ });
      await page.reload();
      await tabTo(page, other);
      await page.keyboard.press("Space");
      await page.getByRole("heading", { name: "2 runs side by side" }).waitFor();
      assert.ok(await other.evaluate((element) => element === element.ownerDocument.activeElement));

      for (const landmark of ["main", "navigation"] as const) {
        assert.is(await page.getByRole(landmark).count(), 1, landmark);
      }
      await page.locator("#connection[role=status]", { hasText: "All of it is here." }).waitFor();
      for (const chart of await page.locator("figure svg[role=img]").all()) {
        const ids = ((await chart.getAttribute("aria-labelledby")) as string).split(" ");
        for (const id of ids) {
          assert.ok(((await page.locator(`[id="${id}"]`).textContent()) as string).length > 3, id);
        }
      }
      await page.close();
    });
  }),
);

run();
