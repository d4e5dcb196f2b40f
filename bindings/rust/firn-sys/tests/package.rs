//! The package is whole: what `cargo package` makes of this crate holds the engine of the checkout, byte for byte, and nothing that it does not need.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../..")
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Relative name to content, of the C++ sources below `core` and `capi`; the command line of Firn is not in the library.
fn engine(base: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for path in ["core", "capi"].iter().flat_map(|layer| files_below(&base.join(layer))) {
        let name = path.strip_prefix(base).unwrap().to_path_buf();
        let is_source = name.extension().is_some_and(|extension| extension == "cc" || extension == "h");
        if is_source && !name.starts_with("capi/cli") {
            found.insert(name, std::fs::read(&path).unwrap());
        }
    }
    found
}

#[test]
fn the_package_holds_the_engine_byte_for_byte() {
    if !root().join("capi/firn.map").exists() {
        eprintln!("skipped: not in a checkout of Firn, there is nothing to compare with");
        return;
    }
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("package");
    let mut package = Command::new(env!("CARGO"));
    package.current_dir(env!("CARGO_MANIFEST_DIR")).args(["package", "--no-verify", "--allow-dirty", "--target-dir"]).arg(&target);
    assert!(package.status().unwrap().success());

    let unpacked = target.join("unpacked");
    let _ = std::fs::remove_dir_all(&unpacked);
    std::fs::create_dir_all(&unpacked).unwrap();
    let name = concat!(env!("CARGO_PKG_NAME"), "-", env!("CARGO_PKG_VERSION"));
    let archive = target.join("package").join(format!("{name}.crate"));
    assert!(Command::new("tar").arg("xzf").arg(archive).arg("-C").arg(&unpacked).status().unwrap().success());

    let (ours, theirs) = (engine(&root()), engine(&unpacked.join(name).join("vendor")));
    assert!(ours.len() > 100, "the engine was not found");
    assert_eq!(theirs.keys().collect::<Vec<_>>(), ours.keys().collect::<Vec<_>>());
    for (file, content) in &ours {
        assert!(theirs[file] == *content, "{} differs from the engine", file.display());
    }
    for file in files_below(&unpacked) {
        let kind = std::fs::symlink_metadata(&file).unwrap().file_type();
        assert!(kind.is_file(), "{} is not a plain file", file.display());
    }
}
