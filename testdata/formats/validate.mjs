// Reads the reports of one run that are named PREFIX.FORMAT with foreign schemas and readers.
import fs from 'node:fs';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import Ajv from 'ajv';
import AjvDraft4 from 'ajv-draft-04';
import addFormats from 'ajv-formats';
import { computeRollingHashes } from '@microsoft/sarif';

const [ours, oasis, reviewdog, prefix] = process.argv.slice(2);
const text = (format) => fs.readFileSync(`${prefix}.${format}`, 'utf8');
const json = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));
const fail = (...what) => { console.error(prefix, ...what); process.exit(1); };
const hold = (validate, value, name) => {
  if (!validate(value)) fail(name, JSON.stringify(validate.errors.slice(0, 3), null, 1));
};

// sarif
const sarif = JSON.parse(text('sarif'));
const draft4 = addFormats(new AjvDraft4({ strict: false, allErrors: true }));
hold(draft4.compile(json(oasis)), sarif, 'sarif');
const binary = path.join('node_modules', '@microsoft', `sarif-multitool-${process.platform}`, 'Sarif.Multitool');
fs.chmodSync(binary, 0o755);
const verdict = `${prefix}.verdict.sarif`;
const run = spawnSync(binary, ['validate', `${prefix}.sarif`, '--rule-kind', 'Sarif;Ghas', '--level', 'Error;Warning',
  '--output', verdict, '--log', 'ForceOverwrite'], { encoding: 'utf8',
  env: { ...process.env, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' } });
if (!fs.existsSync(verdict)) fail('the SARIF Multitool wrote nothing:', run.stdout, run.stderr);
const complaints = (json(verdict).runs[0].results ?? []).filter((r) => (r.level ?? 'warning') !== 'note');
if (complaints.length > 0 || run.status !== 0) fail('the SARIF Multitool complains:', run.stdout);

// The hash of each line, by Microsoft's implementation of GitHub's algorithm.
let hashes = 0;
for (const result of sarif.runs[0].results) {
  const place = result.locations[0].physicalLocation;
  let file;
  try {
    file = fs.readFileSync(path.join(prefix, decodeURIComponent(place.artifactLocation.uri)), 'utf8');
  } catch {
    continue; // a name that is not UTF-8
  }
  const want = computeRollingHashes(file).get(place.region.startLine);
  if (want !== result.partialFingerprints.primaryLocationLineHash) fail('the hash is', want, 'for', JSON.stringify(result));
  hashes++;
}

// rdjson and rdjsonl
const diagnostics = draft4.compile(json(path.join(reviewdog, 'DiagnosticResult.json')));
const diagnostic = draft4.compile(json(path.join(reviewdog, 'Diagnostic.json')));
const rdjson = JSON.parse(text('rdjson'));
hold(diagnostics, rdjson, 'rdjson');
const lines = text('rdjsonl').split('\n').slice(0, -1).map((line) => JSON.parse(line));
for (const line of lines) hold(diagnostic, line, 'rdjsonl');
if (lines.length !== rdjson.diagnostics.length) fail('rdjson and rdjsonl differ in length');

// json and jsonl
const schema = json(ours);
const draft7 = addFormats(new Ajv({ strict: false, allErrors: true }));
draft7.addSchema(schema);
hold(draft7.getSchema(schema.$id), JSON.parse(text('json')), 'json');
const findings = text('jsonl').split('\n').slice(0, -1).map((line) => JSON.parse(line));
const last = findings.pop();
for (const f of findings) hold(draft7.getSchema(`${schema.$id}#/definitions/finding`), f, 'jsonl');
hold(draft7.getSchema(`${schema.$id}#/definitions/run`), last, 'jsonl');

console.log(`${prefix}: sarif, rdjson, rdjsonl, json and jsonl conform; ${hashes} line hashes are equal`);
