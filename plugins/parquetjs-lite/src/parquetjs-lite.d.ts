/** What this plugin uses of parquetjs-lite 0.8.7, which has no types of its own. */
declare module "parquetjs-lite" {
  export interface LeafField {
    readonly type: string;
    readonly optional?: boolean;
    readonly compression: string;
    readonly statistics: false;
  }

  export interface GroupField {
    readonly type?: "LIST";
    readonly optional?: boolean;
    readonly repeated?: boolean;
    readonly fields: Readonly<Record<string, Field>>;
  }

  export type Field = LeafField | GroupField;

  /** A column of a row group as values and Dremel levels. */
  export interface ColumnBuffer {
    values: unknown[];
    rlevels: number[];
    dlevels: number[];
    count: number;
    distinct_values: Set<unknown>;
  }

  /** Columns by their path, its parts joined by commas. */
  export interface RowBuffer {
    rowCount: number;
    pageRowCount: number;
    columnData: Record<string, ColumnBuffer>;
    pages: Record<string, unknown[]>;
  }

  export interface Envelope {
    readonly pageSize: number;
    readonly useDataPageV2: boolean;
    writeHeader(): Promise<void>;
    writeRowGroup(rows: RowBuffer): Promise<void>;
    writeIndex(): void | Promise<void>;
    writeFooter(metadata: Readonly<Record<string, string>>): Promise<void>;
    close(): Promise<void>;
  }

  interface EnvelopeOptions {
    readonly useDataPageV2: boolean;
    readonly pageIndex: boolean;
  }

  class ParquetSchema {
    constructor(fields: Readonly<Record<string, Field>>);
  }

  class ParquetEnvelopeWriter implements Envelope {
    readonly pageSize: number;
    readonly useDataPageV2: boolean;
    constructor(
      schema: ParquetSchema,
      write: (bytes: Uint8Array) => Promise<void>,
      close: () => Promise<void>,
      offset: number,
      options: EnvelopeOptions,
    );
    writeHeader(): Promise<void>;
    writeRowGroup(rows: RowBuffer): Promise<void>;
    writeIndex(): void;
    writeFooter(metadata: Readonly<Record<string, string>>): Promise<void>;
    close(): Promise<void>;
  }

  class ParquetWriter {
    rowBuffer: RowBuffer;
    constructor(schema: ParquetSchema, envelope: Envelope, options: { readonly rowGroupSize?: number });
    close(): Promise<void>;
  }

  const library: {
    readonly ParquetSchema: typeof ParquetSchema;
    readonly ParquetEnvelopeWriter: typeof ParquetEnvelopeWriter;
    readonly ParquetWriter: typeof ParquetWriter;
  };
  export default library;
}
