import { writeFileSync } from "node:fs";
import { tablesDocument } from "../schemas/document.js";

writeFileSync(new URL("../docs/tables.md", import.meta.url), tablesDocument());
