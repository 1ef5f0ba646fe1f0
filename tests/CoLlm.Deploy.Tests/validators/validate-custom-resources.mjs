// Holds objects of the Prometheus operator's and of KEDA's kinds against the operators' own definitions.
// Usage: node validate-custom-resources.mjs FILE   The file is a JSON array of objects. Prints every violation; exit status 1 if there is one.
import { readFileSync } from 'node:fs';
import { ScaledObject } from '@kubernetes-models/keda/keda.sh/v1alpha1';
import { PrometheusRule, ServiceMonitor } from '@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1';

const kinds = { PrometheusRule, ScaledObject, ServiceMonitor };
const objects = JSON.parse(readFileSync(process.argv[2], 'utf8'));
let isValid = objects.length > 0;
for (const object of objects) {
  try {
    new kinds[object.kind](object).validate();
  } catch (error) {
    isValid = false;
    console.error(`${object.kind} ${object.metadata.name}: ${error.message}`);
  }
}
process.exitCode = isValid ? 0 : 1;
