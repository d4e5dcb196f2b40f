//! What the Rust side of a call costs: the same look-up through `firn-sys`, and through `firn` in each of its ways. `cargo bench -p firn-bench`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use firn::{Db, Options};
use firn_sys as sys;

const KEY: &[u8] = b"the key that is looked up";
const VALUE: [u8; 100] = [7; 100];

/// A database of its own behind the C API: `firn` does not show its handle.
fn raw() -> *mut sys::firn_db {
    // SAFETY: a C string; the options and the error may be null.
    let db = unsafe { sys::firn_open(c":memory:".as_ptr(), std::ptr::null(), std::ptr::null_mut()) };
    assert!(!db.is_null());
    // SAFETY: slices that outlive the call.
    assert_eq!(unsafe { sys::firn_put(db, 0, KEY.as_ptr(), KEY.len(), VALUE.as_ptr(), VALUE.len()) }, 0);
    db
}

fn safe() -> Db {
    let db = Options::new().open_in_memory().unwrap();
    db.put(KEY, VALUE).unwrap();
    db
}

fn boundary(criterion: &mut Criterion) {
    let (c, db) = (raw(), safe());
    let mut buf = Vec::with_capacity(128);
    let mut group = criterion.benchmark_group("boundary");
    group.bench_function("firn_version: a call and nothing else", |bench| {
        // SAFETY: takes nothing.
        bench.iter(|| unsafe { sys::firn_version() });
    });
    group.bench_function("exists, C API", |bench| {
        // SAFETY: a live handle, a slice that outlives the call.
        bench.iter(|| unsafe { sys::firn_exists(black_box(c), 0, black_box(KEY).as_ptr(), KEY.len()) });
    });
    group.bench_function("exists, firn", |bench| bench.iter(|| black_box(&db).exists(black_box(KEY)).unwrap()));
    group.bench_function("get, C API", |bench| {
        let mut raw_buf = [0u8; 128];
        // SAFETY: a live handle, a slice that outlives the call, a buffer of that size.
        bench.iter(|| unsafe { sys::firn_get(black_box(c), 0, black_box(KEY).as_ptr(), KEY.len(), raw_buf.as_mut_ptr(), raw_buf.len()) });
    });
    group.bench_function("get_into, firn", |bench| bench.iter(|| black_box(&db).get_into(black_box(KEY), &mut buf).unwrap()));
    group.bench_function("get, firn", |bench| bench.iter(|| black_box(&db).get(black_box(KEY)).unwrap()));
    group.bench_function("get_pinned, firn", |bench| bench.iter(|| black_box(&db).get_pinned(black_box(KEY)).unwrap().map(|pin| pin[0])));
    group.bench_function("put, C API", |bench| {
        // SAFETY: a live handle, slices that outlive the call.
        bench.iter(|| unsafe { sys::firn_put(black_box(c), 0, black_box(KEY).as_ptr(), KEY.len(), VALUE.as_ptr(), VALUE.len()) });
    });
    group.bench_function("put, firn", |bench| bench.iter(|| black_box(&db).put(black_box(KEY), VALUE).unwrap()));
    group.finish();
}

fn scans(criterion: &mut Criterion) {
    let db = safe();
    for i in 0..100_000u32 {
        db.put(i.to_be_bytes(), VALUE).unwrap();
    }
    db.compact().unwrap();
    let snapshot = db.snapshot().unwrap();
    let mut group = criterion.benchmark_group("scan");
    group.bench_function("open, one entry, close", |bench| {
        bench.iter(|| db.range(black_box(50u32.to_be_bytes())..).next_entry().unwrap().is_some())
    });
    group.bench_function("open, one entry, close, of a snapshot", |bench| {
        bench.iter(|| snapshot.range(black_box(50u32.to_be_bytes())..).next_entry().unwrap().is_some());
    });
    group.bench_function("open, an entry from each end, close", |bench| {
        bench.iter(|| {
            let mut iter = db.range(black_box(50u32.to_be_bytes())..);
            (iter.next_entry().unwrap().is_some(), iter.next_entry_back().unwrap().is_some())
        });
    });
    group.bench_function("100,000 entries, lent", |bench| {
        bench.iter(|| {
            let (mut iter, mut sum) = (db.iter(), 0usize);
            while let Some((key, value)) = iter.next_entry().unwrap() {
                sum += key.len() + value.len();
            }
            sum
        });
    });
    group.bench_function("100,000 entries, owned", |bench| bench.iter(|| db.iter().map(|entry| entry.unwrap().1.len()).sum::<usize>()));
    group.bench_function("100,000 entries, owned, backwards", |bench| {
        bench.iter(|| db.iter().rev().map(|entry| entry.unwrap().1.len()).sum::<usize>());
    });
    group.finish();
}

criterion_group!(benches, boundary, scans);
criterion_main!(benches);
