//! `cargo run --release -p firn-bench [-- --quick | --full] [engine ...]`: one table, a column for each engine, and single writes once more in turn.

use firn_bench::engine::Engine;
use firn_bench::engines::{Firn, Fjall, Heed, Redb, Sled};
use firn_bench::singles::Writer;
use firn_bench::table::{Row, grouped, print};
use firn_bench::workload::{Size, run};

/// The size that the redb project publishes, a fifth of it, and one that only shows that everything works.
const FULL: Size = Size { bulk: 5_000_000, singles: 1000, batches: 100, batch: 1000, reads: 1_000_000, scans: 500_000 };
const MIDDLE: Size = Size { bulk: 1_000_000, ..FULL };
const SINGLES_ROUNDS: usize = 20;
const QUICK: Size = Size { bulk: 20_000, singles: 20, batches: 2, batch: 1000, reads: 10_000, scans: 5000 };

fn measure<E: Engine>(chosen: &[String], size: &Size, columns: &mut Vec<(&'static str, Vec<Row>)>) {
    let short = E::NAME.split(' ').next().unwrap_or_default();
    if !chosen.is_empty() && !chosen.iter().any(|name| name == short) {
        return;
    }
    eprintln!("{} ...", E::NAME);
    // Where the program is started: a temporary directory may lie in memory.
    let directory = tempfile::tempdir_in(".").unwrap();
    columns.push((E::NAME, run::<E>(directory.path(), size)));
}

/// The row of single writes once more, with the engines in turn.
fn print_singles() {
    let base = tempfile::tempdir_in(".").unwrap();
    let base = base.path();
    let mut writers = [
        Writer::new::<Firn>(base),
        Writer::new::<Redb>(base),
        Writer::new::<Fjall>(base),
        Writer::new::<Sled>(base),
        Writer::new::<Heed>(base),
    ];
    for _ in 0..SINGLES_ROUNDS {
        writers.iter_mut().for_each(Writer::run);
    }
    let cells: String = writers.iter().map(|writer| format!(" {} {},", writer.name, grouped(writer.rate().round() as u64))).collect();
    println!("\nindividual writes in turn, commits/s, the median of {SINGLES_ROUNDS} rounds of 50:{}", cells.trim_end_matches(','));
}

fn main() {
    let (flags, chosen): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let size = match flags.first().map(String::as_str) {
        None => MIDDLE,
        Some("--full") => FULL,
        Some("--quick") => QUICK,
        Some(other) => panic!("{other}: --quick, --full or nothing"),
    };
    let mut columns = Vec::new();
    measure::<Firn>(&chosen, &size, &mut columns);
    measure::<Redb>(&chosen, &size, &mut columns);
    measure::<Fjall>(&chosen, &size, &mut columns);
    measure::<Sled>(&chosen, &size, &mut columns);
    measure::<Heed>(&chosen, &size, &mut columns);
    print(&columns);
    if chosen.is_empty() {
        print_singles();
    }
}
