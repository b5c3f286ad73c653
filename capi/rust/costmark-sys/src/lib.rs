//! Raw bindings to libcostmark, a C library that marks every Amazon Bedrock call with the project
//! that pays for it. The crate `costmark` is the safe face of it.
//!
//! The declarations are those of `costmark.h`, which is their manual; they are checked in, and
//! `capi/rust/regenerate` makes them. Sizes, alignments and offsets are asserted at compile time.
//!
//! # Linking
//!
//! The library is looked for in `COSTMARK_LIB_DIR`, else by pkg-config. The feature `static` links
//! `libcostmark.a` instead of the shared library. A shared library where the loader does not look
//! needs `LD_LIBRARY_PATH`, or an rpath.

#![no_std]
#![allow(non_camel_case_types, missing_docs)]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("the bindings were made for 64-bit targets; run capi/rust/regenerate on this one");

#[rustfmt::skip]
mod bindings;

pub use bindings::*;
