//! The scenario files that all languages share (`tests/scenarios` of the checkout): the same commands, the same answers.

mod database_session;
mod file;
mod log_session;
mod scan;
mod session;
mod words;

use std::path::{Path, PathBuf};

use firn::ErrorKind;

use database_session::DatabaseSession;
use file::File;
use log_session::LogSession;
use session::Session;

/// Answers that only the C header can give: a binding chooses its chunks itself.
fn is_for_c(path: &Path) -> bool {
    path.to_string_lossy().contains("chunk_too_small")
}

/// `None`: the library lacks what the options ask for.
fn opened(mode: &str, options: &[String]) -> Option<Box<dyn Session>> {
    let mut session: Box<dyn Session> = match mode {
        "log" => Box::new(LogSession::new(options)),
        _ => Box::new(DatabaseSession::new(mode, options)),
    };
    match session.open(&[]) {
        Err(error) if error.kind() == ErrorKind::Unsupported => None,
        result => {
            result.expect("it opens");
            Some(session)
        }
    }
}

/// Runs a file once; the blocks whose answers differ.
fn differences(file: &File, mode: &str, options: &[String]) -> Option<Vec<String>> {
    let Some(mut session) = opened(mode, options) else {
        eprintln!("SKIPPED: {} with {options:?}: this build lacks a compression", file.path.display());
        return None;
    };
    let differs = |block: &file::Block| {
        let got: Vec<String> = block.commands.iter().flat_map(|command| session.run(command)).collect();
        let place = format!("{}:{} ({mode} {options:?})", file.path.display(), block.line);
        (got != block.answer).then(|| format!("{place}\nexpected {:#?}\ngot {got:#?}", block.answer))
    };
    Some(file.blocks.iter().filter_map(differs).collect())
}

fn scenarios_in(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt") && !is_for_c(path));
    paths.sort();
    paths
}

#[test]
fn every_scenario_has_the_answers_of_every_other_language() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/scenarios");
    if !directory.exists() {
        eprintln!("SKIPPED: scenarios: not in a checkout of Firn");
        return;
    }
    let (of_databases, of_logs) = (scenarios_in(&directory), scenarios_in(&directory.join("log")));
    assert!(of_databases.len() > 15 && of_logs.len() > 3, "the scenarios were not found");

    let (mut runs, mut wrong) = (0, Vec::new());
    for path in of_databases.into_iter().chain(of_logs) {
        let file = File::read(&path);
        for mode in &file.modes {
            for found in file.option_sets.iter().filter_map(|options| differences(&file, mode, options)) {
                runs += 1;
                wrong.extend(found);
            }
        }
    }
    println!("{runs} runs");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
