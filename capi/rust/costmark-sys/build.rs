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
    refuse_static_runtime();
    let linked_statically = env::var_os("CARGO_FEATURE_STATIC").is_some();
    match env::var("COSTMARK_LIB_DIR") {
        Ok(dir) if linked_statically => link_archive_of(Path::new(&dir)),
        Ok(dir) => link_in(Path::new(&dir)),
        Err(_) => ask_pkg_config(linked_statically),
    }
}

fn refuse_static_runtime() {
    let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
    if features.split(',').any(|feature| feature == "crt-static") {
        refuse(
            "costmark-sys cannot be linked into a program with a static C runtime \
             (-C target-feature=+crt-static, the default of musl targets): libcostmark needs \
             libcurl, OpenSSL and libstdc++, which are linked dynamically also with the feature \
             \"static\", and libcurl looks up names through the runtime's own shared libraries.\n\n\
             Build with -C target-feature=-crt-static, or for a target that ends in -gnu.",
        );
    }
}

fn link_in(dir: &Path) {
    let name = format!("{}costmark{}", env::consts::DLL_PREFIX, env::consts::DLL_SUFFIX);
    if !dir.join(&name).exists() {
        fail(&format!("COSTMARK_LIB_DIR is {}, and there is no {name} in it", dir.display()));
    }
    println!("cargo:rustc-link-search=native={}", dir.display());
    println!("cargo:rustc-link-lib=dylib=costmark");
}

fn link_archive_of(dir: &Path) {
    if !dir.join("libcostmark.a").exists() {
        refuse(&format!(
            "the feature \"static\" links libcostmark.a, and there is none in {}.\n\n\
             cmake --install puts it there; or \
             leave the feature out.",
            dir.display()
        ));
    }
    println!("cargo:rustc-link-search=native={}", dir.display());
    println!("cargo:rustc-link-lib=static=costmark");
    for library in NEEDED {
        println!("cargo:rustc-link-lib=dylib={library}");
    }
}

fn ask_pkg_config(linked_statically: bool) {
    let found = pkg_config::Config::new()
        .atleast_version(OLDEST)
        // pkg-config prefers the shared library wherever the system keeps its own.
        .cargo_metadata(!linked_statically)
        .probe("costmark");
    let dir = found.and_then(|_| pkg_config::get_variable("costmark", "libdir"));
    match dir {
        Ok(dir) if linked_statically => link_archive_of(Path::new(&dir)),
        Ok(_) => {}
        Err(why) => fail(&why.to_string()),
    }
}

fn refuse(why: &str) -> ! {
    eprintln!("{why}");
    exit(1);
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
