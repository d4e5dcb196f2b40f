//! A database, and what the commands of a scenario do with it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use firn::{Batch, Db, Namespace, Options, PutOptions, Reads, Result, Snapshot, Ttl, Txn, TxnOptions, WriteOptions};

use crate::file::Command;
use crate::scan::{Cursor, Entry, range_of, scan_of};
use crate::session::{Answer, NOT_FOUND, Session, answer, done, failure, forever, one, settings, value};
use crate::words::encode;

/// What the compiler forbids in Rust: the answer is the one of the C API.
const OVER: &str = "error FIRN_MISUSE";
const CLOSED: &str = "error FIRN_CLOSED";
const READ_ONLY: &str = "error FIRN_READ_ONLY";

/// What a name of a transaction stands for. The references are those of `forever`.
#[derive(Clone, Copy)]
enum Open {
    Snapshot(&'static Snapshot<'static>),
    Txn(*mut Txn<'static>),
    /// Committed, or refused.
    Over,
}

struct Named {
    /// `None`: its transaction is over.
    cursor: Option<Cursor<'static>>,
    txn: Option<String>,
    keys_only: bool,
}

pub struct DatabaseSession {
    options: Vec<String>,
    is_in_memory: bool,
    directory: tempfile::TempDir,
    db: Option<&'static Db>,
    namespaces: HashMap<String, u32>,
    txns: HashMap<String, Open>,
    iterators: HashMap<String, Named>,
    versions: Vec<(String, u64)>,
}

fn ms(text: &str) -> Option<Duration> {
    text.parse::<i64>().ok().filter(|&ms| ms > 0).map(|ms| Duration::from_millis(ms as u64))
}

impl DatabaseSession {
    pub fn new(mode: &str, options: &[String]) -> Self {
        let mut session = Self {
            options: options.to_vec(),
            is_in_memory: mode == "memory",
            directory: tempfile::tempdir().unwrap(),
            db: None,
            namespaces: HashMap::new(),
            txns: HashMap::new(),
            iterators: HashMap::new(),
            versions: Vec::new(),
        };
        if mode == "single_threaded" {
            session.options.push("single_threaded=true".into());
        }
        session
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("db")
    }

    fn db(&self) -> &'static Db {
        self.db.expect("it is open")
    }

    /// Takes a transaction out of its name, and away from its iterators.
    fn take_txn(&mut self, name: &str) -> Option<Box<Txn<'static>>> {
        for iterator in self.iterators.values_mut().filter(|iterator| iterator.txn.as_deref() == Some(name)) {
            iterator.cursor = None;
        }
        match self.txns.remove(name) {
            // SAFETY: made by `forever`, taken back once; iterators were the only ones to borrow it.
            Some(Open::Txn(txn)) => Some(unsafe { Box::from_raw(txn) }),
            _ => None,
        }
    }

    fn txn_of(&self, command: &Command) -> Option<Open> {
        command.find_text("txn").map(|name| self.txns[name])
    }

    fn id_named(&self, alias: &str) -> u32 {
        self.namespaces.get(alias).copied().unwrap_or_else(|| alias.parse().expect("an alias or a number"))
    }

    fn ns_of(&self, command: &Command) -> Namespace {
        self.db().namespace_by_id(command.find_text("ns").map_or(0, |alias| self.id_named(alias)))
    }

    /// The reads of the namespace that the command names, as its transaction sees it.
    fn reads(&self, open: Open, namespace: &Namespace) -> Option<Reads<'static>> {
        let snapshot: &'static Snapshot<'static> = match open {
            Open::Snapshot(snapshot) => snapshot,
            // SAFETY: made by `forever`; not taken back while it is in `txns`.
            Open::Txn(txn) => unsafe { &*txn },
            Open::Over => return None,
        };
        Some(snapshot.namespace(namespace).expect("of this database"))
    }

    fn version_of(&self, name: &str) -> u64 {
        self.versions.iter().rfind(|(known, _)| known == name).map_or_else(|| name.parse().expect("a version"), |(_, version)| *version)
    }

    fn show_version(&self, version: u64) -> &str {
        if version == 0 {
            return "0";
        }
        self.versions.iter().find(|(_, known)| *known == version).map_or("?", |(name, _)| name)
    }

    fn versioned(&mut self, command: &Command, result: Result<u64>) -> Answer {
        if let (Ok(version), Some(name)) = (&result, command.find_text("as")) {
            self.versions.push((name.to_string(), *version));
        }
        done(result)
    }

    fn show_entry(&self, entry: &firn::Entry) -> String {
        let expiry = if entry.expires.is_some() { "set" } else { "never" };
        format!(" version={} expiry={expiry}", self.show_version(entry.version))
    }

    fn run_on_keys(&mut self, c: &Command) -> Answer {
        let (ns, key) = (self.ns_of(c), c.word(0));
        match c.name.as_str() {
            "put" if c.named.keys().all(|name| name == "ns") => done(ns.put(key, c.word(1))),
            "put" | "put_if_absent" | "put_if_present" | "put_if_version" => {
                let put = ns.put_with(key, c.word(1), &self.put_options(c));
                self.versioned(c, put)
            }
            "get" => value(ns.get(key)),
            "get_entry" => answer(ns.get_entry(key), |entry| self.show(entry)),
            "exists" => answer(ns.exists(key), one),
            "delete" => done(ns.delete(key)),
            "swap" => value(ns.swap(key, c.word(1))),
            "compare_swap" => answer(
                match c.find_text("ttl").and_then(ms) {
                    Some(ttl) => ns.compare_swap_with_ttl(key, c.word(1), c.word(2), ttl),
                    None => ns.compare_swap(key, c.word(1), c.word(2)),
                },
                one,
            ),
            "add" => answer(ns.add(key, c.text(1).parse().expect("a number")), one),
            // A Duration cannot be 0 or less than that: the C API refuses it.
            "expire" => ms(c.text(1)).map_or_else(|| one("error FIRN_INVALID"), |ttl| done(ns.expire(key, ttl))),
            "persist" => done(ns.persist(key)),
            "ttl" => answer(ns.ttl(key), |ttl| match ttl {
                None => one(NOT_FOUND),
                Some(Ttl::Never) => one("error FIRN_NO_EXPIRY"),
                Some(Ttl::After(left)) => {
                    let left = left.as_millis() as u64;
                    one(left >= c.number("least").unwrap_or(0) && c.number("most").is_none_or(|most| left <= most))
                }
            }),
            "wait_expired" => {
                while ns.exists(key).unwrap() {
                    std::thread::sleep(Duration::from_millis(1));
                }
                one("ok")
            }
            "delete_range" => answer(ns.delete_range_up_to::<&[u8]>(range_of(c), c.number("limit").unwrap_or(0)), one),
            "fill" => done(
                (0..c.text(1).parse::<u32>().expect("a count"))
                    .try_for_each(|i| ns.put([key, format!("{i:06}").as_bytes()].concat(), c.word(2))),
            ),
            other => panic!("unknown: {other}"),
        }
    }

    fn show(&self, entry: Option<firn::Entry>) -> Answer {
        entry.map_or_else(|| one(NOT_FOUND), |entry| one(encode(&entry.value) + &self.show_entry(&entry)))
    }

    fn put_options(&self, c: &Command) -> PutOptions {
        let mut options = match c.name.as_str() {
            "put_if_absent" => PutOptions::new().if_absent(),
            "put_if_present" => PutOptions::new().if_present(),
            "put_if_version" => PutOptions::new().if_version(self.version_of(c.find_text("version").expect("a version"))),
            _ => PutOptions::new(),
        };
        if let Some(ttl) = c.find_text("ttl").and_then(ms) {
            options = options.ttl(ttl);
        }
        if c.is_set("keep_ttl") {
            options = options.keep_ttl();
        }
        if c.is_set("sync") { options.sync() } else { options }
    }

    fn run_in_txn(&self, c: &Command, open: Open) -> Answer {
        let (namespace, key) = (self.ns_of(c), c.word(0));
        let Some(reads) = self.reads(open, &namespace) else { return one(OVER) };
        match c.name.as_str() {
            "get" => return value(reads.get(key)),
            "get_entry" => return answer(reads.get_entry(key), |entry| self.show(entry)),
            "exists" => return answer(reads.exists(key), one),
            _ => {}
        }
        let Open::Txn(txn) = open else { return one(READ_ONLY) };
        // SAFETY: made by `forever`; not taken back while it is in `txns`.
        let writes = unsafe { &*txn }.namespace(&namespace).expect("of this database");
        match c.name.as_str() {
            "put" => done(writes.put(key, c.word(1))),
            "delete" => done(writes.delete(key)),
            "add" => answer(writes.add(key, c.text(1).parse().expect("a number")), one),
            other => panic!("unknown in a transaction: {other}"),
        }
    }

    fn ns_open(&mut self, c: &Command) -> Answer {
        let opened = if c.is_set("existing") {
            let found = self.db().existing_namespace(c.word(0));
            match found.transpose() {
                Some(opened) => opened,
                None => return one(NOT_FOUND),
            }
        } else {
            self.db().namespace(c.word(0))
        };
        if let Ok(namespace) = &opened {
            let alias = c.find("as").unwrap_or(c.word(0));
            self.namespaces.insert(String::from_utf8_lossy(alias).into_owned(), namespace.id());
        }
        done(opened)
    }

    fn begin(&mut self, c: &Command) -> Answer {
        self.take_txn(c.text(0));
        let begun = if c.is_set("read_only") {
            self.db().snapshot().map(|snapshot| Open::Snapshot(forever(snapshot)))
        } else {
            let options = if c.is_set("serializable") { TxnOptions::new().serializable() } else { TxnOptions::new() };
            let options = if c.is_set("sync") { options.sync() } else { options };
            self.db().txn_with(&options).map(|txn| Open::Txn(forever(txn)))
        };
        answer(begun, |open| {
            self.txns.insert(c.text(0).to_string(), open);
            one("ok")
        })
    }

    fn commit(&mut self, c: &Command) -> Answer {
        match self.txns[c.text(0)] {
            Open::Over => one(OVER),
            Open::Snapshot(snapshot) => {
                let version = snapshot.version();
                self.txns.insert(c.text(0).to_string(), Open::Over);
                self.versioned(c, Ok(version))
            }
            Open::Txn(_) => {
                let txn = self.take_txn(c.text(0)).expect("a transaction");
                self.txns.insert(c.text(0).to_string(), Open::Over);
                let options = if c.is_set("sync") { WriteOptions::new().sync() } else { WriteOptions::new() };
                self.versioned(c, txn.commit_with(options))
            }
        }
    }

    fn version(&mut self, c: &Command) -> Answer {
        let namespace = self.db().namespace_by_id(0);
        let Some(_) = self.reads(self.txns[c.text(0)], &namespace) else { return one(OVER) };
        let version = match self.txns[c.text(0)] {
            Open::Snapshot(snapshot) => snapshot.version(),
            // SAFETY: made by `forever`; not taken back while it is in `txns`.
            Open::Txn(txn) => unsafe { &*txn }.version(),
            Open::Over => 0,
        };
        self.versioned(c, Ok(version))
    }

    fn multi_get(&self, c: &Command) -> Answer {
        let requests: Vec<_> = c.lines.iter().map(|line| (self.ns_of(line), crate::words::decode(&line.name).expect("a key"))).collect();
        let get = |requests: &[(Namespace, Vec<u8>)]| {
            let requests = requests.iter().map(|(namespace, key)| (namespace, key));
            match self.txn_of(c) {
                None => self.db().multi_get_from(requests),
                Some(Open::Snapshot(snapshot)) => snapshot.multi_get_from(requests),
                // SAFETY: made by `forever`; not taken back while it is in `txns`.
                Some(Open::Txn(txn)) => unsafe { &*txn }.multi_get_from(requests),
                Some(Open::Over) => panic!("no scenario does that"),
            }
        };
        let show = |values: firn::Values| values.to_vecs().into_iter().flat_map(|found| value(Ok(found))).collect();
        match get(&requests) {
            Ok(values) => show(values),
            // A key that cannot be refuses the whole call in C too.
            Err(error) if requests.iter().any(|(_, key)| key.is_empty() || key.len() > 65_535) => one(failure(&error)),
            // In Rust every key's error is everybody's: ask for each alone.
            Err(_) => requests.chunks(1).flat_map(|request| answer(get(request), show)).collect(),
        }
    }

    fn batch(&mut self, c: &Command) -> Answer {
        let mut batch = Batch::new();
        for line in &c.lines {
            let namespace = self.ns_of(line);
            let (on, key) = (batch.on(&namespace), line.word(0));
            match line.name.as_str() {
                "put" => match line.find_text("ttl").and_then(ms) {
                    Some(ttl) => on.put_with_ttl(key, line.word(1), ttl),
                    None => on.put(key, line.word(1)),
                },
                "delete" => on.delete(key),
                "delete_range" if line.word(1).is_empty() => on.delete_range(key..),
                "delete_range" => on.delete_range(key..line.word(1)),
                "add" => on.add(key, line.text(1).parse().expect("a number")),
                "put_keep_ttl" => on.put_keep_ttl(key, line.word(1)),
                "expect" => on.expect_version(key, self.version_of(line.find_text("version").expect("a version"))),
                other => panic!("unknown: {other}"),
            };
        }
        match self.txn_of(c) {
            // SAFETY: made by `forever`; not taken back while it is in `txns`.
            Some(Open::Txn(txn)) => done(unsafe { &*txn }.write(&batch)),
            Some(Open::Snapshot(_)) => one(READ_ONLY),
            Some(Open::Over) => one(OVER),
            None => {
                let options = if c.is_set("sync") { WriteOptions::new().sync() } else { WriteOptions::new() };
                let written = self.db().write_with(&batch, options);
                self.versioned(c, written)
            }
        }
    }

    fn cursor(&self, c: &Command) -> std::result::Result<Cursor<'static>, String> {
        let (namespace, scan) = (self.ns_of(c), scan_of(c));
        let opened = match self.txn_of(c) {
            Some(open) => {
                let Some(reads) = self.reads(open, &namespace) else { return Err(OVER.into()) };
                Cursor::new(Box::new(reads.scan(&scan)), c)
            }
            None => Cursor::new(Box::new(forever(namespace).scan(&scan)), c),
        };
        opened.map_err(|error| failure(&error))
    }

    fn scan(&self, c: &Command) -> Answer {
        // Versions and expiries are asked for in the state that is scanned.
        let state = self.db().snapshot().expect("a snapshot");
        let scanned = match self.cursor(c) {
            Ok(mut cursor) => cursor.read(u64::MAX),
            Err(failure) => return one(failure),
        };
        let namespace = self.ns_of(c);
        let about = |key: &[u8]| match self.txn_of(c).and_then(|open| self.reads(open, &namespace)) {
            Some(reads) => reads.get_entry(key),
            None => state.namespace(&namespace).expect("of this database").get_entry(key),
        };
        answer(scanned, |entries| {
            if c.name == "count" {
                return one(entries.len());
            }
            let show = |entry: Entry| {
                let line = show_scanned(&entry, c.is_set("keys_only"));
                if !c.is_set("entries") {
                    return line;
                }
                line + &self.show_entry(&about(&entry.0).expect("it was scanned").expect("it is there"))
            };
            entries.into_iter().map(show).collect()
        })
    }

    fn iter_open(&mut self, c: &Command) -> Answer {
        let mut cursor = match self.cursor(c) {
            Ok(cursor) => cursor,
            Err(failure) => return one(failure),
        };
        let txn = c.find_text("txn").map(String::from);
        let peeked = if txn.is_none() { cursor.peek() } else { Ok(()) };
        if let Err(error) = peeked {
            return one(failure(&error));
        }
        let named = Named { cursor: Some(cursor), txn, keys_only: c.is_set("keys_only") };
        self.iterators.insert(c.text(0).to_string(), named);
        one("ok")
    }

    fn iter_next(&mut self, c: &Command) -> Answer {
        let named = self.iterators.get_mut(c.text(0)).expect("an iterator");
        let max: u64 = c.text(1).parse().expect("a number");
        let Some(cursor) = &mut named.cursor else { return one(CLOSED) };
        answer(cursor.read(max), |entries| {
            let is_short = (entries.len() as u64) < max;
            let lines = entries.iter().map(|entry| show_scanned(entry, named.keys_only));
            lines.chain(is_short.then(|| "end".to_string())).collect()
        })
    }
}

impl Session for DatabaseSession {
    fn open(&mut self, more: &[String]) -> Result<()> {
        let options = settings(&self.options, more).fold(Options::new(), |options, (name, value)| options.set(name, value));
        let db = if self.is_in_memory { options.open_in_memory() } else { options.open(self.path()) }?;
        self.db = Some(forever(db));
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        self.iterators.clear();
        let names: Vec<_> = self.txns.keys().cloned().collect();
        names.iter().for_each(|name| drop(self.take_txn(name)));
        self.db.take().expect("it is open").close()
    }

    fn check(&self) -> Result<()> {
        Db::verify(self.path())
    }

    fn run_opened(&mut self, c: &Command) -> Answer {
        match c.name.as_str() {
            "flush" => done(self.db().flush()),
            "compact" => done(self.db().compact()),
            "sync" => done(self.db().sync()),
            "ns_open" => self.ns_open(c),
            "ns_clear" => done(self.db().namespace_by_id(self.id_named(c.text(0))).clear()),
            "ns_drop" => done(self.db().drop_namespace(&self.db().namespace_by_id(self.id_named(c.text(0))))),
            "ns_list" => answer(self.db().namespaces(), |names| names.iter().map(|name| encode(name)).collect()),
            "begin" => self.begin(c),
            "commit" => self.commit(c),
            "rollback" => {
                self.take_txn(c.text(0));
                one("ok")
            }
            "version" => self.version(c),
            "same" => one(if c.text(0).starts_with('$') {
                self.version_of(c.text(0)) == self.version_of(c.text(1))
            } else {
                self.id_named(c.text(0)) == self.id_named(c.text(1))
            }),
            "order" => one(match self.version_of(c.text(0)).cmp(&self.version_of(c.text(1))) {
                std::cmp::Ordering::Less => "less",
                std::cmp::Ordering::Equal => "equal",
                std::cmp::Ordering::Greater => "greater",
            }),
            "multi_get" => self.multi_get(c),
            "batch" => self.batch(c),
            "scan" | "count" => self.scan(c),
            "iter_open" => self.iter_open(c),
            "iter_next" => self.iter_next(c),
            "iter_seek" => match &mut self.iterators.get_mut(c.text(0)).expect("an iterator").cursor {
                Some(cursor) => done(cursor.seek(c.word(1))),
                None => one(CLOSED),
            },
            "iter_close" => {
                self.iterators.remove(c.text(0));
                one("ok")
            }
            _ => match self.txn_of(c) {
                Some(txn) => self.run_in_txn(c, txn),
                None => self.run_on_keys(c),
            },
        }
    }
}

fn show_scanned((key, value): &Entry, keys_only: bool) -> String {
    if keys_only { encode(key) } else { format!("{} {}", encode(key), encode(value)) }
}

impl Drop for DatabaseSession {
    fn drop(&mut self) {
        if self.db.is_some() {
            self.close().expect("it closes");
        }
    }
}
