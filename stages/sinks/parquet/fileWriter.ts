import { ByteWriter } from "hyparquet-writer";
import type { PartFile } from "../keptTables.js";

/** Bytes of a Parquet file on their way to a part: every row group is written out when it is whole. */
export class FileWriter extends ByteWriter {
  readonly #file: PartFile;

  constructor(file: PartFile) {
    super(1 << 16);
    this.#file = file;
  }

  async flush(): Promise<void> {
    const bytes = this.getBytes();
    this.index = 0;
    if (bytes.length > 0) await this.#file.append(bytes);
  }

  override finish(): Promise<void> {
    return this.flush();
  }
}
