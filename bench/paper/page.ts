import { numberText } from "../../stages/sinks/numberText.js";
import type { Chart } from "../../stages/sinks/report/chart.js";
import { table } from "./markdown.js";
import type { PaperRun } from "./run.js";
import type { Section } from "./section.js";

/** Where and when the runs of a page were made into it. */
export interface PageFacts {
  readonly size: string;
  readonly date: string;
  readonly machine: string;
  readonly version: string;
}

const introduction = `# The paper, reproduced

S. Oymak, Z. Fabian, M. Li, M. Soltanolkotabi, *Generalization Guarantees for Neural Networks via Harnessing the Low-rank
Structure of the Jacobian* ([arXiv 1906.05392](https://arxiv.org/abs/1906.05392)), and its neighbours, with the files of
[\`examples/paper\`](../examples/paper). Every number and verdict below was written by \`npm run paper\`; do not edit. Sizes and
seeds stand in the files and were fixed before the numbers were looked at. A ± is the standard deviation over seeds.

- \`npm run paper -- --size tiny\` runs all in minutes on what is in this repository; its numbers mean nothing, the tests use it.
- \`npm run paper -- --size small\` takes three classes of CIFAR-10 where it can, on two cores: what this page shows.
- \`npm run paper -- --size full\` is the paper's own size: days on two cores.

CIFAR-10's folder \`cifar-10-batches-bin\` is looked for in \`JACOFLOW_DATA\`. \`--only NAME\` runs one experiment, and
\`npx jacoflow run examples/paper/NAME.yaml --set size=full\` runs it without this page.`;

/** Where a chart's picture lies, from the page's folder. */
export const pictureFile = (chart: Chart): string => `paper/${chart.key}.svg`;

function pictures(section: Section, runs: readonly PaperRun[]): readonly string[] {
  const charts = section.charts?.(runs) ?? [];
  return charts.length === 0
    ? []
    : [charts.map((chart) => `![${chart.title}](${pictureFile(chart)})`).join("\n")];
}

/** docs/paper.md of the runs there are; an experiment without any says so. */
export function renderPage(
  sections: readonly Section[],
  runs: ReadonlyMap<string, readonly PaperRun[]>,
  facts: PageFacts,
): string {
  const parts = sections.map((section) => {
    const own = runs.get(section.name) ?? [];
    const head = `## ${section.title}`;
    const file = `[\`${section.name}.yaml\`](../examples/paper/${section.name}.yaml)`;
    return own.length === 0
      ? `${head}\n\n${file}: not run at size ${facts.size} for this page.`
      : [head, `${file}. ${section.says}`, ...pictures(section, own), section.write(own)].join("\n\n");
  });
  const ran = sections.map(({ name }) => {
    const own = runs.get(name) ?? [];
    const seeds = [...new Set(own.map(({ seed }) => seed))];
    const seconds = own.map((run) => run.seconds);
    const total = seconds.reduce((sum, value) => sum + value, 0);
    return [
      name,
      String(own.length),
      seeds.join(", ") || "–",
      own.length === 0 ? "–" : numberText(total / own.length),
      numberText(total),
    ];
  });
  return `${[
    introduction,
    `Size *${facts.size}*, jacoflow ${facts.version}, ${facts.date}, ${facts.machine}; other programs ran beside it, so the seconds are upper
ends.`,
    table(["experiment", "runs", "seeds", "seconds a run", "seconds"], ran),
    ...parts,
  ].join("\n\n")}\n`;
}
