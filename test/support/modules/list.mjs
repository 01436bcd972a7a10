// Registered with `node --import`: writes the address of every module that is imported to the file MODULE_LIST names.
import { register } from "node:module";

register("./hooks.mjs", import.meta.url);
