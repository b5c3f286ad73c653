//! The library that is linked is the one that is bound.

use std::fs;

use costmark_sys as sys;

#[test]
fn the_library_is_linked_as_the_features_say() {
    let loaded = fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!sys_version().is_empty());
    assert_eq!(loaded.contains("/libcostmark.so"), cfg!(not(feature = "static")), "{loaded}");
}

fn sys_version() -> &'static str {
    // SAFETY: a static text that ends with NUL.
    unsafe { core::ffi::CStr::from_ptr(sys::costmark_version()) }.to_str().unwrap()
}

#[test]
fn the_versions_agree() {
    let parts =
        [sys::COSTMARK_VERSION_MAJOR, sys::COSTMARK_VERSION_MINOR, sys::COSTMARK_VERSION_PATCH];
    assert_eq!(env!("CARGO_PKG_VERSION"), parts.map(|part| part.to_string()).join("."));
}

#[test]
fn the_library_is_of_the_abi_that_is_bound() {
    // SAFETY: takes nothing.
    assert_eq!(unsafe { sys::costmark_abi_version() }, sys::COSTMARK_ABI_VERSION);
}

#[test]
fn the_library_takes_structs_of_the_size_that_is_bound() {
    // SAFETY: the structs are plain, and zero is a value of each; pointers live for their call.
    unsafe {
        let mut option: sys::costmark_option = core::mem::zeroed();
        sys::costmark_init((&raw mut option).cast(), size_of_val(&option));
        assert_eq!(option.struct_size, size_of_val(&option));
        sys::costmark_option_read(0, &mut option);
        assert!(option.name.len > 0);

        // What the caller knows and the library does not is zeroed.
        let mut larger = [option, option];
        larger[0].struct_size = size_of_val(&larger);
        sys::costmark_option_read(0, larger.as_mut_ptr());
        assert_eq!(larger[0].struct_size, size_of_val(&larger));
        assert_eq!((larger[0].name.len, larger[1].name.len), (option.name.len, 0));
        assert!(larger[1].name.data.is_null() && larger[1].struct_size == 0);
    }
}

#[test]
fn a_larger_input_is_taken_only_if_its_rest_is_zero() {
    // SAFETY: as above.
    unsafe {
        let mut edits: [sys::costmark_json_edit; 2] = core::mem::zeroed();
        edits[0].struct_size = size_of_val(&edits);
        let text =
            |text: &'static str| sys::costmark_str { data: text.as_ptr().cast(), len: text.len() };
        (edits[0].json, edits[0].path) = (text("{}"), text("a"));
        let (mut buffer, mut len) = ([0u8; 8], 0);
        let mut remove = |edits: &[sys::costmark_json_edit; 2]| {
            let (to, error) = (buffer.as_mut_ptr().cast(), core::ptr::null_mut());
            sys::costmark_json_remove(edits.as_ptr(), to, 8, &mut len, error)
        };
        assert_eq!(remove(&edits), sys::COSTMARK_OK);
        edits[1].strict = 1;
        assert_eq!(remove(&edits), sys::COSTMARK_INVALID_ARGUMENT);
    }
}
