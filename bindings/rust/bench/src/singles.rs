//! Single durable writes, engine by engine in turn: the pace of a disk changes from second to second, and by more than engines differ.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::engine::{Engine, KEY_BYTES, VALUE_BYTES};

const WRITES: usize = 50;

type Round = Box<dyn FnMut() -> Duration>;

/// An engine in a directory below `base`, and what its rounds took.
pub struct Writer {
    pub name: &'static str,
    round: Round,
    pub times: Vec<Duration>,
}

impl Writer {
    pub fn new<E: Engine + 'static>(base: &Path) -> Self {
        let directory = base.join(E::NAME);
        std::fs::create_dir(&directory).unwrap();
        let (engine, mut rng) = (E::open(&directory), fastrand::Rng::with_seed(5));
        let round = move || {
            let start = Instant::now();
            for _ in 0..WRITES {
                let (mut key, mut value) = ([0; KEY_BYTES], [0; VALUE_BYTES]);
                rng.fill(&mut key);
                rng.fill(&mut value);
                engine.put(&key, &value);
            }
            start.elapsed()
        };
        Self { name: E::NAME, round: Box::new(round), times: Vec::new() }
    }

    pub fn run(&mut self) {
        let time = (self.round)();
        self.times.push(time);
    }

    /// Commits a second in the middle round.
    pub fn rate(&self) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        WRITES as f64 / times[times.len() / 2].as_secs_f64()
    }
}
