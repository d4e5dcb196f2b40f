// The page of `firn serve`: everything in one answer, nothing from elsewhere. Rates are differences of two readings of /stats.json, a second apart.
#include "stats_server.h"

namespace firn::cli {

const char kStatsPage[] = R"page(<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Firn</title>
<style>
:root { color-scheme: light dark; --bar: #2b7bb9; --line: #8886; --warn: #c0392b; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 1.5rem auto; max-width: 64rem; padding: 0 1rem; }
h1 { font-size: 1.3rem; margin: 0 0 .2rem; } h2 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
.cards { display: flex; flex-wrap: wrap; gap: .6rem; }
.card { border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .8rem; min-width: 8.5rem; flex: 1; }
.card b { display: block; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
.card svg { width: 100%; height: 2rem; display: block; }
table { border-collapse: collapse; width: 100%; } th { text-align: left; font-weight: 600; }
td, th { padding: .15rem .6rem .15rem 0; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums; }
.bar { background: var(--bar); height: .8rem; border-radius: .2rem; min-width: 2px; }
#state.warn, .warn { color: var(--warn); }
</style></head><body>
<h1>Firn</h1><div id="state">waiting for the first reading</div>
<h2>Rates</h2><div class="cards" id="rates"></div>
<h2>Shape of the tree</h2><table><thead><tr><th>run</th><th>tables</th><th>entries</th><th>bytes</th><th style="width:45%"></th></tr></thead><tbody id="runs"></tbody></table>
<div id="memory"></div>
<h2>Latencies</h2><table><thead><tr><th></th><th>timed</th><th>p50</th><th>p99</th><th>p99.9</th><th>max</th></tr></thead><tbody id="latencies"></tbody></table>
<h2>Stalls and events</h2><div id="stalls"></div><table><tbody id="events"></tbody></table>
<p><a href="/metrics">/metrics</a> <a href="/stats.json">/stats.json</a> <a href="/events.json">/events.json</a></p>
<script>
'use strict';
const $ = id => document.getElementById(id);
const bytes = n => { let u = 0; while (n >= 1024 && u < 4) { n /= 1024; u++; } return (u ? n.toFixed(1) : Math.round(n)) + ' ' + ['B', 'KiB', 'MiB', 'GiB', 'TiB'][u]; };
const count = n => Math.round(n).toLocaleString('en');
const time = ns => ns < 1e3 ? ns + ' ns' : ns < 1e6 ? (ns / 1e3).toFixed(1) + ' us' : ns < 1e9 ? (ns / 1e6).toFixed(1) + ' ms' : (ns / 1e9).toFixed(2) + ' s';
const rates = [['reads', s => s.gets, count], ['commits', s => s.read_only ? s.version : s.commits, count], ['written', s => s.write_bytes, bytes], ['to disk', s => s.log_written_bytes + s.flush_bytes + s.compaction_bytes, bytes], ['syncs', s => s.syncs, count]];
const readings = rates.map(() => []);
let before = null;
function row(cells) { const tr = document.createElement('tr'); for (const c of cells) { const td = document.createElement('td'); if (c instanceof Node) td.append(c); else td.textContent = c; tr.append(td); } return tr; }
function spark(values) {
  const top = Math.max(1, ...values), step = 100 / 59;
  const points = values.map((v, i) => (i * step).toFixed(1) + ',' + (30 - v / top * 28).toFixed(1)).join(' ');
  return '<svg viewBox="0 0 100 32" preserveAspectRatio="none"><polyline fill="none" stroke="var(--bar)" stroke-width="1.5" vector-effect="non-scaling-stroke" points="' + points + '"/></svg>';
}
function show(s, events) {
  $('state').textContent = 'version ' + s.version + (s.read_only ? ', read-only' : ', durability ' + s.durability) + ', open for ' + (s.uptime_ms / 1000).toFixed(0) + ' s';
  $('state').className = '';
  if (before) {
    const seconds = Math.max(0.001, (s.uptime_ms - before.uptime_ms) / 1000);
    $('rates').replaceChildren(...rates.map(([name, of, text], i) => {
      readings[i].push(Math.max(0, (of(s) - of(before)) / seconds)); if (readings[i].length > 60) readings[i].shift();
      const card = document.createElement('div'); card.className = 'card'; card.dataset.rate = name;
      card.innerHTML = name + '<b></b>' + spark(readings[i]); card.querySelector('b').textContent = text(readings[i].at(-1)) + '/s'; return card;
    }));
  }
  before = s;
  const largest = Math.max(1, ...s.runs.map(r => r.bytes));
  $('runs').replaceChildren(...s.runs.map((r, i) => {
    const bar = document.createElement('div'); bar.className = 'bar'; bar.style.width = 100 * r.bytes / largest + '%';
    return row([i, count(r.tables), count(r.entries), bytes(r.bytes), bar]);
  }));
  $('memory').textContent = s.memtable_count + ' memtables over ' + bytes(s.log_bytes) + ' of log; ' + bytes(s.table_bytes) + ' in ' + count(s.table_count) + ' tables; to flush ' + bytes(s.flush_debt_bytes) + ', to compact ' + bytes(s.compaction_debt_bytes) + (s.compacting ? ' (at it)' : '');
  $('latencies').replaceChildren(...Object.entries(s.latencies).map(([name, l]) => row([name, count(l.count), time(l.p50_ns), time(l.p99_ns), time(l.p999_ns), time(l.max_ns)])));
  $('stalls').textContent = count(s.stalls) + ' stalls, ' + count(s.conflicts) + ' conflicts, ' + count(s.retired_views) + ' former states still read'; $('stalls').className = s.stalls ? 'warn' : '';
  $('events').replaceChildren(...events.slice(-10).reverse().map(e => row([new Date(e.time_ms).toLocaleTimeString(), e.kind, (e.duration_us / 1000).toFixed(1) + ' ms', bytes(e.bytes_written) + ' written', e.code === 'FIRN_OK' ? '' : e.code])));
  document.body.dataset.readings = +(document.body.dataset.readings || 0) + 1;
}
async function read() {
  try {
    const [s, e] = await Promise.all(['/stats.json', '/events.json'].map(p => fetch(p).then(r => r.ok ? r.json() : Promise.reject(new Error(p + ': ' + r.status)))));
    show(s, e);
  } catch (error) { $('state').textContent = 'no answer: ' + error.message; $('state').className = 'warn'; }
  setTimeout(read, 1000);
}
read();
</script></body></html>
)page";

}  // namespace firn::cli
