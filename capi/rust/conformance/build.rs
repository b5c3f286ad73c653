//! Lets the runner find libcostmark where it was linked from, without `LD_LIBRARY_PATH`.

use std::env;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=COSTMARK_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    let named = env::var("COSTMARK_LIB_DIR").ok();
    if let Some(dir) = named.or_else(|| pkg_config::get_variable("costmark", "libdir").ok()) {
        println!("cargo:rustc-link-arg-bins=-Wl,-rpath,{dir}");
    }
}
