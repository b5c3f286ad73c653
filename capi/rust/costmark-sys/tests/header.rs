//! What is bound is what the header declares and the library exports. The header is beside the crate
//! in the repository, and not in the package.

use std::collections::BTreeSet;
use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

fn capi(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

fn bindings() -> String {
    fs::read_to_string(capi("rust/costmark-sys/src/bindings.rs")).unwrap()
}

#[test]
fn every_exported_function_is_bound() {
    let bindings = bindings();
    let bound: BTreeSet<_> = bindings
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub fn "))
        .filter_map(|rest| rest.split('(').next())
        .collect();
    let symbols = fs::read_to_string(capi("costmark.symbols")).unwrap();
    let exported: BTreeSet<_> = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| name.starts_with("costmark_"))
        .collect();
    assert!(exported.len() > 80, "{} symbols", exported.len());
    assert_eq!(bound, exported);
}

/// The sizes, alignments, offsets and constants that are asserted or written in Rust, as assertions in
/// C.
fn assertions(bindings: &str) -> String {
    let mut text = String::from("#include <costmark/testing.h>\n#include <stddef.h>\n");
    for (about, rest) in bindings.split("[\"").filter_map(|piece| piece.split_once("\"]")) {
        let (what, name) = about.split_once(" of ").unwrap();
        let number = rest.split("usize]").next().unwrap().rsplit("- ").next().unwrap();
        let measured = match what {
            "Size" => format!("sizeof({name})"),
            "Alignment" => format!("_Alignof({name})"),
            "Offset" => {
                let (name, field) = name.strip_prefix("field: ").unwrap().split_once("::").unwrap();
                format!("offsetof({name}, {})", field.trim_end_matches('_'))
            }
            _ => panic!("{about}"),
        };
        writeln!(text, "_Static_assert({measured} == {number}, \"{about}\");").unwrap();
    }
    for line in bindings.lines().filter_map(|line| line.strip_prefix("pub const COSTMARK_")) {
        let (name, value) = line.trim_end_matches(';').split_once(" = ").unwrap();
        let name = name.split(':').next().unwrap();
        writeln!(text, "_Static_assert(COSTMARK_{name} == {value}, \"{name}\");").unwrap();
    }
    text
}

/// What a C compiler says against assertions about the header.
fn c_compiler_objects(source: &str) -> String {
    let mut compiler = Command::new(env::var_os("CC").unwrap_or_else(|| "cc".into()))
        .args(["-std=c11", "-fsyntax-only", "-x", "c", "-I"])
        .arg(capi("include"))
        .arg("-")
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("what links Rust programs is a C compiler");
    compiler.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    let output = compiler.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.success(), said.is_empty(), "{said}");
    said
}

#[test]
fn layouts_and_constants_are_those_of_the_header() {
    let source = assertions(&bindings());
    for part in ["sizeof(costmark_request)", "offsetof(costmark_option, type)", "(COSTMARK_OK "] {
        assert!(source.contains(part), "{part}");
    }
    assert!(source.lines().count() > 150, "{source}");
    assert_eq!(c_compiler_objects(&source), "");
}

#[test]
fn a_layout_that_is_not_the_headers_is_noticed() {
    let changed = bindings().replace("offset_of!(costmark_request, body) - ", "offset_of!() - 1");
    let said = c_compiler_objects(&assertions(&changed));
    assert!(said.contains("Offset of field: costmark_request::body"), "{said}");
}

/// Proves that the whole file is what the header gives, where bindgen is there to tell.
#[test]
fn the_bindings_are_what_the_header_gives() {
    let output = Command::new(capi("rust/regenerate")).arg("--check").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(3) {
        eprintln!("skipped: {said}");
        return;
    }
    assert!(output.status.success(), "{}\n{said}", String::from_utf8_lossy(&output.stdout));
}
