//! What would outlive the database, the transaction or the step that it came from does not compile.

use std::path::{Path, PathBuf};

/// The compiler whose messages lie in `compile_fail/`. With another one the programs must fail all the same, whatever it says.
const MESSAGES_OF: &str = "rustc 1.95.";

#[test]
fn misuse_of_lifetimes_and_threads_does_not_compile() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/compile_fail");
    let rustc = std::process::Command::new("rustc").arg("--version").output().expect("rustc can be run");
    let tests = trybuild::TestCases::new();
    if String::from_utf8_lossy(&rustc.stdout).starts_with(MESSAGES_OF) {
        tests.compile_fail(cases.join("*.rs"));
        return;
    }
    eprintln!("the messages are of {MESSAGES_OF}x: they are not compared");
    // SAFETY: the only test of this binary: no other thread reads the environment.
    unsafe { std::env::set_var("TRYBUILD", "overwrite") };
    tests.compile_fail(copies(&cases).join("*.rs"));
}

/// Where messages may be overwritten.
fn copies(cases: &Path) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("compile_fail");
    std::fs::create_dir_all(&directory).unwrap();
    for entry in std::fs::read_dir(cases).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            std::fs::copy(&path, directory.join(path.file_name().unwrap())).unwrap();
        }
    }
    directory
}
