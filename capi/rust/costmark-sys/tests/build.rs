//! What the build script refuses, and that it says why.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A folder that is empty.
fn folder(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

fn host() -> String {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("-vV").output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    said.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// Builds this crate anew, which has to fail. Returns what was said.
fn refused(features: &[&str], variables: &[(&str, &str)]) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--offline", "--target", &host(), "--features", &features.join(",")])
        .arg("--manifest-path")
        .arg(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
        .arg("--target-dir")
        .arg(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("build"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("COSTMARK_LIB_DIR")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{said}");
    said
}

/// One after the other: cargo builds in one folder.
#[test]
fn what_cannot_be_linked_is_refused_with_the_reason() {
    let said = refused(&[], &[("RUSTFLAGS", "-C target-feature=+crt-static")]);
    assert!(said.contains("+crt-static") && said.contains("libcurl"), "{said}");

    let empty = folder("empty");
    let empty = empty.to_str().unwrap();
    let said = refused(&["static"], &[("COSTMARK_LIB_DIR", empty)]);
    assert!(said.contains("libcostmark.a, and there is none in") && said.contains(empty), "{said}");
    let said = refused(&[], &[("COSTMARK_LIB_DIR", empty)]);
    assert!(said.contains("there is no libcostmark.so in it"), "{said}");

    // pkg-config knows a library of which there is no archive.
    let shared = folder("shared");
    let description = format!(
        "libdir={}\nName: costmark\nDescription: shared\nVersion: 0.1.0\nLibs: -L${{libdir}} -lcostmark\n",
        shared.display()
    );
    fs::write(shared.join("costmark.pc"), description).unwrap();
    let path = shared.to_str().unwrap();
    let said = refused(&["static"], &[("PKG_CONFIG_PATH", path)]);
    assert!(said.contains("there is none in") && said.contains(path), "{said}");
}
