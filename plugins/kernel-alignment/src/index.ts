import { definePlugin } from "jacoflow";
import { kernelAlignment } from "./stage.js";

export default definePlugin({ name: "kernel-alignment", api: 1, stages: [kernelAlignment] });
