/** A training that goes on until it is stopped, with every sink that there is; `pace` makes it wait. */
export const longRun = (trackingServer: string, port: number): string => `
name: soak
seed: 7
engine: native
stages:
  data: { uses: data/gaussian-mixture, with: { classes: 3, clusters: 3, dimension: 20, sigma: 0.3, train: 300, test: 150 } }
  noise: { uses: labels/noise, from: data, with: { fraction: 0.3 } }
  network: { uses: network/init, from: noise, with: { architecture: mlp, hidden: [32], outputScale: 0.1 } }
  train: { uses: train/gradient-descent, from: [noise, network], with: { optimizer: sgd, learningRate: 0.01, batchSize: 50, epochs: 60000, snapshots: { every: 40, unit: epochs }, evaluate: { every: 8, unit: epochs } } }
  svd: { uses: jacobian/spectrum, from: [noise, train.snapshots], with: { rank: 10, split: [train, test] } }
  project: { uses: metrics/projection, from: [noise, svd.basis, train.predictions], with: { rank: 10, jacobian: initial } }
  pace: { uses: sink/pace, from: train.metrics }
  parquet: { uses: sink/parquet, from: [train.metrics, svd.spectrum, project], with: { rowsPerPart: 2000 } }
  parquetjs: { uses: sink/parquetjs-lite, from: svd.metrics, with: { rowsPerPart: 200 } }
  arrow: { uses: sink/arrow, from: train.predictions, with: { rowsPerPart: 20000 } }
  grown: { uses: sink/arrow, from: svd.spectrum, with: { stream: spectrum.arrows } }
  listened: { uses: sink/arrow, from: [train.metrics, train.predictions], with: { http: ${port} } }
  lines: { uses: sink/ndjson, from: [train.metrics, svd.spectrum, project] }
  console: { uses: sink/console, from: [train.metrics, svd.spectrum, project] }
  report: { uses: sink/report, from: [svd.metrics, project] }
  duckdb: { uses: sink/duckdb, from: [train.metrics, svd.spectrum, project] }
  tensorboard: { uses: sink/tensorboard, from: [train.metrics, svd.spectrum, project, train.snapshots] }
  mlflow: { uses: sink/mlflow, from: [train.metrics, svd.spectrum, project], with: { url: "${trackingServer}", patience: 5 } }
`;

/** A whole run in seconds, on TensorFlow.js: what an engine, a run or a sink leaves behind adds up over many of them. */
export const shortRun = `
name: soak-short
seed: 7
engine: wasm
stages:
  data: { uses: data/gaussian-mixture, with: { classes: 3, clusters: 3, dimension: 10, sigma: 0.3, train: 60, test: 30 } }
  network: { uses: network/init, from: data, with: { architecture: mlp, hidden: [16] } }
  train: { uses: train/gradient-descent, from: [data, network], with: { optimizer: sgd, learningRate: 0.05, batchSize: 20, epochs: 6, snapshots: { at: [0, 6] } } }
  svd: { uses: jacobian/spectrum, from: [data, train.snapshots], with: { rank: 5 } }
  project: { uses: metrics/projection, from: [data, svd.basis, train.predictions], with: { rank: 5, jacobian: each } }
  parquet: { uses: sink/parquet, from: [train.metrics, svd.spectrum, project] }
  report: { uses: sink/report, from: [train.metrics, svd.spectrum, project] }
`;
