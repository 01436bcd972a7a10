import { definePlugin } from "jacoflow";
import { changes } from "./stage.js";

export default definePlugin({ name: "template-name", api: 1, stages: [changes] });
