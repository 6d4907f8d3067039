// usage: node stylua.mjs [--write] FOLDER…      Formats Lua, or says which files are not formatted.
import { formatCode, IndentType, Config, OutputVerification, LuaVersion } from "@johnnymorganz/stylua";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const folders = process.argv.slice(2).filter((each) => each !== "--write");
const write = process.argv.includes("--write");

// formatCode takes its configuration away with it.
function style() {
  const config = Config.new();
  config.column_width = 100;
  config.indent_type = IndentType.Spaces;
  config.indent_width = 2;
  config.syntax = LuaVersion.LuaJIT;
  return config;
}

let wrong = 0;
for (const folder of folders) {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith(".lua")) {
      continue;
    }
    const file = join(folder, name);
    const text = readFileSync(file, "utf8");
    const formatted = formatCode(text, style(), undefined, OutputVerification.None);
    if (formatted !== text) {
      wrong++;
      console.log(`${write ? "formatted" : "not formatted"}: ${file}`);
      if (write) {
        writeFileSync(file, formatted);
      }
    }
  }
}
process.exitCode = wrong > 0 && !write ? 1 : 0;
