//! The measures of the redb project's benchmark with Criterion, engine by engine in one run, every write durable when it returns: `cargo bench -p firn-bench --bench
//! engines`, started where the disk is that is to be measured. It prints a table at the end. `-- --test` only tries everything.
//!
//! All rows but the first and the sizes work on one database of KEYS entries, and leave it with as many.

use std::cell::RefCell;
use std::path::Path;
use std::time::Duration;

use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, measurement::WallTime};
use firn_bench::engine::{Engine, Key, Value};
use firn_bench::engines::{Firn, Fjall, Heed, Redb, Sled};
use firn_bench::table::{Figure, Row, print};
use firn_bench::workload::{SCAN_ENTRIES, drop_and_weigh, pairs, timed};

const KEYS: usize = 200_000;
const BATCH: usize = 1000;
const SAMPLES: usize = 10;

type Group<'c> = BenchmarkGroup<'c, WallTime>;

/// The samples of one engine, as they were when Criterion had them.
struct Column<'c, 'g> {
    group: &'g mut Group<'c>,
    rows: Vec<Row>,
}

impl Column<'_, '_> {
    /// A row: `work` is done so many times, and says how long it took; each counts for `units`.
    fn row(&mut self, name: &str, units: usize, mut work: impl FnMut(u64) -> Duration) {
        let rates = RefCell::new(Vec::new());
        self.group.throughput(Throughput::Elements(units as u64));
        self.group.bench_function(BenchmarkId::from_parameter(name), |bench| {
            bench.iter_custom(|count| {
                let time = work(count);
                rates.borrow_mut().push((count * units as u64) as f64 / time.as_secs_f64());
                time
            });
        });
        let rates = rates.into_inner();
        // Those before were for warming up.
        let mut measured = rates[rates.len().saturating_sub(SAMPLES)..].to_vec();
        if measured.is_empty() {
            return; // not asked for
        }
        measured.sort_unstable_by(f64::total_cmp);
        self.rows.push((name.to_string(), Figure::PerSecond(measured[measured.len() / 2])));
    }
}

fn scratch() -> tempfile::TempDir {
    tempfile::tempdir_in(".").unwrap() // a temporary directory may lie in memory
}

fn load<E: Engine>(directory: &Path, loaded: &[(Key, Value)]) -> (E, Duration) {
    let engine = E::open(directory);
    let time = timed(|| engine.put_many(loaded.iter().copied()));
    (engine, time)
}

fn measure<E: Engine>(criterion: &mut Criterion, loaded: &[(Key, Value)], columns: &mut Vec<(&'static str, Vec<Row>)>) {
    let mut group = criterion.benchmark_group(E::NAME);
    group.sample_size(SAMPLES).sampling_mode(SamplingMode::Flat);
    group.warm_up_time(Duration::from_millis(500)).measurement_time(Duration::from_secs(4));
    let mut column = Column { group: &mut group, rows: Vec::new() };

    column.row("bulk load, keys/s", loaded.len(), |count| {
        let once = |_| {
            let directory = scratch();
            load::<E>(directory.path(), loaded).1
        };
        (0..count).map(once).sum()
    });

    let directory = scratch();
    let (engine, _) = load::<E>(directory.path(), loaded);
    let mut rng = fastrand::Rng::with_seed(11);
    let mut any = || loaded[rng.usize(..loaded.len())];
    column.row("individual writes, commits/s", 1, |count| {
        timed(|| (0..count).map(|_| any()).for_each(|(key, value)| engine.put(&key, &value)))
    });
    column.row("batch writes, keys/s", BATCH, |count| {
        let batches: Vec<Vec<_>> = (0..count).map(|_| (0..BATCH).map(|_| any()).collect()).collect();
        timed(|| batches.into_iter().for_each(|batch| engine.put_many(batch.into_iter())))
    });
    column.row("random reads, keys/s", 1, |count| read(&engine, loaded, count, 1));
    column.row("range reads, scans/s", 1, |count| {
        engine.read(|reader| {
            timed(|| {
                let sum: u64 = (0..count).map(|_| reader.scan(&any().0, SCAN_ENTRIES)).sum();
                assert!(sum > 0);
            })
        })
    });
    for threads in [2, 4, 8] {
        let name = format!("random reads ({threads} threads), keys/s");
        column.row(&name, threads, |count| {
            timed(|| {
                std::thread::scope(|scope| {
                    for seed in 0..threads as u64 {
                        let engine = &engine;
                        scope.spawn(move || read(engine, loaded, count, seed));
                    }
                });
            })
        });
    }
    column.row("removals, keys/s", BATCH, |count| {
        let once = |_| {
            let batch: Vec<_> = (0..BATCH).map(|_| any()).collect();
            let time = timed(|| engine.remove_many(batch.iter().map(|(key, _)| *key)));
            engine.put_many(batch.into_iter());
            time
        };
        (0..count).map(once).sum()
    });
    let mut rows = column.rows;
    group.finish();
    drop(engine);
    if !rows.is_empty() {
        let directory = scratch();
        drop_and_weigh(load::<E>(directory.path(), loaded).0, directory.path(), &mut rows);
    }
    columns.push((E::NAME, rows));
}

/// Every value is checked against what was written.
fn read<E: Engine>(engine: &E, loaded: &[(Key, Value)], count: u64, seed: u64) -> Duration {
    let mut rng = fastrand::Rng::with_seed(seed);
    engine.read(|reader| {
        timed(|| {
            for _ in 0..count {
                let (key, value) = &loaded[rng.usize(..loaded.len())];
                assert_eq!(reader.get(key), Some(value[0]));
            }
        })
    })
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let is_trial = std::env::args().any(|argument| argument == "--test");
    let loaded: Vec<_> = pairs().take(if is_trial { 5 * BATCH } else { KEYS }).collect();
    let mut columns = Vec::new();
    measure::<Firn>(&mut criterion, &loaded, &mut columns);
    measure::<Redb>(&mut criterion, &loaded, &mut columns);
    measure::<Fjall>(&mut criterion, &loaded, &mut columns);
    measure::<Sled>(&mut criterion, &loaded, &mut columns);
    measure::<Heed>(&mut criterion, &loaded, &mut columns);
    criterion.final_summary();
    columns.retain(|(_, rows)| !rows.is_empty());
    let about = if is_trial { "a trial, whose figures say nothing".to_string() } else { format!("the median of {SAMPLES} samples") };
    println!("\nKeys of 24 bytes, values of 150; {} loaded; {about}:\n", loaded.len());
    print(&columns);
}
