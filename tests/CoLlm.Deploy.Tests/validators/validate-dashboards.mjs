// Holds dashboards against a JSON schema that is derived from Grafana's published types.
// Usage: node validate-dashboards.mjs FILE...   Prints every violation; exit status 1 if there is one.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const here = name => fileURLToPath(new URL(name, import.meta.url));
const schema = createGenerator({ path: here('dashboard.ts'), tsconfig: here('tsconfig.json'), type: 'Dashboard', expose: 'none' })
  .createSchema('Dashboard');
const validate = new Ajv({ allErrors: true, strict: false }).compile(schema);

let isValid = true;
for (const file of process.argv.slice(2)) {
  if (validate(JSON.parse(readFileSync(file, 'utf8'))))
    continue;
  isValid = false;
  for (const error of validate.errors)
    console.error(`${file}${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
}
process.exitCode = isValid ? 0 : 1;
