//! What a scenario is run on, and the words in which its commands answer.

use firn::{Error, Result};

use crate::file::Command;
use crate::words::encode;

pub type Answer = Vec<String>;

/// What is no error in Rust: the answer is the one of the C API.
pub const NOT_FOUND: &str = "error FIRN_NOT_FOUND";

pub trait Session {
    /// With the options of the file, then these.
    fn open(&mut self, more: &[String]) -> Result<()>;
    fn close(&mut self) -> Result<()>;
    fn check(&self) -> Result<()>;
    /// A command beside open, close, reopen and check.
    fn run_opened(&mut self, c: &Command) -> Answer;

    fn run(&mut self, c: &Command) -> Answer {
        match c.name.as_str() {
            "open" => done(self.open(&options_of(c))),
            "close" => done(self.close()),
            "reopen" => done(self.close().and_then(|()| self.open(&options_of(c)))),
            "check" => done(self.check()),
            _ => self.run_opened(c),
        }
    }
}

fn options_of(c: &Command) -> Vec<String> {
    c.named.iter().map(|(name, value)| format!("{name}={}", String::from_utf8_lossy(value))).collect()
}

/// Names and values.
pub fn settings<'a>(options: &'a [String], more: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
    options.iter().chain(more).map(|option| option.split_once('=').expect("name=value"))
}

/// As long as the program: names outlive the scopes that the compiler would ask for.
pub fn forever<T>(value: T) -> &'static mut T {
    Box::leak(Box::new(value))
}

pub fn failure(error: &Error) -> String {
    // SAFETY: any number may be asked about; the answer is static text.
    let name = unsafe { std::ffi::CStr::from_ptr(firn_sys::firn_status_name(error.code())) };
    format!("error {}", name.to_str().unwrap())
}

pub fn answer<T>(result: Result<T>, show: impl FnOnce(T) -> Answer) -> Answer {
    result.map_or_else(|error| vec![failure(&error)], show)
}

pub fn one(text: impl ToString) -> Answer {
    vec![text.to_string()]
}

pub fn done<T>(result: Result<T>) -> Answer {
    answer(result, |_| one("ok"))
}

pub fn value(result: Result<Option<Vec<u8>>>) -> Answer {
    answer(result, |value| value.map_or_else(|| one(NOT_FOUND), |value| one(encode(&value))))
}
