import { type RecordBatch, Table } from "apache-arrow";
import { check, constantFrom, integer, property } from "fast-check";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { sampleBatches } from "../../plugins/kit/samples.js";
import { joinBatches } from "../../schemas/join.js";

const test = suite("schemas/join");

const tables = ["examples", "parameters", "predictions", "metrics", "spectrum", "basis"] as const;
const textOf = (source: RecordBatch | Table) =>
  Array.from(source, (row) =>
    JSON.stringify(row, (_, value) => (typeof value === "bigint" ? String(value) : value)),
  );

test("joined batches have the rows of all, in their order, whatever slices they are", () => {
  check(
    property(constantFrom(...tables), integer({ min: 1, max: 3 }), (table, size) => {
      const slices = sampleBatches(table).flatMap((batch) =>
        Array.from({ length: Math.ceil(batch.numRows / size) }, (_, at) =>
          Object.assign(batch.slice(at * size, (at + 1) * size), { schema: batch.schema }),
        ),
      );
      const joined = joinBatches(slices);
      assert.ok(joined !== undefined, table);
      assert.equal(textOf(joined), textOf(new Table(slices)));
      assert.is(joined.schema, slices[0].schema);
    }),
    { numRuns: 40 },
  );
});

test.run();
