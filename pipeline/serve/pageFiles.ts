import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { saveScript } from "../../stages/sinks/report/script.js";
import { style } from "../../stages/sinks/report/style.js";
import { pageStyle } from "./pageStyle.js";

/** A file of the page, ready to be sent. */
export interface PageFile {
  readonly type: string;
  readonly body: string;
}

/** The page: its files by their path in the address, and what its content security policy has to allow. */
export interface PageFiles {
  readonly files: ReadonlyMap<string, PageFile>;
  /** Hash of the one inline script, the import map. */
  readonly importMapHash: string;
}

const script = "text/javascript; charset=utf-8";
const root = fileURLToPath(new URL("../..", import.meta.url));
const plotNames = ["plot", "line", "ruleX", "ruleY", "text", "dot", "gridY"];

/**
 * Reads the page from where this module was built to: its main module, the modules that one imports, step by step, and
 * the two libraries it draws with. Nothing else is ever served, whatever an address says.
 */
export async function readPageFiles(folder = root): Promise<PageFiles> {
  const files = new Map<string, PageFile>();
  const read = async (path: string): Promise<void> => {
    const address = `/modules/${relative(folder, path).split(sep).join("/")}`;
    if (files.has(address)) return;
    const body = (await readFile(path, "utf8")).replace(/^\/\/# sourceMappingURL=.*$/m, "");
    files.set(address, { type: script, body });
    for (const [, name] of body.matchAll(/^(?:import|export)\s[^"'`;]*?["'](\.[^"']+)["'];/gm)) {
      await read(join(dirname(path), name));
    }
  };
  await read(join(folder, "pipeline/serve/page/main.js"));
  const library = createRequire(import.meta.url);
  const plot = dirname(dirname(library.resolve("@observablehq/plot")));
  const d3 = createRequire(join(plot, "package.json")).resolve("d3");
  files.set("/libraries/d3.js", {
    type: script,
    body: await readFile(join(dirname(d3), "../dist/d3.min.js"), "utf8"),
  });
  files.set("/libraries/plot-itself.js", {
    type: script,
    body: await readFile(join(plot, "dist/plot.umd.min.js"), "utf8"),
  });
  files.set("/libraries/plot.js", {
    type: script,
    body: `import "./d3.js";\nimport "./plot-itself.js";\nexport const { ${plotNames.join(", ")} } = globalThis.Plot;\n`,
  });
  files.set("/save.js", { type: script, body: saveScript });
  files.set("/style.css", { type: "text/css; charset=utf-8", body: `${style}${pageStyle}` });
  files.set("/icon.svg", { type: "image/svg+xml", body: icon });
  const importMap = JSON.stringify({ imports: { "@observablehq/plot": "/libraries/plot.js" } });
  files.set("/", { type: "text/html; charset=utf-8", body: pageText(importMap) });
  return { files, importMapHash: createHash("sha256").update(importMap).digest("base64") };
}

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M1 14C5 14 5 3 15 2" fill="none" stroke="#1b62b5" stroke-width="2"/><path d="M1 8h14" fill="none" stroke="#c2410c" stroke-width="2" stroke-dasharray="3 2"/></svg>`;

function pageText(importMap: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>jacoflow</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/style.css">
<script type="importmap">${importMap}</script>
<script type="module" src="/save.js"></script>
<script type="module" src="/modules/pipeline/serve/page/main.js"></script>
</head>
<body>
<a class="skip" href="#run">To the run</a>
<noscript><p>This page is drawn by a script of its own. Without one, <code>jacoflow report RUN</code> writes the same as a file.</p></noscript>
<nav id="runs" aria-label="Runs"></nav>
<main id="run" tabindex="-1"></main>
<p id="connection" role="status"></p>
</body>
</html>
`;
}
