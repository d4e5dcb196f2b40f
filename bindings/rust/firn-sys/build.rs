//! Finds libfirn, or compiles it:
//!
//! 1. feature `vendored`: compiles the engine in `vendor/` (in the package a copy; in a checkout links to what is copied);
//! 2. `FIRN_LIB_DIR`: the directory that holds the library;
//! 3. pkg-config (`PKG_CONFIG_PATH` helps it to find an installation elsewhere).
//!
//! `FIRN_STATIC` (set, and not `0`) links libfirn.a instead of libfirn.so in 2 and 3.
//!
//! Crates that depend on this one read `DEP_FIRN_INCLUDE` and `DEP_FIRN_LIB_DIR` in their build scripts.

use std::env;
use std::path::{Path, PathBuf};

/// What the archive needs besides itself when nobody says more: zlib and the C++ runtime.
const PRIVATE_LIBRARIES: [&str; 2] = ["z", "stdc++"];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for variable in ["FIRN_LIB_DIR", "FIRN_STATIC", "PKG_CONFIG_PATH"] {
        println!("cargo::rerun-if-env-changed={variable}");
    }
    if env::var_os("DOCS_RS").is_some() {
        return; // documentation links nothing
    }
    #[cfg(feature = "vendored")]
    compile();
    #[cfg(not(feature = "vendored"))]
    find();
}

#[cfg_attr(feature = "vendored", allow(dead_code))]
fn find() {
    let is_static = env::var("FIRN_STATIC").is_ok_and(|value| !value.is_empty() && value != "0");
    if let Some(directory) = env::var_os("FIRN_LIB_DIR") {
        link_from(&PathBuf::from(directory), is_static);
    } else if is_static {
        link_static(&probe(true));
    } else {
        tell_dependents(&probe(false));
    }
}

/// With `is_static` only asks; without, cargo is told at once what to link.
fn probe(is_static: bool) -> pkg_config::Library {
    let found =
        pkg_config::Config::new().atleast_version(env!("CARGO_PKG_VERSION")).statik(is_static).cargo_metadata(!is_static).probe("firn");
    found.unwrap_or_else(|error| {
        panic!(
            "libfirn was not found: {error}\n\
             Install Firn and set PKG_CONFIG_PATH to its lib/pkgconfig, or set FIRN_LIB_DIR to the directory of the library, \
             or use the feature `vendored`, which compiles it."
        )
    })
}

fn tell_dependents(library: &pkg_config::Library) {
    if let Some(include) = library.include_paths.first() {
        println!("cargo::metadata=include={}", include.display());
    }
    if let Some(directory) = library.link_paths.first() {
        println!("cargo::metadata=lib_dir={}", directory.display());
    }
}

fn link_static(library: &pkg_config::Library) {
    for directory in &library.link_paths {
        println!("cargo::rustc-link-search=native={}", directory.display());
    }
    println!("cargo::rustc-link-lib=static=firn");
    for name in library.libs.iter().filter(|name| *name != "firn") {
        println!("cargo::rustc-link-lib={name}");
    }
    tell_dependents(library);
}

fn link_from(directory: &Path, is_static: bool) {
    let kind = if is_static { "static" } else { "dylib" };
    println!("cargo::rustc-link-search=native={}", directory.display());
    println!("cargo::rustc-link-lib={kind}=firn");
    println!("cargo::metadata=lib_dir={}", directory.display());
    if is_static {
        for name in private_libraries(directory) {
            println!("cargo::rustc-link-lib={name}");
        }
    }
}

/// What `Libs.private` of the firn.pc that belongs to `directory` names: `lib/pkgconfig` of an installed tree, `pkgconfig` of a build tree.
fn private_libraries(directory: &Path) -> Vec<String> {
    let file = directory.join("pkgconfig").join("firn.pc");
    println!("cargo::rerun-if-changed={}", file.display());
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Libs.private:"));
    let names = line.map(|line| line.split_whitespace().filter_map(|word| word.strip_prefix("-l")).map(String::from).collect());
    names.unwrap_or_else(|| PRIVATE_LIBRARIES.map(String::from).to_vec())
}

#[cfg(feature = "vendored")]
fn compile() {
    let vendor = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("vendor");
    for directory in ["core", "capi"] {
        println!("cargo::rerun-if-changed={}", vendor.join(directory).display());
    }
    let mut build = cc::Build::new();
    build.cpp(true).std("c++20").warnings(false).flag("-fvisibility=hidden");
    // For speed also in debug builds of the host: the engine is not what is being debugged.
    build.opt_level(3).define("NDEBUG", None).define("FIRN_BUILDING_LIBRARY", None);
    for directory in ["core", "capi", "capi/include"] {
        build.include(vendor.join(directory));
    }
    // Each of these crates says where its headers lie. zlib may be the system's, whose header needs no path; it is never optional.
    for links in ["Z", "LIBDEFLATE", "LZ4", "ZSTD"] {
        let Ok(paths) = env::var(format!("DEP_{links}_INCLUDE")) else {
            // Else the library would lack what the feature promises, and nobody would hear of it before a database is opened.
            assert!(
                links == "Z" || env::var_os(format!("CARGO_FEATURE_{links}")).is_none(),
                "nobody has said where the headers of {links} lie (DEP_{links}_INCLUDE), which is a feature that was asked for"
            );
            continue;
        };
        build.includes(paths.split([',', ';']));
        if links != "Z" {
            build.define(&format!("FIRN_HAVE_{links}"), None);
        }
    }
    build.files(sources(&vendor)).compile("firn");
    println!("cargo::metadata=include={}", vendor.join("capi/include").display());
}

#[cfg(feature = "vendored")]
fn sources(vendor: &Path) -> Vec<PathBuf> {
    let layers = entries(&vendor.join("core")).into_iter().filter(|path| path.is_dir());
    let directories = layers.chain([vendor.join("capi")]);
    let mut sources: Vec<_> = directories.flat_map(|directory| entries(&directory)).collect();
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "cc"));
    sources.sort();
    sources
}

#[cfg(feature = "vendored")]
fn entries(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    entries.map(|entry| entry.expect("a directory of sources can be read").path()).collect()
}
