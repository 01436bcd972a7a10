import { createHash } from "node:crypto";
import { join } from "node:path";
import type { RecordBatch } from "apache-arrow";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { JacoflowError } from "../../../schemas/errors/error.js";
import type { TableDefinition } from "../../../schemas/table.js";
import { metrics } from "../../../schemas/tables/metrics.js";
import { angles, projection } from "../../../schemas/tables/projection.js";
import { spectrum } from "../../../schemas/tables/spectrum.js";
import { diskFiles } from "../../../stages/sinks/files.js";
import { numberText } from "../../../stages/sinks/numberText.js";
import { listTables, loadRows } from "../../../stages/sinks/parquet/read.js";
import { parquet } from "../../../stages/sinks/parquet.js";
import { compareSections } from "../../../stages/sinks/report/compare.js";
import { findings } from "../../../stages/sinks/report/findings.js";
import { reportedTables } from "../../../stages/sinks/report/gatherer.js";
import { headline, headlineText } from "../../../stages/sinks/report/headline.js";
import { escapeHtml, html } from "../../../stages/sinks/report/html.js";
import { renderReport } from "../../../stages/sinks/report/render.js";
import { noTables, type ReportedTable, type RunTables } from "../../../stages/sinks/report/tables.js";
import { report, reportSink } from "../../../stages/sinks/report.js";
import { batchOf, type Cell, randomColumns } from "../../support/randomTables.js";
import {
  bestEpoch,
  lastEpoch,
  projectionRow,
  sampleRun,
  sampleTables,
  testError,
} from "../../support/sampleRun.js";
import { filesUnder, inFolder, inputOf, sinkContext } from "../../support/sinks.js";

const test = suite("sink/report");

const none = noTables;
const page = renderReport(sampleTables, sampleRun);
const documentOf = (text: string) => parseHTML(text).document;
const textOf = (text: string) =>
  documentOf(text.replaceAll(/<(style|script)[^>]*>[\s\S]*?<\/\1>/g, "")).documentElement.textContent ?? "";

/** The batch of plain rows, as a stage would send them. */
function batchOfRows(name: ReportedTable, rows: readonly Readonly<Record<string, unknown>>[]): RecordBatch {
  const table = reportedTables[name] as unknown as TableDefinition;
  const columns = Object.fromEntries(
    Object.entries(table.columns).map(([column, { type }]) => [
      column,
      rows.map((row) => (String(type) === "Int64" ? BigInt(row[column] as number) : (row[column] as Cell))),
    ]),
  );
  return batchOf(table, columns, rows.length);
}

const wordless = (text: string) => !/NaN|undefined|\[object|Infinity|null/.test(text);

test("the page needs nothing else: one script of its own, no address to load from, and a policy that allows no more", () => {
  const document = documentOf(page);
  assert.is(document.querySelectorAll("link, img, iframe, object, [src], [href]").length, 0);
  assert.not.match(page, /@import|url\(/);
  const [script, ...others] = document.querySelectorAll("script");
  assert.is(others.length, 0);
  const sha = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
  const style = document.querySelector("style")!;
  assert.is(
    document.querySelector("meta[http-equiv=Content-Security-Policy]")?.getAttribute("content"),
    `default-src 'none'; script-src ${sha(script.innerHTML)}; style-src ${sha(style.innerHTML)}; img-src data:`,
  );
  assert.match(page, /^<!doctype html>\n<html lang="en">/);
});

test("the same tables give the same text", () => {
  assert.is(renderReport(sampleTables, sampleRun), page);
});

test("it says in words what the tables say", () => {
  const said = findings(sampleTables, sampleRun.file).join("\n").replaceAll("\u00a0", " ");
  assert.match(said, "*84 %* of the energy of the clean labels (norm ratio *0.915*)");
  assert.match(said, "(its 50 leading left singular vectors, training examples)");
  assert.match(said, "y − E[y | true class], has a norm ratio of *0.093*");
  assert.match(said, "a random space has *0.105*: no more than chance");
  assert.match(said, "has gone from *0.093* to *0.440*");
  assert.match(said, "has absorbed the unpredictable noise");
  assert.match(said, `The test error is lowest, *0.118*, at epoch *${bestEpoch}*`);
  assert.match(said, `at epoch ${lastEpoch} it is *${testError(lastEpoch).toFixed(3)}*`);
  assert.match(said, "goes from 0.627 to 0.012");
  for (const sentence of findings(sampleTables, sampleRun.file)) {
    assert.match(textOf(page), sentence.replaceAll("*", ""));
  }
});

test("of several stages of a kind every sentence says which it is about", () => {
  const projection = sampleTables.projection.flatMap((row) => [
    { ...row, stage: "first" },
    { ...row, stage: "second" },
  ]);
  const said = findings({ ...sampleTables, projection }, undefined);
  assert.ok(said[0].startsWith("first: *84"));
  assert.ok(said.some((sentence) => sentence.startsWith("second: *84")));
});

test("where clean labels are not projected, those of a split without noise stand for them", () => {
  const projection = sampleTables.projection.filter((row) => row.target !== "clean_label");
  const [said] = findings({ ...sampleTables, projection }, sampleRun.file);
  assert.match(said, "of the energy of the clean labels (norm ratio *0.915*)");
  assert.match(said, "(its 50 leading left singular vectors, test examples)");
});

test("energies of the residual are the squared norms of the table", () => {
  const document = documentOf(page);
  const title = "Energy of the residual, training examples, final Jacobian (epoch 150)";
  const figure = [...document.querySelectorAll("figure")].find(
    (found) => found.querySelector("figcaption")?.textContent === title,
  )!;
  const last = [...figure.querySelectorAll("tbody tr")]
    .at(-1)!
    .querySelectorAll("td") as unknown as readonly { readonly textContent: string }[];
  const row = sampleTables.projection.find(
    (found) =>
      found.target === "residual" &&
      found.split === "train" &&
      found.epoch === lastEpoch &&
      found.jacobian_step > 0,
  )!;
  assert.equal(
    [...last].map((cell) => cell.textContent),
    [numberText(row.information_norm ** 2), numberText(row.nuisance_norm ** 2)],
  );
});

test("the words follow the numbers", () => {
  const change = (target: string, jacobian: number, ratio: number): RunTables => ({
    ...sampleTables,
    projection: sampleTables.projection.map((row) =>
      row.target === target && row.split === "train" && row.jacobian_step === jacobian * 24
        ? projectionRow({
            epoch: row.epoch,
            jacobianEpoch: jacobian,
            split: "train",
            target,
            norm: Math.hypot(row.information_norm, row.nuisance_norm),
            ratio,
          })
        : row,
    ),
  });
  const favoured = findings(change("label_noise", 0, 0.31), sampleRun.file).join("\n");
  assert.match(favoured, "*0.310*");
  assert.match(favoured, "2.9 times as much as chance");
  const kept = findings(change("label_noise", lastEpoch, 0.1), sampleRun.file).join("\n");
  assert.match(kept, "it has hardly changed");
  const away = findings(change("label_noise", lastEpoch, 0.05), sampleRun.file).join("\n");
  assert.match(away, "turned away from the unpredictable noise");
  const harmless = findings(
    { ...sampleTables, metrics: sampleTables.metrics.filter((row) => row.epoch <= bestEpoch) },
    sampleRun.file,
  ).join("\n");
  assert.match(harmless, "training to the end did no harm");
});

test("changing one value in a table changes the report", () => {
  const numbers = {
    metrics: ["value", "epoch"],
    spectrum: ["singular_value"],
    projection: [
      "information_ratio",
      "nuisance_ratio",
      "information_energy",
      "information_norm",
      "random_ratio",
    ],
  } as const;
  for (const [name, columns] of Object.entries(numbers)) {
    const rows: readonly Readonly<Record<string, unknown>>[] = sampleTables[name as keyof typeof numbers];
    for (const column of columns) {
      // Rows the page shows somewhere: a curve, the headline table, a sentence.
      const at =
        name === "projection" ? rows.findIndex((row) => row.target === "label") : Math.floor(rows.length / 3);
      const changed = rows.map((row, index) =>
        index === at ? { ...row, [column]: (row[column] as number) * 1.21 + 0.004 } : row,
      );
      const text = renderReport({ ...sampleTables, [name]: changed }, sampleRun);
      assert.is.not(text, page, `${name}.${column}`);
    }
  }
});

test("the headline table has ratios, energies and baselines of the first and the last Jacobian", () => {
  const rows = headline(sampleTables, sampleRun.file);
  assert.equal(
    [...new Set(rows.map((row) => `${row.jacobian} ${row.jacobianEpoch}`))],
    ["initial 0", "final 150"],
  );
  const label = rows.find((row) => row.target === "label" && row.split === "train")!;
  // ρ = ½, K = 3: (1 − ρ)² + ρ²/(K − 1) of y, (1 − ρK/(K − 1))² of centred y, ρK/(2(K − 1)) of the label changes.
  near(label.trueClassEnergy, 0.375);
  near(rows.find((row) => row.target === "centred_label" && row.split === "train")!.trueClassEnergy, 0.0625);
  near(rows.find((row) => row.target === "label_change" && row.split === "train")!.trueClassEnergy, 0.375);
  near(label.randomRatio, Math.sqrt(50 / 4500));
  near(label.randomEnergy, 50 / 4500);
  near(label.constantEnergy, 1 / 3);
  near(label.informationEnergy + label.nuisanceEnergy, 1);
  near(label.informationRatio ** 2, label.informationEnergy);
  const residuals = rows.filter(
    (row) => row.target === "residual" && row.jacobian === "final" && row.split === "train",
  );
  assert.equal(
    residuals.map((row) => row.targetEpoch),
    [0, lastEpoch],
  );
  assert.not.ok(
    rows.some((row) => row.split === "test" && row.target === "label_noise"),
    "no noise, no row",
  );
});

function near(found: number, wanted: number) {
  assert.ok(Math.abs(found - wanted) < 1e-12, `${found} is not ${wanted}`);
}

test("the headline table as text has the same numbers, a row a line", () => {
  const rows = headline(sampleTables, sampleRun.file);
  const lines = headlineText(rows).trimEnd().split("\n");
  assert.is(lines.length, rows.length + 4);
  assert.is(lines[0], "project");
  assert.is(
    lines[4].replaceAll(/ {2,}/g, "|"),
    "initial, epoch 0|train|clean labels|50|0.915|0.403|0.105|0.837|0.163|0.333|1.000",
  );
  assert.is(
    lines[5].replaceAll(/ {2,}/g, "|"),
    "initial, epoch 0|train|labels as given|50|0.612|0.791|0.105|0.375|0.625|0.333|0.375",
  );
  for (const line of lines) assert.ok(line.length <= 120, `${line.length}: ${line}`);
  assert.is(headlineText([]), "");
});

test("what is not a number shows as a dash, nowhere as a word", () => {
  const broken = Object.fromEntries(
    Object.entries(sampleTables).map(([name, rows]: [string, readonly object[]]) => [
      name,
      rows.map((row, at) =>
        at % 3 === 0
          ? Object.fromEntries(
              Object.entries(row).map(([column, value]) => [
                column,
                typeof value === "number" && !["step", "jacobian_step", "index", "rank"].includes(column)
                  ? [Number.NaN, Number.POSITIVE_INFINITY][at % 2]
                  : value,
              ]),
            )
          : row,
      ),
    ]),
  ) as unknown as RunTables;
  for (const text of [page, renderReport(broken, sampleRun), renderReport(none, sampleRun)]) {
    assert.ok(wordless(text), text.match(/.{60}(?:NaN|undefined|\[object|Infinity|null).{20}/)?.[0]);
  }
});

test("any tables at all give a page without words for missing numbers", () => {
  const rowsOfTable = (name: ReportedTable) =>
    randomColumns(reportedTables[name] as unknown as TableDefinition, 6).map(({ rows, columns }) =>
      Array.from({ length: rows }, (_, row) =>
        Object.fromEntries(
          Object.entries(columns).map(([column, cells]) => {
            const cell = cells[row];
            const word = ["stage", "source", "target", "name", "method", "kind"].includes(column);
            return [column, typeof cell === "bigint" ? Number(cell % 1000n) : word ? `w${row % 2}` : cell];
          }),
        ),
      ),
    );
  const tables = fc.record({
    metrics: rowsOfTable("metrics"),
    spectrum: rowsOfTable("spectrum"),
    projection: rowsOfTable("projection"),
    angles: rowsOfTable("angles"),
    density: rowsOfTable("density"),
    linearised: rowsOfTable("linearised"),
    bound: rowsOfTable("bound"),
    advice: rowsOfTable("advice"),
  });
  fc.assert(
    fc.property(tables, (random) => {
      assert.ok(wordless(renderReport(random as unknown as RunTables, sampleRun)));
    }),
    { numRuns: 15 },
  );
});

test("a run of more points than a call takes arguments has its report", () => {
  const metrics = Array.from({ length: 300_000 }, (_, step) => ({
    ...{
      stage: "train",
      step,
      epoch: step / 100,
      split: "test" as const,
      name: "loss",
      value: 1 / (1 + step),
    },
  }));
  assert.match(renderReport({ ...none, metrics }, sampleRun), "between 3.33e-6 and 1");
});

test("names are text and never markup", () => {
  const name = `<script>alert("&'")</script>`;
  const tables: RunTables = {
    ...sampleTables,
    metrics: sampleTables.metrics.map((row) => ({ ...row, stage: name })),
    projection: sampleTables.projection.map((row) => ({
      ...row,
      target: row.target === "label" ? name : row.target,
    })),
  };
  const text = renderReport(tables, { ...sampleRun, name, classes: [name], file: `# ${name}\nname: x\n` });
  const document = documentOf(text);
  assert.is(document.querySelectorAll("script").length, 1, "the page's own");
  assert.is(document.querySelector("h1")?.textContent, name);
  assert.not.match(text, "<script>");
  assert.is(
    html`<p title="${name}">${[1, html`<b>2</b>`]}</p>`.text,
    `<p title="${escapeHtml(name)}">1<b>2</b></p>`,
  );
});

test("every chart has a name, a description and its values in a table", () => {
  const document = documentOf(page);
  const figures = [...document.querySelectorAll("figure")];
  assert.ok(figures.length >= 11, `${figures.length} figures`);
  for (const figure of figures) {
    const svg = figure.querySelector("svg[role=img]")!;
    const [title, text] = (svg.getAttribute("aria-labelledby") ?? "").split(" ");
    assert.ok((svg.querySelector(`#${title}`)?.textContent ?? "").length > 0);
    assert.ok((svg.querySelector(`#${text}`)?.textContent ?? "").length > 10);
    assert.ok(figure.querySelectorAll("details tbody tr").length > 1);
    assert.ok(figure.querySelectorAll(".legend li").length > 0);
    for (const path of svg.querySelectorAll("path"))
      assert.not.match(path.getAttribute("d") ?? "", /NaN|Infinity/);
  }
  const names = [...document.querySelectorAll("[id]")].map((element) => element.id);
  assert.is(new Set(names).size, names.length, "every id is there once");
});

test("the values under the error curves are the table's", () => {
  const figure = [...documentOf(page).querySelectorAll("figure")].find(
    (found) => found.querySelector("figcaption")?.textContent === "Error",
  )!;
  const cells = [...figure.querySelectorAll("tbody tr")].map((row) =>
    [...row.querySelectorAll("th, td")].map((cell) => cell.textContent),
  );
  assert.is(cells.length, lastEpoch + 1);
  assert.equal([cells[bestEpoch][0], cells[bestEpoch][3]], [String(bestEpoch), "0.118"]);
  assert.match(figure.querySelector("desc")?.textContent ?? "", `0.118, at epoch ${bestEpoch}`);
});

test("a run with a spectrum and projections only has their sections and no others", () => {
  const text = renderReport(
    {
      ...none,
      spectrum: sampleTables.spectrum.filter((row) => row.epoch === 0),
      projection: sampleTables.projection.filter((row) => row.epoch === 0 && row.jacobian_step === 0),
    },
    sampleRun,
  );
  const titles = [...documentOf(text).querySelectorAll("h2")].map((title) => title.textContent);
  assert.equal(titles, [
    "Labels and residual on both spaces: project",
    "Singular values of the Jacobian: svd",
    "How to read this",
    "Pipeline",
  ]);
  assert.not.match(text, "initial Jacobian (");
  assert.not.match(text, "Initial, ");
  assert.match(textOf(text), "lies in the information space of the Jacobian (its 50 leading");
});

test("stages come in the order of the file, whatever order their rows came in", () => {
  const again = (stage: string): RunTables => ({
    ...none,
    metrics: sampleTables.metrics.filter((row) => row.stage === "train").map((row) => ({ ...row, stage })),
  });
  const [first, second] = [again("zeta").metrics, again("alpha").metrics];
  const file = { stages: { zeta: {}, alpha: {} } };
  const render = (rows: RunTables["metrics"]) =>
    renderReport({ ...none, metrics: rows }, { ...sampleRun, file });
  assert.is(render([...first, ...second]), render([...second, ...first]));
  const titles = [...documentOf(render([...second, ...first])).querySelectorAll("h2")].map(
    (title) => title.textContent,
  );
  assert.equal(titles.slice(0, 2), ["Training: zeta", "Training: alpha"]);
});

const streams = (tables: RunTables) => [
  inputOf("train", "metrics", [batchOfRows("metrics", tables.metrics)]),
  inputOf("svd", "spectrum", [batchOfRows("spectrum", tables.spectrum)]),
  inputOf("project", "projection", [batchOfRows("projection", tables.projection)]),
];
const context = (folder: string) => sinkContext(folder, {}, { run: sampleRun });

test("the sink writes the page of what it was sent, and nothing else", async () => {
  await inFolder(async (folder) => {
    const { classes: _, ...unnamed } = sampleRun;
    await report.run({ tables: streams(sampleTables) }, {}, context(folder));
    const files = await filesUnder(folder);
    assert.equal([...files.keys()], ["report.html"]);
    assert.is(files.get("report.html")!.toString(), renderReport(sampleTables, unnamed));
  });
});

test("tables kept as Parquet and read back give the page that was written from the streams", async () => {
  await inFolder(async (folder) => {
    await parquet.run(
      { tables: streams(sampleTables) },
      {},
      sinkContext(folder, { rowsPerPart: 100, compression: "snappy", arrow: [] }),
    );
    const kept = await listTables(folder);
    const of = (name: string) => kept.find(({ table }) => table === name)!;
    const back: RunTables = {
      ...noTables,
      metrics: await loadRows(metrics, of("metrics")),
      spectrum: await loadRows(spectrum, of("spectrum")),
      projection: await loadRows(projection, of("projection")),
    };
    assert.is(renderReport(back, sampleRun), page);
    assert.is(angles.name, "angles");
  });
});

test("theory's tables are drawn: what was foretold dashed beside what was measured, and the least bound", () => {
  const linearised = [0, 5, 10].map((epoch) => ({
    ...{
      stage: "line",
      step: epoch,
      epoch,
      split: "train" as const,
      jacobian_step: 0,
      rank: 3,
      stability: 0.25,
    },
    ...{ information_measured: 9.25 / (1 + epoch), information_predicted: 9 / (1 + epoch) },
    ...{ nuisance_measured: 4, nuisance_predicted: 4, distance_measured: epoch, distance_predicted: epoch },
  }));
  const bound = [1, 2, 3].flatMap((rank) =>
    [1, 2].map((gamma) => ({
      ...{
        stage: "bounds",
        source: "svd",
        jacobian_step: 0,
        epoch: 0,
        split: "train" as const,
        target: "label",
      },
      ...{ rank, gamma, alpha: 1 / rank, cutoff: 1, bias: 4 - rank, variance: gamma * rank ** 2 },
      ...{ bound: 4 - rank + gamma * rank ** 2, minimum: rank === 1 && gamma === 1, whole_space: Number.NaN },
      ...{ step_size: 1, stability: 1, steps: 1, residual_bound: 1, residual_predicted: 1 },
      ...{ distance_bound: 1, distance_predicted: 1, measured_epoch: Number.NaN, measured_error: Number.NaN },
    })),
  );
  const text = renderReport({ ...noTables, linearised, bound }, sampleRun);
  const titles = [...documentOf(text).querySelectorAll("figcaption")].map((title) => title.textContent);
  assert.equal(titles, [
    "Norm of the residual on both spaces, measured and foretold",
    "Distance of the parameters, measured and foretold",
    "Bias and variance of the labels, svd, epoch 0",
  ]);
  assert.match(text, "information space 0.841 measured, 0.818 foretold");
  assert.match(text, "the sum is least, 4, at rank 1 with Γ = 1");
  assert.match(text, "ησ₁² is 0.25");
});

test("the distribution of the singular values is drawn as the number at least so large", () => {
  const row = (index: number, kind: string, value: number, count: number, above: number) => ({
    ...{
      stage: "density",
      jacobian_step: 0,
      epoch: 0,
      split: "train" as const,
      index,
      kind,
      columns: 4,
      sweeps: 2,
    },
    ...{
      singular_value: value,
      lower: value,
      upper: value,
      count,
      share: count / 10,
      above,
      cumulative: above + count,
    },
  });
  const density = [
    row(1, "node", 5, 2, 0),
    row(2, "node", 1, 3, 2),
    row(3, "lump", 0.5, 1, 5),
    row(4, "zero", 0, 4, 6),
  ];
  const text = renderReport({ ...noTables, density }, sampleRun);
  assert.match(text, "Of 10 singular values, 5 are told apart, 1 lies below 0.5 and 4 are 0");
  const cells = [...documentOf(text).querySelectorAll("figure tbody td")].map((cell) => cell.textContent);
  assert.equal(cells, ["5", "2"], "by value: five are at least 1, two at least 5");
});

test("advice is drawn as the excess of the projections it was made of, and said in words", () => {
  const first = sampleTables.projection.filter((row) => row.jacobian_step === 0);
  const residual = first.find(
    (row) => row.target === "residual" && row.split === "train" && row.epoch === 2,
  )!;
  const dimension = residual.rank / residual.random_ratio ** 2;
  const excess =
    residual.information_norm ** 2 /
    residual.rank /
    (residual.nuisance_norm ** 2 / (dimension - residual.rank));
  const of = (choice: string, epoch: number, own: number, reason: string, error: number) => ({
    ...{ stage: "stopping", split: "train" as const, jacobian_step: 0, rank: residual.rank, threshold: 1.4 },
    ...{ choice, reason, step: 24 * epoch, epoch, excess: own, gamma: 1, noise: 0.4, test_error: error },
  });
  const advice = [
    of("advised", 2, excess, "noise-level", 0.125),
    of("best", 3, 1, "hindsight", 0.118),
    of("last", 150, 9, "hindsight", 0.5),
  ];
  const text = renderReport({ ...sampleTables, advice }, sampleRun);
  const figure = [...documentOf(text).querySelectorAll("figure")].find(
    (found) =>
      found.querySelector("figcaption")?.textContent === "Excess of the training residual over noise",
  )!;
  const cells = [...figure.querySelectorAll("tbody tr")].map((row) => row.textContent?.trim());
  assert.ok(cells.includes(`2${numberText(excess)}`), `${numberText(excess)}: ${cells.slice(0, 4)}`);
  assert.match(figure.textContent ?? "", "stop after 2");
  assert.match(textOf(text), "alone advise to stop after epoch 2");
  assert.match(textOf(text), "is 0.125: 0.118 at best and 0.500 at the end");
  assert.match(textOf(text), "advised, by the training residuals alone");
  const alone = renderReport({ ...noTables, advice }, sampleRun);
  assert.match(textOf(alone), "alone advise to stop after epoch 2");
  assert.not.match(alone, "<figure");
});

test("a run that ends early has a report of what there was, which says so", async () => {
  await inFolder(async (folder) => {
    const abort = new AbortController();
    async function* cut() {
      yield batchOfRows("metrics", sampleTables.metrics.slice(0, 80));
      abort.abort();
    }
    const tables = [inputOf("train", "metrics", cut())];
    await report.run({ tables }, {}, sinkContext(folder, {}, { run: sampleRun, stopping: abort.signal }));
    const text = (await filesUnder(folder)).get("report.html")!.toString();
    assert.match(text, "This run ended early.");
    assert.match(text, "Training: train");
    assert.not.match(page, "This run ended early.");
  });
});

test("a full disk is DISK_FULL naming the report, and nothing half-written is left", async () => {
  await inFolder(async (folder) => {
    const { open } = await import("node:fs/promises");
    const full = reportSink({ ...diskFiles, open: () => open("/dev/full", "w") });
    const error = await full
      .run({ tables: streams(sampleTables) }, {}, context(folder))
      .catch((thrown: unknown) => thrown);
    assert.instance(error, JacoflowError);
    assert.is((error as JacoflowError).code, "DISK_FULL");
    assert.is((error as JacoflowError).place, join(folder, "report.html"));
    assert.is((await filesUnder(folder)).size, 0);
  });
});

test("lines of several runs and stages of a comparison can be told apart", () => {
  const twice = sampleTables.metrics.flatMap((row) => [row, { ...row, stage: "again" }]);
  const runs = Array.from({ length: 9 }, (_, at) => ({
    label: `run ${at}`,
    run: sampleRun,
    tables: at === 0 ? { ...sampleTables, metrics: twice } : sampleTables,
  }));
  const [{ charts }] = compareSections(runs.slice(0, 7));
  for (const { series } of charts) {
    const looks = series.map(({ tone, dashed }) => `${tone} ${dashed}`);
    assert.is(looks.length, 8);
    // The seventh run has the colour of the first, whose second stage is dashed already.
    assert.ok(new Set(looks).size >= 7, looks.join(", "));
  }
  for (const { series } of compareSections(runs.slice(1))[0].charts) {
    assert.is(new Set(series.map(({ tone, dashed }) => `${tone} ${dashed}`)).size, 8);
  }
});

test.run();
