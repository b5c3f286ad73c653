//! Finds libcostmark: where `COSTMARK_LIB_DIR` says, else through pkg-config.

use std::env;
use std::path::Path;
use std::process::exit;

const OLDEST: &str = "0.1.0";

/// What the static library needs besides, when pkg-config is not asked.
const NEEDED: [&str; 4] = ["curl", "crypto", "simdjson", "stdc++"];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=COSTMARK_LIB_DIR");
    if env::var_os("DOCS_RS").is_some() {
        return; // only reads the declarations
    }
    let linked_statically = env::var_os("CARGO_FEATURE_STATIC").is_some();
    match env::var("COSTMARK_LIB_DIR") {
        Ok(dir) => link_in(Path::new(&dir), linked_statically),
        Err(_) => ask_pkg_config(linked_statically),
    }
}

fn link_in(dir: &Path, linked_statically: bool) {
    let name = if linked_statically {
        "libcostmark.a".to_owned()
    } else {
        format!("{}costmark{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX)
    };
    if !dir.join(&name).exists() {
        fail(&format!("COSTMARK_LIB_DIR is {}, and there is no {name} in it", dir.display()));
    }
    println!("cargo:rustc-link-search=native={}", dir.display());
    if linked_statically {
        println!("cargo:rustc-link-lib=static=costmark");
        for library in NEEDED {
            println!("cargo:rustc-link-lib=dylib={library}");
        }
    } else {
        println!("cargo:rustc-link-lib=dylib=costmark");
    }
}

fn ask_pkg_config(linked_statically: bool) {
    let found = pkg_config::Config::new()
        .atleast_version(OLDEST)
        .statik(linked_statically)
        .probe("costmark");
    if let Err(why) = found {
        fail(&why.to_string());
    }
}

fn fail(why: &str) -> ! {
    eprintln!(
        "\
libcostmark {OLDEST} or newer was not found.

Install it, from a checkout of costmark:

    cmake -B build -DCMAKE_BUILD_TYPE=Release && cmake --build build
    sudo cmake --install build --prefix /usr/local

or from its Debian package. Where pkg-config does not look by itself, say where it is:

    export PKG_CONFIG_PATH=/where/it/is/lib/pkgconfig   # the folder of costmark.pc
    export COSTMARK_LIB_DIR=/where/it/is/lib            # or, without pkg-config, of the library

What was tried: {why}"
    );
    exit(1);
}
