import type { Reader } from "./reader.js";
import { journalReader, krylovReader } from "./readers/checkpoint.js";
import { cifar10Reader } from "./readers/cifar10.js";
import { csvReader, labelsReader } from "./readers/csv.js";
import { idxGzReader, idxReader } from "./readers/idx.js";
import { kerasReader } from "./readers/keras.js";
import { pipelineFileReader, settingReader } from "./readers/pipelineFile.js";
import { keptTablesReader, runRecordReader } from "./readers/runFolder.js";
import { networkReader, safetensorsReader } from "./readers/safetensors.js";
import { arrowReader, parquetReader } from "./readers/tables.js";

/** Everything of the house that reads what others wrote. */
export const readers: readonly Reader[] = [
  idxReader,
  idxGzReader,
  cifar10Reader,
  parquetReader,
  arrowReader,
  csvReader,
  labelsReader,
  safetensorsReader,
  networkReader,
  kerasReader,
  pipelineFileReader,
  settingReader,
  runRecordReader,
  keptTablesReader,
  journalReader,
  krylovReader,
];
