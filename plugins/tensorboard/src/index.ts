import { definePlugin } from "jacoflow";
import { tensorboard } from "./sink.js";

export default definePlugin({ name: "tensorboard", api: 1, stages: [tensorboard] });
