import { definePlugin } from "jacoflow";
import { csv } from "./csv.js";

export default definePlugin({ name: "csv", api: 1, stages: [csv] });
