// Answers "fill SEQUENCES TOKENS", "decode BATCH CONTEXT" and "prefill TOKENS" lines with the seconds that llama.cpp took, for comparison.
// node peer-llama-cpp.mjs FOLDER_WITH_NODE_MODULES MODEL.gguf THREADS MAX_BATCH
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import path from "node:path";

const [folder, modelPath, threads, maxBatch] = process.argv.slice(2);
const entry = path.join(folder, "node_modules/node-llama-cpp/dist/index.js");
const { getLlama } = await import(pathToFileURL(entry));
const llama = await getLlama({ gpu: false, build: "never", skipDownload: true, logLevel: "error" });
const bindings = llama._bindings;

const model = new bindings.AddonModel(modelPath, { addonExports: bindings, gpuLayers: 0, useMmap: true });
if (!await model.init()) throw new Error("cannot load " + modelPath);
const batchSize = 512, perSequence = 320, batch = Number(maxBatch);
const context = new bindings.AddonContext(model, {
    contextSize: perSequence * batch, batchSize, sequences: batch, threads: Number(threads), flashAttention: "auto",
});
if (!await context.init()) throw new Error("cannot make a context");
context.setThreads(Number(threads));

async function run(sequences, first, count) {
    context.initBatch(sequences * count);
    for (let s = 0; s < sequences; s++) {
        context.removeTokenCellsFromSequence(s, first, -1);
        const tokens = Uint32Array.from({ length: count }, (_, i) => (i * 7919 + first) % 32000);
        context.addToBatch(s, first, tokens, Uint32Array.of(count - 1));
    }
    const start = process.hrtime.bigint();
    await context.decodeBatch();
    return Number(process.hrtime.bigint() - start) / 1e9;
}

async function fill(sequences, count) {
    for (let s = 0; s < sequences; s++) {
        context.removeTokenCellsFromSequence(s, 0, -1);
        context.initBatch(count);
        context.addToBatch(s, 0, Uint32Array.from({ length: count }, (_, i) => i), new Uint32Array(0));
        await context.decodeBatch();
    }
    return 0;
}

console.log(`ready ${llama.systemInfo ?? ""}`.replaceAll("\n", " "));
for await (const line of createInterface({ input: process.stdin })) {
    const [what, a, b] = line.split(" ");
    if (what === "prefill") console.log(await run(1, 0, Number(a)));
    else if (what === "fill") console.log(await fill(Number(a), Number(b)));
    else if (what === "decode") console.log(await run(Number(a), Number(b), 1));
    else break;
}
process.exit(0);
