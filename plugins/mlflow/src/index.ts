import { definePlugin } from "jacoflow";
import { mlflow } from "./sink.js";

export default definePlugin({ name: "mlflow", api: 1, stages: [mlflow] });
