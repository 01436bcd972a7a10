import { definePlugin } from "jacoflow";
import { keras } from "./stage.js";

export default definePlugin({ name: "keras", api: 1, stages: [keras] });
