export { csv } from "./csv.js";
