//! The engine that the program got is the one it was told to link: `test.sh` runs this test once for each way, and says which.
//!
//! `FIRN_TEST_LINKED`: the directory of the libfirn.so that is to be loaded; `static`: none is. `FIRN_TEST_COMPRESSION`: what the engine was built with.

use std::path::Path;

use firn::{Compression, ErrorKind, Options};

/// The libfirn.so that this process has loaded.
fn loaded() -> Option<String> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    maps.lines().find_map(|line| line.split_whitespace().last().filter(|path| path.contains("/libfirn.so"))).map(String::from)
}

#[test]
fn the_engine_is_the_one_that_was_asked_for() {
    let (major, minor, patch) = firn::library_version();
    assert_eq!(format!("{major}.{minor}.{patch}"), env!("CARGO_PKG_VERSION"));
    let loaded = loaded();
    match std::env::var("FIRN_TEST_LINKED").as_deref() {
        Ok("static") => assert_eq!(loaded, None),
        Ok(directory) => {
            let loaded = loaded.expect("libfirn.so is linked");
            assert_eq!(Path::new(&loaded).parent(), Some(&*std::fs::canonicalize(directory).unwrap()), "{loaded}");
        }
        Err(_) => {}
    }
}

#[test]
fn it_compresses_with_what_it_was_built_with() {
    let asked = std::env::var("FIRN_TEST_COMPRESSION").ok();
    for (compression, name) in [(Compression::None, "none"), (Compression::Lz4, "lz4"), (Compression::Zstd, "zstd")] {
        let directory = tempfile::tempdir().unwrap();
        let opened = Options::new().compression(compression).open(directory.path());
        let is_there = opened.as_ref().map(drop).map_err(|error| error.kind());
        if let Some(asked) = &asked {
            let expected = if name == "none" || asked.split(',').any(|one| one == name) { Ok(()) } else { Err(ErrorKind::Unsupported) };
            assert_eq!(is_there, expected, "{name}");
        }
        let Ok(db) = opened else { continue };
        for i in 0..2000u32 {
            db.put(i.to_be_bytes(), vec![7; 100]).unwrap();
        }
        db.compact().unwrap();
        assert_eq!(db.get(1999u32.to_be_bytes()).unwrap().unwrap(), [7; 100]);
        db.close().unwrap();
        firn::Db::verify(directory.path()).unwrap();
    }
}
