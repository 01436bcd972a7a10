import { definePlugin } from "jacoflow";
import { labelsFromFile } from "./stage.js";

export default definePlugin({ name: "labels-from-file", api: 1, stages: [labelsFromFile] });
