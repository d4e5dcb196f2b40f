//! The bindings are what the C header declares: its text is read, translated to Rust and looked up in `src/lib.rs`; layouts are asked of
//! a C compiler.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The header of the engine in this checkout; in a packaged crate, of the copy.
fn header_path() -> PathBuf {
    let engine = here().join("../../../capi/include/firn.h");
    if engine.exists() { engine } else { here().join("vendor/capi/include/firn.h") }
}

/// The header on one line without its comments, and its lines that define numbers.
fn header() -> (String, Vec<String>) {
    let text = std::fs::read_to_string(header_path()).expect("firn.h");
    let mut code = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("/*") {
        code.push_str(before);
        rest = after.split_once("*/").expect("comments are closed").1;
    }
    code.push_str(rest);
    let defines = code.lines().filter(|line| line.starts_with("#define")).map(String::from).collect();
    let flat: Vec<&str> = code.lines().filter(|line| !line.starts_with('#')).collect();
    (squeeze(&flat.join(" ")), defines)
}

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Without white space and trailing commas, so that no formatting matters.
fn essence(text: &str) -> String {
    let dense: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    dense.replace(",)", ")")
}

fn rust_type(c: &str) -> String {
    let pointer = match (c.contains('*'), c.trim_start().starts_with("const ")) {
        (false, _) => "",
        (true, true) => "*const ",
        (true, false) => "*mut ",
    };
    let base = match c.replace("const ", "").replace('*', "").trim() {
        "uint8_t" => "u8".to_string(),
        "uint32_t" => "u32".to_string(),
        "int32_t" => "i32".to_string(),
        "uint64_t" => "u64".to_string(),
        "int64_t" => "i64".to_string(),
        "size_t" => "usize".to_string(),
        "char" => "c_char".to_string(),
        "void" => "c_void".to_string(),
        other => other.to_string(),
    };
    format!("{pointer}{base}")
}

/// "const uint8_t *key" to ("const uint8_t *", "key").
fn split_name(declaration: &str) -> (&str, &str) {
    declaration.trim().split_at(declaration.trim().rfind([' ', '*']).expect("a type and a name") + 1)
}

fn rust_function(declaration: &str) -> String {
    let (head, parameters) = declaration.split_once('(').expect("a function");
    let (result, name) = split_name(head);
    let parameters = parameters.trim_end_matches(')').split(',').filter(|parameter| parameter.trim() != "void").map(|parameter| {
        let (c, name) = split_name(parameter);
        format!("{name}: {}", rust_type(c))
    });
    let result = match rust_type(result).as_str() {
        "c_void" => String::new(),
        other => format!(" -> {other}"),
    };
    format!("pub fn {name}({}){result};", parameters.collect::<Vec<_>>().join(", "))
}

fn functions(code: &str) -> Vec<String> {
    code.split("FIRN_API ").skip(1).map(|rest| rust_function(rest.split(';').next().expect("a declaration"))).collect()
}

fn constants(defines: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for line in defines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [_, name, value] = words[..] else { continue };
        let value = value.trim_matches(['(', ')']);
        let (digits, is_unsigned) = value.strip_suffix('u').map_or((value, false), |digits| (digits, true));
        if digits.parse::<i64>().is_err() {
            continue;
        }
        let kind = if is_unsigned || name.starts_with("FIRN_VERSION") { "u32" } else { "i32" };
        found.push(format!("pub const {name}: {kind} = {digits};"));
    }
    found
}

#[test]
fn every_declaration_of_the_header_is_bound_and_nothing_else() {
    let (code, defines) = header();
    let rust = essence(&std::fs::read_to_string(here().join("src/lib.rs")).expect("src/lib.rs"));
    let functions = functions(&code);
    assert!(functions.len() > 60, "the header was not understood");
    let constants = constants(&defines);
    assert!(constants.len() > 40, "the header was not understood");
    let missing: Vec<_> = functions.iter().chain(&constants).filter(|line| !rust.contains(&essence(line))).collect();
    assert!(missing.is_empty(), "firn.h declares, src/lib.rs lacks: {missing:#?}");
    assert_eq!(rust.matches("pubfnfirn_").count(), functions.len(), "src/lib.rs binds a function that firn.h does not declare");
    assert_eq!(rust.matches("pubconstFIRN_").count(), constants.len(), "src/lib.rs has a constant that firn.h does not define");
}

macro_rules! layouts {
    ($($name:ident { $($field:ident),* })*) => {
        fn rust_layouts() -> BTreeSet<String> {
            let mut all = BTreeSet::new();
            $(
                all.insert(format!("{} {}", stringify!($name), size_of::<firn_sys::$name>()));
                $(all.insert(format!("{}.{} {}", stringify!($name), stringify!($field), std::mem::offset_of!(firn_sys::$name, $field)));)*
            )*
            all
        }
        const STRUCTS: &[(&str, &[&str])] = &[$((stringify!($name), &[$(stringify!($field)),*])),*];
    };
}

layouts! {
    firn_error { struct_size, code, os_errno, reserved, offset, file, message }
    firn_option_info { struct_size, flags, name, r#type, default_value, range, text }
    firn_recovery_info { struct_size, clean, records_replayed, bytes_replayed, bytes_dropped, dropped_offset, dropped_file }
    firn_pin_t { data, len, version, owner }
    firn_entry { struct_size, reserved, version, expiry_ms }
    firn_put_opts { struct_size, flags, if_version, ttl_ms }
    firn_i64 { value, status }
    firn_scan_opts { struct_size, flags, ns, reserved, lower, lower_len, upper, upper_len, prefix, prefix_len, limit, glob, glob_len }
    firn_log_range { first, next }
    firn_kv { key, key_len, val, val_len }
    firn_answer { data, len, version, code, reserved }
    firn_latency { count, sum_ns, p50_ns, p99_ns, p999_ns, max_ns }
    firn_stats_t {
        struct_size, flags, version, durable_version, uptime_ms, gets, get_misses, get_bytes, scans, commits, puts, deletes, write_bytes,
        transactions, conflicts, log_written_bytes, syncs, sync_waits, sync_group_max, flushes, flush_bytes, compactions,
        compaction_read_bytes, compaction_bytes, moved_tables, stalls, cache_misses, cache_miss_bytes, events, memtable_count,
        memtable_bytes, log_bytes, run_count, table_count, table_bytes, table_entries, table_tombstones, table_key_value_bytes,
        table_memory_bytes, flush_debt_bytes, compaction_debt_bytes, write_amplification_permille, read_amplification,
        space_amplification_permille, namespaces, retired_views, retired_oldest_ms, retired_table_bytes, get, commit, sync, flush,
        compaction, stall
    }
    firn_event { number, time_ms, kind, code, duration_us, bytes_read, bytes_written, reserved }
    firn_backup_progress { struct_size, reserved, bytes_total, bytes_done, bytes_linked, tables_total, tables_done, version }
    firn_loss { kind, code, offset, bytes, entries, first_len, last_len, first_key, last_key, file, text }
    firn_salvage_report {
        struct_size, reserved, tables, tables_damaged, tables_lost, log_records, entries_read, entries_written, entries_lost, bytes_lost,
        losses
    }
}

#[test]
fn layouts_are_those_of_a_c_compiler() {
    let (code, _) = header();
    let declared = code.matches("typedef struct").count() - code.split(';').filter(|part| is_opaque(part)).count() - 1; // firn_api
    assert_eq!(STRUCTS.len(), declared, "firn.h declares a structure that this test does not know");

    let mut program = String::from("#include <stdio.h>\n#include <firn.h>\nint main(void) {\n");
    for (name, fields) in STRUCTS {
        writeln!(program, "printf(\"{name} %zu\\n\", sizeof({name}));").unwrap();
        for field in *fields {
            let in_c = field.trim_start_matches("r#");
            writeln!(program, "printf(\"{name}.{field} %zu\\n\", offsetof({name}, {in_c}));").unwrap();
        }
    }
    program.push_str("return 0;\n}\n");

    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let (source, binary) = (directory.join("layouts.c"), directory.join("layouts"));
    std::fs::write(&source, program).unwrap();
    let include = header_path().parent().expect("a directory").to_path_buf();
    let compiled = Command::new("cc").arg("-I").arg(include).arg(&source).arg("-o").arg(&binary).status().expect("cc can be run");
    assert!(compiled.success());
    let output = Command::new(&binary).output().expect("the program runs");
    let of_c: BTreeSet<String> = String::from_utf8(output.stdout).unwrap().lines().map(String::from).collect();
    assert_eq!(of_c, rust_layouts());
}

/// "typedef struct firn_db firn_db"
fn is_opaque(declaration: &str) -> bool {
    let words: Vec<&str> = declaration.split_whitespace().collect();
    matches!(words[..], ["typedef", "struct", one, other] if one == other)
}
