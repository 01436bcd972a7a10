import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { suite } from "uvu";
import { build } from "./builtCommandLine.js";

/** Where Debian's browser is, or JACOFLOW_CHROMIUM says one is; undefined where there is none. */
const browserPath = [process.env.JACOFLOW_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find(
  (path) => path !== undefined && existsSync(path),
);

function openBrowser(): Promise<Browser> {
  // Its own sandbox needs rights that a container does not give; it opens nothing but our pages.
  return chromium.launch({ executablePath: browserPath!, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}

/** A suite about the built program's pages in a browser: its laws are skipped, and that is said, where there is none. */
export function browserSuite(name: string) {
  const all = suite(name);
  let opened: Browser | undefined;
  if (browserPath === undefined) {
    process.stdout.write(
      "skipped: no chromium here (Debian: apt-get install chromium, or set JACOFLOW_CHROMIUM)\n",
    );
  }
  all.before(async () => {
    if (browserPath === undefined) return;
    build();
    opened = await openBrowser();
  });
  all.after(async () => {
    await opened?.close();
  });
  return {
    law: browserPath === undefined ? all.skip : all,
    /** While its laws run. */
    browser: (): Browser => opened!,
    run: () => all.run(),
  };
}

/** A new page of a browser, and what went wrong in it or left this machine. */
export async function openPage(
  browser: Browser,
  options: { readonly width?: number; readonly dark?: boolean } = {},
): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const { width = 1000, dark = false } = options;
  const page = await browser.newPage({
    viewport: { width, height: 800 },
    colorScheme: dark ? "dark" : "light",
  });
  await page.addInitScript(takeSaved);
  const complaints: string[] = [];
  page.on("console", (message) => {
    // A server that is killed is complained of by the browser itself, and is meant to be.
    if (message.type() === "error" && !message.text().includes("net::ERR_")) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const { protocol, hostname } = new URL(request.url());
    if (protocol !== "blob:" && protocol !== "data:" && protocol !== "file:" && hostname !== "127.0.0.1") {
      complaints.push(`asked ${request.url()}`);
    }
  });
  // For what does not come at all: a busy machine takes its time.
  page.setDefaultTimeout(120_000);
  return { page, complaints };
}

/** Puts what the page gives to the browser to save where a test can read it: how a browser writes files is its own. */
const takeSaved = `
  const click = HTMLAnchorElement.prototype.click;
  HTMLAnchorElement.prototype.click = function () {
    if (this.download === "") click.call(this);
    else window.save({ name: this.download, address: this.href });
  };
`;

/** What a page gives to the browser to save when a button of it is pressed. */
export async function savedBy(
  page: Page,
  button: Locator,
): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  await page.evaluate(`
    window.saved = new Promise((resolve, reject) => {
      window.save = resolve;
      setTimeout(() => reject(new Error("nothing is saved for two minutes")), 120000);
    });
    undefined`);
  await button.click();
  const { name, address } = (await page.evaluate("window.saved")) as Record<"name" | "address", string>;
  return { name, bytes: Buffer.from(await (await fetch(address)).arrayBuffer()) };
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds serious or critical on a page, in words. */
export async function seriousFindings(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe);
  const found = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as {
    readonly violations: readonly {
      readonly id: string;
      readonly impact: string;
      readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
    }[];
  };
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes[0].html.slice(0, 200)} (${nodes[0].failureSummary})`);
}

/** The rank that the headline table of a page says. */
export const headlineRank = async (page: Page) =>
  /rank (\d+)/.exec((await page.locator(".headline .group").first().textContent()) ?? "")?.[1];
