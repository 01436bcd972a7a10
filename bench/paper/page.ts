import { numberText } from "../../stages/sinks/numberText.js";
import { table } from "./markdown.js";
import type { PaperRecord } from "./record.js";
import type { Section } from "./section.js";

const introduction = `# The paper, reproduced

S. Oymak, Z. Fabian, M. Li, M. Soltanolkotabi, *Generalization Guarantees for Neural Networks via Harnessing the Low-rank
Structure of the Jacobian* ([arXiv 1906.05392](https://arxiv.org/abs/1906.05392)), and its neighbours, with the files of
[\`examples/paper\`](../examples/paper). Every number and verdict below was written by \`npm run paper\`; do not edit. Sizes and
seeds stand in the files and were fixed before the numbers were looked at. A ± is the standard deviation over seeds.

- \`npm run paper -- --size tiny\` runs all in minutes on what is in this repository; its numbers mean nothing, the tests use it.
- \`npm run paper -- --size small\` takes three classes of CIFAR-10 where it can and minutes an experiment on two cores.
- \`npm run paper -- --size full\` is the paper's own size: days on two cores.

CIFAR-10's folder \`cifar-10-batches-bin\` is looked for in \`JACOFLOW_DATA\`. \`--only NAME\` runs one experiment, writes what it
left into \`bench/results/paper\` and makes this page of all that is there; \`npx jacoflow run examples/paper/NAME.yaml --set
size=full\` runs it without this page.`;

function factTable(sections: readonly Section[], records: readonly PaperRecord[]): string {
  const rows = sections.flatMap(({ name }) =>
    records
      .filter((record) => record.name === name)
      .map((record) => [
        ...[name, record.size, String(record.runs), record.seeds.join(", ")],
        ...[numberText(record.seconds / record.runs), numberText(record.seconds), record.date],
      ]),
  );
  return table(["experiment", "size", "runs", "seeds", "seconds a run", "seconds", "date"], rows, 2);
}

const machines = (records: readonly PaperRecord[]): string =>
  [...new Set(records.map(({ version, machine }) => `jacoflow ${version} on ${machine}`))].join("; ");

function part(section: Section, records: readonly PaperRecord[]): string {
  const own = records.filter(({ name }) => name === section.name);
  const file = `[\`${section.name}.yaml\`](../examples/paper/${section.name}.yaml)`;
  return [
    `## ${section.title}`,
    `${file}. ${section.says}`,
    ...(own.length === 0 ? ["Not run for this page."] : []),
    ...own.flatMap(({ size, lines }) => [
      ...(own.length > 1 || size === "full" ? [`### At size ${size}`] : []),
      lines.join("\n"),
    ]),
  ].join("\n\n");
}

/** docs/paper.md of the records there are; an experiment without any says so. */
export const renderPage = (sections: readonly Section[], records: readonly PaperRecord[]): string =>
  `${[
    introduction,
    `${machines(records)}; other programs ran beside it, so the seconds are upper ends.`,
    factTable(sections, records),
    ...sections.map((section) => part(section, records)),
  ].join("\n\n")}\n`;
