//! A durable log, and what the commands of a scenario do with it.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use firn::{Append, Log, LogOptions, Pinned, Result};

use crate::file::Command;
use crate::session::{Answer, NOT_FOUND, Session, answer, done, forever, one, settings, value};
use crate::words::encode;

/// As `NOT_FOUND`.
const TIMEOUT: &str = "error FIRN_TIMEOUT";

pub struct LogSession {
    options: Vec<String>,
    directory: tempfile::TempDir,
    log: Option<&'static Log>,
    pins: HashMap<String, Pinned<'static>>,
}

fn index(c: &Command, at: usize) -> u64 {
    c.text(at).parse().expect("an index or a count")
}

impl LogSession {
    pub fn new(options: &[String]) -> Self {
        Self { options: options.to_vec(), directory: tempfile::tempdir().unwrap(), log: None, pins: HashMap::new() }
    }

    fn open_with(&self, options: LogOptions) -> Result<Log> {
        options.open(self.directory.path().join("log"))
    }

    fn log(&self) -> &'static Log {
        self.log.expect("it is open")
    }

    fn append_batch(&self, c: &Command) -> Answer {
        let mut records = Append::new();
        records.extend(c.lines.iter().map(|line| line.word(0)));
        answer(self.log().append_all(&records), one)
    }

    fn scan(&self, c: &Command) -> Answer {
        let from = c.number("from").map_or_else(|| self.log().bounds().map(|bounds| bounds.start), Ok);
        let limit = c.number("limit").map_or(usize::MAX, |limit| limit as usize);
        let scanned = from.and_then(|from| self.log().records(from).take(limit).collect::<Result<Vec<_>>>());
        answer(scanned, |records| records.iter().map(|record| format!("{} {}", record.index, encode(&record.data))).collect())
    }

    fn pin(&mut self, c: &Command) -> Answer {
        answer(self.log().read_pinned(index(c, 1)), |pin| match pin {
            None => one(NOT_FOUND),
            Some(pin) => {
                self.pins.insert(c.text(0).to_string(), pin);
                one("ok")
            }
        })
    }
}

impl Session for LogSession {
    fn open(&mut self, more: &[String]) -> Result<()> {
        let options = settings(&self.options, more).fold(LogOptions::new(), |options, (name, value)| options.set(name, value));
        self.log = Some(forever(self.open_with(options)?));
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        self.log.take().expect("it is open").close()
    }

    /// Every record is verified, and nothing is written.
    fn check(&self) -> Result<()> {
        self.open_with(LogOptions::new().read_only(true).verify_on_open(true))?.close()
    }

    fn run_opened(&mut self, c: &Command) -> Answer {
        match c.name.as_str() {
            "append" => answer(self.log().append(c.word(0)), one),
            "append_batch" => self.append_batch(c),
            "fill" => done((0..index(c, 0)).try_for_each(|_| self.log().append(c.word(1)).map(drop))),
            "read" => value(self.log().read(index(c, 0))),
            "scan" => self.scan(c),
            "pin" => self.pin(c),
            "pinned" => one(encode(&self.pins[c.text(0)])),
            "bounds" => answer(self.log().bounds(), |bounds| one(format!("{} {}", bounds.start, bounds.end))),
            "durable" => answer(self.log().durable(), one),
            "wait" => answer(self.log().wait_for(index(c, 0), Duration::ZERO), |is_there| one(if is_there { "ok" } else { TIMEOUT })),
            "seek_time" => answer(self.log().seek_time(SystemTime::UNIX_EPOCH + Duration::from_millis(index(c, 0))), one),
            "sync" => done(self.log().sync()),
            "retain" => done(self.log().retain()),
            "trim_before" => done(self.log().trim_before(index(c, 0))),
            "trim_after" => done(self.log().trim_after(index(c, 0))),
            "reset" => done(self.log().reset(index(c, 0))),
            other => panic!("unknown: {other}"),
        }
    }
}

impl Drop for LogSession {
    fn drop(&mut self) {
        if self.log.is_some() {
            self.close().expect("it closes");
        }
    }
}
