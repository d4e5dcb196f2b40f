//! Every function of the C API is used by this crate, or is left out for a reason that stands here.

use std::collections::BTreeSet;
use std::path::Path;

const LEFT_OUT: &[(&str, &str)] = &[
    ("firn_add_to", "the twin of firn_add for runtimes that cannot take a struct"),
    ("firn_backup_begin", BACKUP),
    ("firn_backup_delete", BACKUP),
    ("firn_backup_finish", BACKUP),
    ("firn_backup_list", BACKUP),
    ("firn_backup_step", BACKUP),
    ("firn_backup_verify", BACKUP),
    ("firn_explain_key", INSPECTS),
    ("firn_get_api", "a table of the functions for runtimes that load the library themselves; this crate links it"),
    ("firn_inspect", INSPECTS),
    ("firn_iter_chunk", "firn_iter_entries crosses as seldom and copies nothing"),
    ("firn_log_bounds", "firn_log_bounds_to tells a closed log from an empty one"),
    ("firn_option_count", OPTIONS),
    ("firn_option_info_at", OPTIONS),
    ("firn_options_parse", OPTIONS),
    ("firn_options_set_u64", OPTIONS),
    ("firn_restore_begin", BACKUP),
    ("firn_salvage", INSPECTS),
    ("firn_status_name", "ErrorKind has the names"),
    ("firn_txn_commit", "firn_txn_commit_ex with no flags"),
];
const BACKUP: &str = "the command `firn backup` makes, lists, verifies and restores backups; a program has Db::checkpoint";
const INSPECTS: &str = "for operators and damaged files: the command `firn` has it";
const OPTIONS: &str = "Options::set takes every option by its name, as text";

/// The names of this form in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("firn_")).collect()
}

fn declared(header: &str) -> BTreeSet<&str> {
    let declarations = header.split("\nFIRN_API ").skip(1);
    declarations.filter_map(|rest| rest.split_once('(')?.0.rsplit([' ', '*']).next()).collect()
}

#[test]
fn every_function_of_the_header_is_used_or_left_out_for_a_reason() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let header = std::fs::read_to_string(here.join("../../../capi/include/firn.h")).unwrap();
    let declared = declared(&header);
    assert!(declared.len() > 100, "the header was not understood");
    let sources: String =
        std::fs::read_dir(here.join("src")).unwrap().map(|entry| std::fs::read_to_string(entry.unwrap().path()).unwrap()).collect();
    let calls = sources.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let used = names(&calls);
    let left_out: BTreeSet<&str> = LEFT_OUT.iter().map(|(name, _)| *name).collect();
    assert_eq!(left_out.len(), LEFT_OUT.len());

    let unreachable: Vec<_> = declared.difference(&used).filter(|name| !left_out.contains(*name)).collect();
    assert!(unreachable.is_empty(), "neither used nor left out: {unreachable:?}");
    let stale: Vec<_> = left_out.iter().filter(|name| used.contains(*name) || !declared.contains(*name)).collect();
    assert!(stale.is_empty(), "left out, and used or not there: {stale:?}");
}
