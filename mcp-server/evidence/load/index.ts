export { LOAD_READERS, type LoadFileResult, readLoadFile } from "./read.ts";
export { LoadDamage, type LoadReader } from "./reader.ts";
