// Answers "TOKENIZER_FILE TEXT_FILE" lines with the seconds that Hugging Face's tokenizers took, and a checksum of the ids.
// node peer-tokenizers.mjs FOLDER_WITH_NODE_MODULES
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(path.resolve(process.argv[2]), "package.json"));
const { Tokenizer } = require("tokenizers");
const version = JSON.parse(readFileSync(path.join(process.argv[2], "node_modules/tokenizers/package.json"))).version;
const tokenizers = new Map();

console.log(`ready ${version}`);
for await (const line of createInterface({ input: process.stdin })) {
    const [file, textFile] = line.split("\t");
    if (!tokenizers.has(file)) tokenizers.set(file, Tokenizer.fromFile(file));
    const text = readFileSync(textFile, "utf8");
    const start = process.hrtime.bigint();
    const encoding = await tokenizers.get(file).encode(text, null, { addSpecialTokens: false });
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    let checksum = 0;
    for (const id of encoding.getIds()) checksum = (Math.imul(checksum, 31) + id) >>> 0;
    console.log(`${seconds} ${checksum}`);
}
