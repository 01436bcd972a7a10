import { definePlugin } from "jacoflow";
import { duckdb } from "./sink.js";

export default definePlugin({ name: "duckdb", api: 1, stages: [duckdb] });
