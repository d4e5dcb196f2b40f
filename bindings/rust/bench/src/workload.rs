//! The phases, in the order and the shape of the benchmark that the redb project publishes: random keys of 24 bytes, random values of 150.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::engine::{Engine, KEY_BYTES, Key, VALUE_BYTES, Value};
use crate::table::{Figure, Row};

const SEED: u64 = 3;
const READ_ROUNDS: usize = 3;
/// Entries of a range read.
pub const SCAN_ENTRIES: usize = 10;

/// How much of everything.
#[derive(Clone, Copy)]
pub struct Size {
    pub bulk: usize,
    pub singles: usize,
    pub batches: usize,
    pub batch: usize,
    pub reads: usize,
    pub scans: usize,
}

/// An endless sequence of pairs, always the same one.
#[derive(Clone)]
pub struct Pairs(fastrand::Rng);

impl Iterator for Pairs {
    type Item = (Key, Value);

    fn next(&mut self) -> Option<(Key, Value)> {
        let (mut key, mut value) = ([0; KEY_BYTES], [0; VALUE_BYTES]);
        self.0.fill(&mut key);
        self.0.fill(&mut value);
        Some((key, value))
    }
}

/// The sequence from its beginning.
pub fn pairs() -> Pairs {
    Pairs(fastrand::Rng::with_seed(SEED))
}

/// How long it takes.
pub fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

fn rate(count: usize, time: Duration) -> Figure {
    Figure::PerSecond(count as f64 / time.as_secs_f64())
}

fn median(mut times: [Duration; READ_ROUNDS]) -> Duration {
    times.sort_unstable();
    times[READ_ROUNDS / 2]
}

pub fn run<E: Engine>(directory: &Path, size: &Size) -> Vec<Row> {
    let engine = E::open(directory);
    let mut rows = Vec::new();
    let mut row = |name: &str, figure| rows.push((name.to_string(), figure));
    let mut source = pairs();

    row("bulk load, keys/s", rate(size.bulk, timed(|| engine.put_many(source.by_ref().take(size.bulk)))));
    let singles = timed(|| source.by_ref().take(size.singles).for_each(|(key, value)| engine.put(&key, &value)));
    row("individual writes, commits/s", rate(size.singles, singles));
    let batches = timed(|| (0..size.batches).for_each(|_| engine.put_many(source.by_ref().take(size.batch))));
    row("batch writes, keys/s", rate(size.batches * size.batch, batches));

    let count = size.bulk + size.singles + size.batches * size.batch;
    row("random reads, keys/s", rate(size.reads, median([(); READ_ROUNDS].map(|()| timed(|| read(&engine, pairs(), size.reads))))));
    row("range reads, scans/s", rate(size.scans, median([(); READ_ROUNDS].map(|()| timed(|| scan(&engine, size.scans))))));
    for threads in [2, 4, 8] {
        row(&format!("random reads ({threads} threads), keys/s"), rate(count, threaded(&engine, threads, count)));
    }
    let removals = count / 2;
    row("removals, keys/s", rate(removals, timed(|| engine.remove_many(pairs().take(removals).map(|(key, _)| key)))));
    drop_and_weigh(engine, directory, &mut rows);
    rows
}

/// The size on disk as it is, and in its smallest form.
pub fn drop_and_weigh<E: Engine>(engine: E, directory: &Path, rows: &mut Vec<Row>) {
    drop(engine);
    rows.push(("size on disk".into(), Figure::Bytes(bytes_below(directory))));
    let mut engine = E::open(directory);
    let compacting = timed(|| engine.compact());
    drop(engine);
    eprintln!("  {}: compacted in {compacting:?}", E::NAME);
    rows.push(("size on disk, compacted".into(), Figure::Bytes(bytes_below(directory))));
}

/// Every value is checked against what was written.
fn read<E: Engine>(engine: &E, source: Pairs, count: usize) {
    engine.read(|reader| {
        for (key, value) in source.take(count) {
            assert_eq!(reader.get(&key), Some(value[0]));
        }
    });
}

fn scan<E: Engine>(engine: &E, count: usize) {
    let sum: u64 = engine.read(|reader| pairs().take(count).map(|(key, _)| reader.scan(&key, SCAN_ENTRIES)).sum());
    assert!(sum > 0);
}

/// Each thread reads a part of all keys; the parts are found before the clock starts.
fn threaded<E: Engine>(engine: &E, threads: usize, count: usize) -> Duration {
    let part = count / threads;
    let mut source = pairs();
    let starts: Vec<Pairs> = (0..threads)
        .map(|_| {
            let start = source.clone();
            source.by_ref().take(part).for_each(drop);
            start
        })
        .collect();
    timed(|| {
        std::thread::scope(|scope| starts.into_iter().for_each(|start| drop(scope.spawn(move || read(engine, start, part)))));
    })
}

/// What is allocated, as `du` counts it: holes are free.
pub fn bytes_below(directory: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
    entries
        .map(|entry| {
            let about = entry.metadata().unwrap();
            if about.is_dir() { bytes_below(&entry.path()) } else { about.blocks() * 512 }
        })
        .sum()
}
