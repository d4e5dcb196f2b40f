//! The durable log: appending, reading, following, trimming.

use std::time::{Duration, SystemTime};

use firn::{Append, Durability, ErrorKind, Log, LogOptions};

fn log() -> (tempfile::TempDir, Log) {
    let directory = tempfile::tempdir().unwrap();
    let log = Log::open(directory.path().join("log")).unwrap();
    (directory, log)
}

#[test]
fn records_have_dense_indexes_and_stay_after_closing() {
    let (directory, log) = log();
    assert_eq!(log.bounds().unwrap(), 0..0);
    assert_eq!(log.append("a").unwrap(), 0);
    let mut append = Append::new();
    append.push("b").push("");
    append.extend(["d"]);
    assert_eq!((append.len(), append.is_empty()), (3, false));
    assert_eq!(log.append_all(&append).unwrap(), 1);
    append.clear();
    assert_eq!(log.append_all(&append).unwrap(), 4);
    log.close().unwrap();
    assert_eq!(log.append("x").unwrap_err().kind(), ErrorKind::Closed);

    let log = LogOptions::new().create_if_missing(false).open(directory.path().join("log")).unwrap();
    assert!(log.recovery().unwrap().clean);
    let data: Vec<_> = log.records(0).map(|record| record.unwrap().data).collect();
    assert_eq!(data, [&b"a"[..], b"b", b"", b"d"]);
    assert_eq!(log.read(1).unwrap().unwrap(), b"b");
    assert_eq!(log.read(4).unwrap(), None);
    assert_eq!(&*log.read_pinned(3).unwrap().unwrap(), b"d");
    let mut buf = Vec::new();
    assert!(log.read_into(0, &mut buf).unwrap());
    assert_eq!(buf, b"a");
    assert!(!log.read_into(9, &mut buf).unwrap());
}

#[test]
fn records_larger_than_a_chunk_arrive_whole() {
    let (_directory, log) = log();
    for size in [10, 200_000, 0, 65_516, 65_517, 3] {
        log.append(vec![size as u8; size]).unwrap();
    }
    let sizes: Vec<_> = log.records(0).map(|record| record.unwrap().data.len()).collect();
    assert_eq!(sizes, [10, 200_000, 0, 65_516, 65_517, 3]);
    let mut records = log.records(1);
    let (index, _, data) = records.next_record().unwrap().unwrap();
    assert_eq!((index, data), (1, &vec![200_000u32 as u8; 200_000][..]));
    assert_eq!(log.records(7).next().unwrap().unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_tail_sees_what_is_appended_in_order_and_ends_with_the_log() {
    let (_directory, log) = log();
    std::thread::scope(|scope| {
        let reader = log.clone();
        let reader =
            scope.spawn(move || reader.tail(0).map(|record| record.unwrap()).map(|record| (record.index, record.data)).collect::<Vec<_>>());
        for i in 0..1000u32 {
            log.append(i.to_le_bytes()).unwrap();
        }
        while log.durable().unwrap() < 1000 {
            log.sync().unwrap();
        }
        let mut tail = log.tail(999);
        assert_eq!(tail.next_for(Duration::from_secs(60)).unwrap().unwrap().index, 999);
        assert!(tail.next_for(Duration::from_millis(1)).unwrap().is_none());
        assert!(tail.try_next().unwrap().is_none());
        std::thread::sleep(Duration::from_millis(20)); // the reader may be anywhere; usually it waits
        log.close().unwrap();
        let seen = reader.join().unwrap();
        // What the close cut off is a suffix.
        let expected: Vec<_> = (0..seen.len() as u32).map(|i| (u64::from(i), i.to_le_bytes().to_vec())).collect();
        assert_eq!(seen, expected);
    });
}

#[test]
fn a_wake_is_an_item_of_a_tail() {
    let (_directory, log) = log();
    std::thread::scope(|scope| {
        let waiter = scope.spawn(|| {
            let mut tail = log.tail(0);
            let woken = tail.next().unwrap().unwrap_err().kind();
            log.append("after").unwrap();
            (woken, tail.next().unwrap().unwrap().data)
        });
        while !waiter.is_finished() {
            log.wake().unwrap();
            std::thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(waiter.join().unwrap(), (ErrorKind::Cancelled, b"after".to_vec()));
    });
}

#[test]
fn a_tail_ends_after_an_error() {
    let (_directory, log) = log();
    log.reset(7).unwrap();
    let mut tail = log.tail(3); // before the first record
    assert_eq!(tail.next().unwrap().unwrap_err().kind(), ErrorKind::NotFound);
    assert!(tail.next().is_none() && tail.next().is_none());
    assert_eq!(tail.try_next().unwrap_err().kind(), ErrorKind::NotFound); // whoever asks is told again
}

#[test]
fn either_end_can_be_trimmed() {
    let (_directory, log) = log();
    for i in 0..10u8 {
        log.append([i]).unwrap();
    }
    log.trim_before(3).unwrap();
    log.trim_after(7).unwrap();
    assert_eq!(log.bounds().unwrap(), 3..8);
    assert_eq!(log.read(2).unwrap(), None);
    assert_eq!(log.append("again").unwrap(), 8);
    assert_eq!(log.trim_before(99).unwrap_err().kind(), ErrorKind::Invalid);
    log.reset(100).unwrap();
    assert_eq!((log.bounds().unwrap(), log.append("new").unwrap()), (100..100, 100));
    assert_eq!(log.retain().unwrap(), 0);
    let mut descriptor = std::fs::File::from(log.notify_fd().unwrap());
    log.close().unwrap();
    assert_eq!(std::io::Read::read(&mut descriptor, &mut [0; 8]).unwrap(), 8); // still ours, and tells of the close
    assert_eq!(log.notify_fd().unwrap_err().kind(), ErrorKind::Closed);
}

#[test]
fn records_are_found_by_their_time() {
    let (_directory, log) = log();
    let before = SystemTime::now() - Duration::from_secs(60);
    log.append("a").unwrap();
    let time = log.records(0).next().unwrap().unwrap().time;
    assert!(time > before);
    assert_eq!(log.seek_time(before).unwrap(), 0);
    assert_eq!(log.seek_time(time).unwrap(), 0);
    assert_eq!(log.seek_time(SystemTime::now() + Duration::from_secs(60)).unwrap(), 1);
}

#[test]
fn a_reader_beside_a_writer_moves_on_when_it_is_told() {
    let (directory, log) = log();
    log.append("a").unwrap();
    log.sync().unwrap();
    let reader = LogOptions::new().read_only(true).open(directory.path().join("log")).unwrap();
    assert_eq!(reader.bounds().unwrap(), 0..1);
    assert_eq!(reader.append("b").unwrap_err().kind(), ErrorKind::ReadOnly);
    log.append("b").unwrap();
    reader.refresh().unwrap();
    assert_eq!(reader.read(1).unwrap().unwrap(), b"b");
    assert_eq!(Log::open(directory.path().join("log")).unwrap_err().kind(), ErrorKind::Locked);
}

#[test]
fn options_of_logs_reach_the_engine() {
    let directory = tempfile::tempdir().unwrap();
    let options = LogOptions::new()
        .durability(Durability::Sync)
        .segment_bytes(1 << 20)
        .retention_bytes(1 << 30)
        .retention(Duration::from_secs(3600))
        .log_io_pwrite(true)
        .lock_timeout(Duration::from_millis(1))
        .verify_on_open(true);
    let log = options.open(directory.path().join("a")).unwrap();
    let index = log.append("a").unwrap();
    assert!(log.durable().unwrap() > index);
    let refused = LogOptions::new().error_if_exists(true).open(directory.path().join("a")).unwrap_err();
    assert!([ErrorKind::Exists, ErrorKind::Locked].contains(&refused.kind()));
    assert_eq!(LogOptions::new().set("memtable_bytes", "1MiB").open(directory.path().join("b")).unwrap_err().kind(), ErrorKind::Invalid);
}

#[cfg(feature = "tokio")]
#[tokio::test]
async fn a_log_for_tasks() {
    let (directory, log) = log();
    let log = log.to_async();
    let tail = log.tail(0);
    let reader = tokio::spawn(async move {
        let mut tail = tail;
        let mut data = Vec::new();
        while data.len() < 100 {
            data.push(tail.next().await.unwrap().data);
        }
        (data, tail)
    });
    for i in 0..99u8 {
        log.append([i]).await.unwrap();
        tokio::task::yield_now().await;
    }
    log.append_all(Append::new().push([99]).clone()).await.unwrap();
    let (data, mut tail) = reader.await.unwrap();
    assert_eq!(data, (0..100u8).map(|i| vec![i]).collect::<Vec<_>>());
    log.sync().await.unwrap();
    assert_eq!(log.read(7).await.unwrap().unwrap(), [7]);
    let closer = log.clone();
    let (ended, closed) = tokio::join!(tail.next(), async move {
        tokio::task::yield_now().await;
        closer.close().await
    });
    closed.unwrap();
    assert_eq!(ended.unwrap_err().kind(), ErrorKind::Closed);
    let durable = LogOptions::new().durability(Durability::Sync).open(directory.path().join("durable")).unwrap().to_async();
    assert_eq!(durable.append("a").await.unwrap(), 0);
    assert_eq!(durable.append_all(Append::new().push("b").clone()).await.unwrap(), 1);
}
