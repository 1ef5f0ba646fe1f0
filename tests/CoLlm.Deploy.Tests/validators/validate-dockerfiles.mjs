// Reads Dockerfiles as an editor does, and reports what it would underline.
// Usage: node validate-dockerfiles.mjs FILE...   Exit status 1 if there is anything.
import { readFileSync } from 'node:fs';
import { ValidationSeverity, validate } from 'dockerfile-utils';

const rules = ['casingInstruction', 'directiveCasing', 'deprecatedMaintainer', 'emptyContinuationLine', 'instructionCmdMultiple',
  'instructionEntrypointMultiple', 'instructionHealthcheckMultiple', 'instructionJSONInSingleQuotes', 'instructionWorkdirRelative'];
const settings = Object.fromEntries(rules.map(rule => [rule, ValidationSeverity.ERROR]));
let isValid = true;
for (const file of process.argv.slice(2)) {
  for (const finding of validate(readFileSync(file, 'utf8'), settings)) {
    isValid = false;
    console.error(`${file}:${finding.range.start.line + 1}: ${finding.message}`);
  }
}
process.exitCode = isValid ? 0 : 1;
