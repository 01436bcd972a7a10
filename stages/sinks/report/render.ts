import { createHash } from "node:crypto";
import { missing } from "../numberText.js";
import { chartSections } from "./chartSections.js";
import { type ComparedRun, compareSections, compareTable } from "./compare.js";
import { explanation } from "./explanation.js";
import { findings } from "./findings.js";
import { emphasised, Html, html } from "./html.js";
import { saveScript } from "./script.js";
import { drawnSections, emptyNote, fileSection, headlineSections, scalarSections } from "./sections.js";
import { style } from "./style.js";
import { mapOf, type RunFacts, type RunTables } from "./tables.js";

/** Names of the classes: those the examples carry, else the option of a stage of the file. */
function classNames(run: RunFacts): readonly string[] {
  if (run.classes !== undefined) return run.classes;
  for (const stage of Object.values(mapOf(mapOf(run.file).stages))) {
    const { classes } = mapOf(mapOf(stage).with);
    if (Array.isArray(classes)) return classes.map(String);
  }
  return [];
}

function factsText(run: RunFacts): string {
  const names = classNames(run);
  const classes = names.length === 0 ? "" : ` · ${names.length} classes: ${names.join(", ")}`;
  return `seed ${Number.isFinite(run.seed) ? run.seed : missing}${classes}`;
}

/** What ran, sinks left out: `data/idx → labels/noise → …`; undefined when the file does not say. */
function courseText(run: RunFacts): string | undefined {
  const steps = Object.values(mapOf(mapOf(run.file).stages))
    .map((stage) => mapOf(stage).uses)
    .filter((uses): uses is string => typeof uses === "string" && !uses.startsWith("sink/"));
  return steps.length === 0 ? undefined : steps.join(" → ");
}

const hashOf = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
/** The page may load nothing and run no script but its own. */
const policy = `default-src 'none'; script-src ${hashOf(saveScript)}; style-src ${hashOf(style)}; img-src data:`;

const lead = html`<p>A network learns fast what lies along the few strong directions of its Jacobian, its <em>information space</em>, and
only slowly, by memorising, what lies across them, in its <em>nuisance space</em>. This page says where the labels of
this run lie and what training made of them; its words are explained at the end.</p>`;

/**
 * The report of a run as one HTML file that needs nothing else: no network, no clock; its one script saves charts as pictures. Works with whichever
 * tables there are. The same tables and facts give the same text.
 */
export function renderReport(tables: RunTables, run: RunFacts): string {
  const said = findings(tables, run.file);
  const course = courseText(run);
  return pageText(
    run.name,
    html`<header>
<h1>${run.name}</h1>
<p class="facts">${factsText(run)}</p>
${course === undefined ? undefined : html`<p class="facts">${course}</p>`}
${run.complete ? undefined : html`<p class="stopped"><strong>This run ended early.</strong> What follows is what it had computed until then.</p>`}
</header>
<main>
${tables.projection.length > 0 ? lead : undefined}
${said.length === 0 ? undefined : html`<ul class="findings">${said.map((sentence) => html`<li>${emphasised(sentence)}</li>\n`)}</ul>`}
${emptyNote(tables)}
${headlineSections(tables, run)}
${drawnSections(chartSections(tables, run))}
${scalarSections(tables, run)}
${tables.projection.length > 0 ? explanation : undefined}
${fileSection(run)}
</main>
`,
  );
}

/** Several runs side by side, by the charts of the live page, as one HTML file like a report. */
export function renderComparison(runs: readonly ComparedRun[]): string {
  return pageText(
    `${runs.length} runs`,
    html`<header>
<h1>${runs.length} runs side by side</h1>
</header>
<main>
${compareTable(runs)}
${drawnSections(compareSections(runs))}
</main>
`,
  );
}

/** A page that stands alone around its contents. */
function pageText(title: string, contents: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="jacoflow">
<title>${title} · jacoflow</title>
<meta http-equiv="Content-Security-Policy" content="${policy}">
<style>${new Html(style)}</style>
</head>
<body>
${contents}<footer>Made by jacoflow; every measured number on this page comes from the tables of the run. The paper is S. Oymak, Z. Fabian,
M. Li, M. Soltanolkotabi, <cite>Generalization Guarantees for Neural Networks via Harnessing the Low-rank Structure of
the Jacobian</cite>, arXiv 1906.05392 (2019).</footer>
<script type="module">${new Html(saveScript)}</script>
</body>
</html>
`.text;
}
