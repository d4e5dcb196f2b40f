//! The scenario files that all languages share (`tests/scenarios` of the checkout): the same commands, the same answers.

mod file;
mod scan;
mod session;
mod words;

use std::path::Path;

use file::File;
use session::Session;

/// Answers that only the C header can give: a binding chooses its chunks itself.
fn is_for_c(path: &Path) -> bool {
    path.to_string_lossy().contains("chunk_too_small")
}

/// Runs a file once; the blocks whose answers differ.
fn differences(file: &File, mode: &str, options: &[String]) -> Option<Vec<String>> {
    let Some(mut session) = Session::open(mode, options) else {
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

#[test]
fn every_scenario_has_the_answers_of_every_other_language() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/scenarios");
    if !directory.exists() {
        eprintln!("SKIPPED: scenarios: not in a checkout of Firn");
        return;
    }
    let mut paths: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt") && !is_for_c(path));
    paths.sort();
    assert!(paths.len() > 15, "the scenarios were not found");

    let (mut runs, mut wrong) = (0, Vec::new());
    for path in paths {
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
