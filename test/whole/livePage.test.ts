import { appendFileSync, cpSync, mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { thisProcess } from "../../pipeline/run/owner.js";
import { browserSuite, headlineRank, openPage, savedBy, seriousFindings } from "../support/browser.js";
import { jacoflow } from "../support/builtCommandLine.js";
import { withFolder } from "../support/folder.js";
import { writeSmallPipeline } from "../support/smallPipeline.js";
import { start, whileRunning } from "../support/startedProgram.js";
import { until } from "../support/waiting.js";

const { law, browser, run } = browserSuite("the live page in a browser");

const curve = (page: Page, title: string) =>
  page
    .locator("figure", { has: page.locator(`figcaption:text-is("${title}")`) })
    .locator("svg path")
    .last();
law(
  "a run that goes on is watched: its curves move, its graph says what the edges hold, its end is told",
  () =>
    withFolder(async (folder) => {
      const long =
        "{ uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 0.01, batchSize: 10, epochs: 1000000, snapshots: { at: [0] }, evaluate: { every: 50, unit: epochs } } }";
      const file = writeSmallPipeline(folder, { train: long });
      const run = await start(["run", file, "--out", join(folder, "run"), "--serve=0"], folder);
      await whileRunning(run, async () => {
        const { page, complaints } = await openPage(browser());
        await page.goto(run.url);
        const first = await curve(page, "Error").getAttribute("d");
        const moved = async () => (await curve(page, "Error").getAttribute("d")) !== first;
        await until("the curve of the error moves", moved);
        assert.match((await page.locator("#connection").textContent()) as string, "Live");
        assert.match((await page.locator("svg.graph").textContent()) as string, /metrics \d\/8/);
        assert.match((await page.locator(".progress").textContent()) as string, /train.*steps/s);
        run.child.kill("SIGINT");
        assert.is(await run.ended, 130);
        await page.locator(".state.cancelled").waitFor();
        assert.ok(
          ((await curve(page, "Error").getAttribute("d")) as string).length > 10,
          "what was seen stays",
        );
        assert.equal(complaints, []);
        await page.close();
      });
    }),
);

law(
  "the cut is moved by pointer and by key, the projections follow; charts are saved; axe finds nothing serious",
  () =>
    withFolder(async (folder) => {
      const runs = join(folder, "runs");
      const file = writeSmallPipeline(folder);
      for (const seed of ["7", "8"]) {
        const made = await jacoflow(["run", file, "--out", join(runs, `seed-${seed}`), "--seed", seed, "-q"]);
        assert.is(made.code, 0, made.stderr);
      }
      const server = await start(["serve", runs, "--port", "0"], folder);
      await whileRunning(server, async () => {
        const { page, complaints } = await openPage(browser());
        await page.goto(`${server.url}#run=seed-7`);
        const slider = page.getByRole("slider", { name: /Cut-off/ });
        await slider.waitFor();
        assert.is(await headlineRank(page), "8");
        const energy = () =>
          page
            .locator("figcaption", { hasText: "Energy of the labels" })
            .first()
            .locator("xpath=..")
            .locator("svg path")
            .last()
            .getAttribute("d");
        const before = await energy();
        await slider.press("ArrowLeft");
        await page.locator("output", { hasText: "rank 7" }).waitFor();
        assert.is(await headlineRank(page), "7");

        const drawing = page.locator("figure.cut .drawing").first();
        await drawing.scrollIntoViewIfNeeded();
        const box = (await drawing.locator("svg").boundingBox())!;
        await page.mouse.move(box.x + box.width * 0.9, box.y + box.height / 2);
        await page.mouse.down();
        await page.mouse.move(box.x + box.width * 0.5, box.y + box.height / 2, { steps: 5 });
        await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / 2, { steps: 5 });
        await page.mouse.up();
        const rank = await headlineRank(page);
        assert.ok(Number(rank) >= 2 && Number(rank) <= 3, `dragged to rank ${rank}`);
        assert.match((await page.locator("output").textContent()) as string, `rank ${rank}, σ = `);
        assert.is.not(await energy(), before);

        for (const form of ["SVG", "PNG"] as const) {
          const button = page.getByRole("button", { name: `Save Error as ${form}` });
          const { bytes } = await savedBy(page, button);
          if (form === "PNG") assert.is(bytes.toString("latin1", 1, 4), "PNG");
          else
            assert.match(bytes.toString("utf8"), /^<svg xmlns=[\s\S]*training, labels as given[\s\S]*<path/);
          assert.not.match(bytes.toString("utf8"), "var(--");
        }

        await page.getByLabel(/seed-8/).check();
        await page.getByRole("heading", { name: "2 runs side by side" }).waitFor();
        assert.is(
          await page
            .locator("figcaption", { hasText: "Test error" })
            .first()
            .locator("xpath=..")
            .locator(".legend li")
            .count(),
          2,
        );
        assert.equal(await seriousFindings(page), []);
        assert.equal(complaints, []);
        await page.close();

        for (const look of [{ dark: true }, { width: 320 }]) {
          const other = await openPage(browser(), look);
          await other.page.goto(`${server.url}#run=seed-7`);
          await other.page.getByRole("slider").waitFor();
          assert.equal(await seriousFindings(other.page), [], JSON.stringify(look));
          const width = Number(
            await other.page.evaluate("document.documentElement.scrollWidth - innerWidth"),
          );
          assert.ok(width <= 0, `${width} pixels too wide`);
          assert.equal(other.complaints, []);
          await other.page.close();
        }
      });
    }),
);

law("the cut is where the pointer is, in a chart of more indices than ranks can be chosen too", () =>
  withFolder(async (folder) => {
    const file = writeSmallPipeline(folder, {
      svd: "{ uses: jacobian/spectrum, from: [noise, train.snapshots], with: { rank: 20, split: [train, test] } }",
    });
    const made = await jacoflow(["run", file, "--out", join(folder, "runs/one"), "-q"]);
    assert.is(made.code, 0, made.stderr);
    const server = await start(["serve", join(folder, "runs"), "--port", "0"], folder);
    await whileRunning(server, async () => {
      const { page } = await openPage(browser());
      await page.goto(server.url);
      const drawing = page.locator("figure.cut .drawing").first();
      await drawing.scrollIntoViewIfNeeded();
      const box = (await drawing.locator("svg").boundingBox())!;
      // The first index is 48 of the 440 wide, the twentieth 422.
      const press = async (index: number) => {
        const x = (48 + (374 * (index - 1)) / 19) / 440;
        await page.mouse.click(box.x + x * box.width, box.y + box.height / 2);
      };
      await press(5);
      await page.locator("output", { hasText: "rank 5" }).waitFor();
      assert.is(await headlineRank(page), "5");
      await press(15);
      await page.locator("output", { hasText: "rank 8" }).waitFor();
      await page.close();
    });
  }),
);

law(
  "more runs than a browser has connections are drawn side by side: those that are over in turn, five that run",
  () =>
    withFolder(async (folder) => {
      const runs = join(folder, "runs");
      const file = writeSmallPipeline(folder);
      const made = await jacoflow(["run", file, "--out", join(runs, "over-1"), "-q"]);
      assert.is(made.code, 0, made.stderr);
      for (let copy = 2; copy <= 8; copy += 1) {
        cpSync(join(runs, "over-1"), join(runs, `over-${copy}`), { recursive: true });
      }
      const server = await start(["serve", runs, "--port", "0"], folder);
      await whileRunning(server, async () => {
        const { page } = await openPage(browser());
        const shown = (names: readonly string[]) =>
          page.goto(
            `${server.url}#${new URLSearchParams(names.map((name): [string, string] => ["run", name]))}`,
          );
        const numbered = (name: string, count: number) =>
          Array.from({ length: count }, (_, at) => `${name}-${at + 1}`);
        await shown(numbered("over", 8));
        await page.locator("h1", { hasText: "8 runs side by side" }).waitFor();
        await page.locator("#connection", { hasText: "All of it is here." }).waitFor();
        for (const name of numbered("running", 6)) {
          const record = { name, outcome: "running", process: thisProcess(), seed: 1 };
          mkdirSync(join(runs, name));
          writeFileSync(join(runs, name, "run.json"), JSON.stringify(record));
        }
        await shown([...numbered("running", 5), ...numbered("over", 5)]);
        await page.locator("h1", { hasText: "10 runs side by side" }).waitFor();
        await page.locator("#connection", { hasText: "Live, 5 runs." }).waitFor();
        assert.ok(await page.getByLabel(/running-6/).isDisabled());
        assert.ok(await page.getByLabel(/over-6/).isEnabled());
        await shown([...numbered("running", 6), "over-1"]);
        await page
          .locator("#connection", { hasText: "Live, 5 runs; 1 more when one of them is over." })
          .waitFor();
        await page.locator("h1", { hasText: "6 runs side by side" }).waitFor();
        await page.close();
      });
    }),
);

law("a run whose folder is taken away is said to be gone, and is kept in sight", () =>
  withFolder(async (folder) => {
    const runs = join(folder, "runs");
    const record = { name: "one", outcome: "running", process: thisProcess(), seed: 1 };
    mkdirSync(join(runs, "one"), { recursive: true });
    writeFileSync(join(runs, "one/run.json"), JSON.stringify(record));
    writeFileSync(join(runs, "one/log.ndjson"), '{"time":"","level":"info","message":"begun"}\n');
    const server = await start(["serve", runs, "--port", "0"], folder);
    await whileRunning(server, async () => {
      const { page } = await openPage(browser());
      await page.goto(server.url);
      await page.locator(".log", { hasText: "begun" }).waitFor();
      renameSync(join(runs, "one"), join(runs, "other"));
      await page.locator("#connection", { hasText: "Not in the folder of runs: one." }).waitFor();
      assert.is(await page.locator(".log li", { hasText: "begun" }).count(), 1);
      await page.getByLabel(/other/).check();
      await page.locator("#connection", { hasText: "Live" }).waitFor();
      await page.close();
    });
  }),
);

law(
  "a page outlives its server: it says that nobody answers, and goes on where it was when there is one again",
  () =>
    withFolder(async (folder) => {
      const run = join(folder, "runs/one");
      mkdirSync(run, { recursive: true });
      // This test's own process stands for the one that runs.
      const record = {
        name: "one",
        outcome: "running",
        process: thisProcess(),
        seed: 1,
        started: "2026-01-01T00:00:00Z",
      };
      writeFileSync(join(run, "run.json"), JSON.stringify(record));
      const log = (message: string) =>
        appendFileSync(
          join(run, "log.ndjson"),
          `${JSON.stringify({ time: "2026-01-01T00:00:00Z", level: "info", message })}\n`,
        );
      log("before");
      const serve = (port: string) => start(["serve", join(folder, "runs"), "--port", port], folder);
      const first = await serve("0");
      const { page } = await openPage(browser());
      await page.goto(first.url);
      await page.locator(".log", { hasText: "before" }).waitFor();
      first.child.kill("SIGKILL");
      await first.ended;
      await page.locator("#connection", { hasText: "does not answer" }).waitFor();
      log("meanwhile");
      const second = await serve(new URL(first.url).port);
      await whileRunning(second, async () => {
        await page.locator(".log", { hasText: "meanwhile" }).waitFor();
        await page.locator("#connection", { hasText: "Live" }).waitFor();
        assert.is(await page.locator(".log li", { hasText: "before" }).count(), 1, "nothing is told twice");
        await page.close();
      });
    }),
);

run();
