//! Statistics, events, checkpoints.

use firn::{Db, ErrorKind, EventKind, Options};
use tempfile::TempDir;

fn directory() -> TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn what_was_done_is_counted() {
    let directory = directory();
    let path = directory.path().join("db");
    let db = Db::open(&path).unwrap();
    for i in 0..100u32 {
        db.put(i.to_be_bytes(), [0; 96]).unwrap();
    }
    db.delete("missing").unwrap();
    assert!(db.exists(1u32.to_be_bytes()).unwrap() && !db.exists("missing").unwrap());
    db.update(|txn| txn.put("k", "v")).unwrap();
    assert_eq!(db.stats().unwrap().puts, 101);
    db.namespace("n").unwrap();
    db.sync().unwrap();
    db.flush().unwrap();
    let stats = db.stats().unwrap();
    assert_eq!((stats.deletes, stats.gets, stats.get_misses, stats.transactions, stats.namespaces), (1, 2, 1, 1, 1));
    assert!(stats.flush.count > 0 && stats.flush.max <= stats.flush.sum && stats.flush.p50 <= stats.flush.max, "{stats:?}");
    assert!(stats.table_bytes > 0 && stats.write_amplification > 1.0 && stats.version == stats.durable_version, "{stats:?}");
    assert!(!stats.read_only && stats.events >= 1);
    drop(db);
    assert!(Options::new().read_only(true).open(&path).unwrap().stats().unwrap().read_only);
}

fn without_uptime(json: &str) -> String {
    json.split(',').filter(|part| !part.contains("uptime_ms")).collect()
}

#[test]
fn every_figure_is_the_one_of_the_engine() {
    let db = Db::in_memory().unwrap();
    for i in 0..3000u32 {
        db.put(i.to_be_bytes(), [0; 100]).unwrap();
    }
    db.compact().unwrap();
    // What is in the background may end between the two: compared is what was the same before and after.
    let (json, stats) = loop {
        let (before, stats, after) = (db.stats_json().unwrap(), db.stats().unwrap(), db.stats_json().unwrap());
        if without_uptime(&before) == without_uptime(&after) {
            break (before, stats);
        }
    };
    let figure = |name: &str| -> u64 {
        let (_, rest) = json.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name}"));
        rest[..rest.find(|c: char| !c.is_ascii_digit()).unwrap()].parse().unwrap()
    };
    let debug = format!("{stats:?}");
    let mut compared = 0;
    for part in debug.trim_start_matches("Stats { ").split(", get: Latency").next().unwrap().split(", ") {
        let (name, value) = part.split_once(": ").unwrap();
        if let Ok(value) = value.parse::<u64>() {
            assert_eq!(value, figure(name), "{name}");
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared} in {debug}");
    assert_eq!((stats.write_amplification * 1000.0).round() as u64, figure("write_amplification_permille"));
    assert_eq!((stats.space_amplification * 1000.0).round() as u64, figure("space_amplification_permille"));
}

#[test]
fn prometheus_is_told_the_path() {
    let directory = directory();
    let db = Db::open(directory.path().join("db")).unwrap();
    let text = db.stats_prometheus().unwrap();
    assert!(text.contains(&format!("firn_puts_total{{db=\"{}\"}} 0\n", directory.path().join("db").display())), "{text}");
    assert!(text.contains("# TYPE firn_sync_seconds histogram\n"), "{text}");
}

#[test]
fn events_tell_of_background_work() {
    let db = Db::in_memory().unwrap();
    assert!(db.events(0).unwrap().is_empty());
    db.put("k", "v").unwrap();
    db.flush().unwrap();
    let events = db.events(0).unwrap();
    assert_eq!((events[0].number, events[0].kind), (1, EventKind::Flush));
    assert!(events[0].error.is_none() && events[0].bytes_written > 0);
    assert!(events[0].time.elapsed().is_ok_and(|age| age.as_secs() < 3600));
    assert!(db.events(events.len() as u64 + 1).unwrap().is_empty());
}

#[test]
fn a_checkpoint_is_the_database_as_it_was() {
    let directory = directory();
    for db in [Db::open(directory.path().join("db")).unwrap(), Db::in_memory().unwrap()] {
        let copy = directory.path().join("copy");
        db.put("k", "then").unwrap();
        db.checkpoint(&copy).unwrap();
        db.put("k", "now").unwrap();
        Db::verify(&copy).unwrap();
        assert_eq!(Db::open(&copy).unwrap().get("k").unwrap().unwrap(), b"then");
        assert_eq!(db.checkpoint(&copy).unwrap_err().kind(), ErrorKind::Exists);
        assert_eq!(db.checkpoint(copy.join("no/parent")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(db.checkpoint("with\0zero").unwrap_err().kind(), ErrorKind::Invalid);
        std::fs::remove_dir_all(&copy).unwrap();
    }
}

#[test]
fn where_there_was_no_failure_there_is_nothing_to_resume() {
    let db = Db::in_memory().unwrap();
    db.resume().unwrap();
    db.put("k", "v").unwrap();
}

#[test]
fn a_closed_database_is_not_operated() {
    let directory = directory();
    let db = Db::in_memory().unwrap();
    db.close().unwrap();
    let closed = [
        db.stats().map(drop),
        db.stats_json().map(drop),
        db.stats_prometheus().map(drop),
        db.events(0).map(drop),
        db.checkpoint(directory.path().join("copy")),
        db.resume(),
    ];
    for result in closed {
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Closed);
    }
}
