// Makes one table of what run.sh measured.
// usage: node table.mjs markdown|json RESULTS.jsonl SETTINGS

import { readFileSync } from 'node:fs';
import { cpus, release } from 'node:os';

const [format, path, settingsText] = process.argv.slice(2);
const settings = JSON.parse(settingsText);
const results = readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

const titles = {
  rtbridge: 'rtbridge',
  rtbridge_v1: 'rtbridge, `rtbridge.v1`',
  go: 'Go bridge',
  node_ws: 'Node bridge, ws',
  socket_io: 'Node bridge, Socket.IO',
  mosquitto: 'mosquitto WebSocket',
  backports: 'mosquitto WebSocket, backports',
  limit: 'bare `send()`',
};

const cpu = 'server CPU per delivery';
const bareCpu = 'bare send() CPU per delivery';
const { few, many, idle, burst, stalled } = settings;

// What stands in a row: a figure of a scenario, and under which name rtbridge's report has the limit.
// `more`: more is better.
const rows = [
  {
    title: 'One session, 200 messages/s',
    scenario: 'one',
    figures: [
      { label: 'latency p50, µs', name: 'latency p50', limit: 'bare send() latency p50' },
      { label: 'latency p99, µs', name: 'latency p99', limit: 'bare send() latency p99' },
      { label: 'CPU per delivery, µs', name: cpu, limit: bareCpu },
    ],
  },
  {
    title: `${many} sessions, 50 messages/s, one at a time`,
    scenario: 'paced',
    figures: [
      { label: 'CPU per delivery, µs', name: cpu, limit: bareCpu },
      { label: 'latency p50, µs', name: 'latency p50', limit: 'bare send() latency p50' },
      { label: 'latency p99, µs', name: 'latency p99', limit: 'bare send() latency p99' },
    ],
  },
  ...[['saturated_few', few], ['saturated_many', many]].map(([scenario, sessions]) => ({
    title: `${sessions} sessions, as fast as the slowest keeps up`,
    scenario,
    figures: [
      { label: 'deliveries/s', name: 'deliveries', more: true,
        limit: 'bare send() of 50 frames, deliveries' },
      { label: 'CPU per delivery, µs', name: cpu,
        limit: 'bare send() of 50 frames, CPU per delivery' },
    ],
  })),
  {
    title: `${burst} messages at once to ${many} sessions`,
    scenario: 'burst',
    figures: [
      { label: 'until the last delivery, ms', name: 'last delivery, median of bursts',
        limit: 'bare limit, one send() per session' },
      { label: 'CPU per delivery, µs', name: cpu, limit: 'bare limit CPU per delivery' },
    ],
  },
  {
    title: 'One topic as fast as possible, one session',
    scenario: 'ingest',
    figures: [
      { label: 'messages/s', name: 'messages', more: true },
      { label: 'CPU per message, µs', name: 'server CPU per message' },
    ],
  },
  {
    title: `10 active sessions (200 messages/s) among ${idle} idle ones`,
    scenario: 'idle',
    figures: [
      { label: 'memory per idle session, KiB', name: 'memory per idle session' },
      { label: 'CPU while all are idle, ms/s', name: 'CPU with all sessions idle' },
      { label: 'CPU per delivery, µs', name: 'server CPU per delivery, among idle ones' },
      { label: '… against without idle ones, ×', name: 'ratio', plain: true },
      { label: 'latency p99, µs', name: 'latency p99' },
    ],
  },
  {
    title: `${stalled} of ${many} sessions never read, 50 messages/s`,
    scenario: 'stalled',
    figures: [
      { label: 'latency p99 of the others, µs', name: 'latency p99 beside stalled ones' },
      { label: '… against without stalled ones, ×', name: 'ratio', plain: true },
      { label: 'memory grown per stalled session, KiB', name: 'memory grown per stalled session' },
      { label: 'stalled sessions cut off', name: 'stalled sessions closed', plain: true },
    ],
  },
];

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const reports = (contender, scenario) =>
  results.filter((r) => r.contender === contender && r.scenario === scenario && r.report);

function value(contender, scenario, name) {
  const values = reports(contender, scenario)
    .flatMap((r) => r.report.figures.filter((figure) => figure.name === name))
    .map((figure) => figure.value)
    .filter(Number.isFinite);
  return values.length ? median(values) : undefined;
}

const contenders = results.filter((r) => r.version !== undefined).map((r) => r.contender);
const columns = [...contenders, 'limit'];

const table = rows.filter(({ scenario }) => results.some((r) => r.scenario === scenario)).map(({ title, scenario, figures }) => ({
  title,
  scenario,
  figures: figures.map((figure) => {
    const cells = {};
    const ours = value('rtbridge', scenario, figure.name);
    for (const column of columns) {
      const found = column === 'limit'
        ? figure.limit && value('rtbridge', scenario, figure.limit)
        : value(column, scenario, figure.name);
      if (found === undefined) continue;
      cells[column] = { value: found };
      const ratio = figure.more ? ours / found : found / ours;
      if (column !== 'rtbridge' && !figure.plain && Number.isFinite(ratio)) {
        cells[column].ratio = ratio;
      }
    }
    return { label: figure.label, cells };
  }),
}));

// What a peer lost, in words.
const notes = [];
for (const { title, scenario } of rows) {
  for (const contender of contenders) {
    const of = results.filter((r) => r.contender === contender && r.scenario === scenario);
    const losses = of.filter((r) => r.loses !== undefined);
    const error = of.find((r) => r.error !== undefined);
    if (error) notes.push(`${titles[contender]}, "${title}": failed: ${error.error}`);
    if (!losses.length) continue;
    const { loses } = losses[0];
    const figure = (name) => loses.figures.find((f) => f.name === name)?.value;
    const what = typeof loses === 'string'
      ? loses.replace(/^fan_out_load: /, '').trim()
      : `${figure('deliveries missing')} deliveries missing, ` +
        `${figure('sessions closed by the server')} sessions closed by the server`;
    const window = of.find((r) => r.window)?.window;
    notes.push(`${titles[contender]}, "${title}": loses messages (${what})` +
      (window ? `; the figures are those with at most ${window} messages on their way`
        : of.some((r) => r.report) ? '; the figures are those of the other rounds' : ''));
  }
}
for (const { contender, unavailable } of results.filter((r) => r.unavailable !== undefined)) {
  notes.push(`${titles[contender]}: not available, ${unavailable}`);
}

const machine = {
  cores: cpus().length,
  cpu: cpus()[0].model.trim(),
  kernel: `Linux ${release().match(/^[\d.]+/)[0].replace(/\.$/, '')}`,
};
const date = new Date().toISOString().slice(0, 10);

if (format === 'json') {
  const versions = Object.fromEntries(
    results.filter((r) => r.version !== undefined).map((r) => [r.contender, r.version]));
  console.log(JSON.stringify({ date, machine, settings, versions, table, notes }, null, 2));
  process.exit();
}

// Three figures that count, and thousands apart.
function readable(number) {
  const size = Math.abs(number);
  const text = number.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
  return text.replace(/\B(?=(\d{3})+$)/g, size >= 1000 ? '\u202f' : '');
}

const line = (cells) => `| ${cells.join(' | ')} |`;
const { rounds, seconds, short } = settings;
console.log(`${date}, ${machine.cores} cores ${machine.cpu}, ${machine.kernel}, load generator on the ` +
  `same machine; median of ${rounds} × ${seconds} s${short ? '; a smoke test, no measurement' : ''}.\n`);
console.log(line(['', ...columns.map((column) => titles[column])]));
console.log(line(['---', ...columns.map(() => '---:')]));
for (const { title, figures } of table) {
  console.log(line([`**${title}**`, ...columns.map(() => '')]));
  for (const { label, cells } of figures) {
    console.log(line([label, ...columns.map((column) => {
      const cell = cells[column];
      if (!cell) return '';
      return readable(cell.value) + (cell.ratio === undefined ? '' : ` (${readable(cell.ratio)}×)`);
    })]));
  }
}
console.log('\nIn parentheses: how many times better rtbridge is (below 1: worse). CPU is that of broker ' +
  'and bridge together, the last column that of a process which only sends ready-made frames.\n');
for (const { contender, version } of results.filter((r) => r.version !== undefined)) {
  console.log(`- ${titles[contender]}: ${version.trim()}`);
}
for (const note of notes) console.log(`- ${note}`);
