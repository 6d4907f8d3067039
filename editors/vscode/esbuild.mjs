// Bundles the extension, so that the .vsix holds one file of code and no node_modules.
import { build } from "esbuild";
import { statSync } from "node:fs";

const LIMIT_BYTES = 600_000; // an extension that is parsed at every start stays small

await build({
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  platform: "node",
  target: "node20", // of VS Code 1.91
  format: "cjs",
  external: ["vscode"],
  minify: true,
  legalComments: "inline",
});
const { size } = statSync("dist/extension.js");
if (size > LIMIT_BYTES) {
  throw new Error(`dist/extension.js has ${size} bytes, more than ${LIMIT_BYTES}`);
}
console.log(`dist/extension.js: ${size} bytes`);
