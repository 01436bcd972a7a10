// Writes what is generated from the sources: `npm run documents`. Tests compare these files with what it would write.
import { writeFileSync } from "node:fs";
import { composition } from "../pipeline/cli/compose.js";
import { loadPipeline } from "../pipeline/file/load.js";
import { readSource } from "../pipeline/file/read.js";
import { pipelineSchema } from "../pipeline/file/schema.js";
import { drawSvg } from "../pipeline/graph/picture/svg.js";
import { tablesDocument } from "../schemas/document.js";
import { apiDocument } from "./apiDocument.js";
import { errorsDocument } from "./errorsDocument.js";

const at = (path: string) => new URL(`../${path}`, import.meta.url);
const { stages, engines } = composition();

writeFileSync(at("docs/tables.md"), tablesDocument());
writeFileSync(at("docs/errors.md"), await errorsDocument());
writeFileSync(at("docs/api.md"), apiDocument());
writeFileSync(
  at("schemas/pipeline.schema.json"),
  `${JSON.stringify(pipelineSchema(stages, engines), null, 2)}\n`,
);

const quickstart = at("examples/quickstart.yaml").pathname;
const drawn = await loadPipeline({
  text: await readSource(quickstart),
  file: quickstart,
  stages,
  engines,
  environment: {},
});
writeFileSync(at("docs/graph.svg"), drawSvg(drawn));
