/** The text of a right pipeline of built-in stages: data, then trainings of it that each have their own spectrum and sinks. */
export function longPipeline(stages: number): string {
  const lines = [
    "name: long",
    "stages:",
    "  data: { uses: data/gaussian-mixture, with: { classes: 3, clusters: 3, dimension: 5, sigma: 0.1, train: 30, test: 30 } }",
    "  network: { uses: network/init, from: data, with: { architecture: mlp, hidden: [8] } }",
  ];
  for (let run = 0; lines.length - 2 < stages; run += 1) {
    lines.push(
      `  train-${run}: { uses: train/gradient-descent, from: [data, network], with: { optimizer: sgd, learningRate: 0.05, batchSize: 8, epochs: 3 } }`,
      `  svd-${run}: { uses: jacobian/spectrum, from: [data, train-${run}.snapshots], with: { rank: 5 } }`,
      `  project-${run}: { uses: metrics/projection, from: [data, svd-${run}.basis, train-${run}.predictions], with: { rank: 5 } }`,
      `  keep-${run}: { uses: sink/parquet, from: [train-${run}.metrics, svd-${run}.spectrum, project-${run}] }`,
    );
  }
  return `${lines.slice(0, stages + 2).join("\n")}\n`;
}
