import { definePlugin } from "jacoflow";
import { parquetjsLite } from "./sink.js";

export default definePlugin({ name: "parquetjs-lite", api: 1, stages: [parquetjsLite] });
