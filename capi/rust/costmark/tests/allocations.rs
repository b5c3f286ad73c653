//! A steady stream of requests allocates nothing on this side of C.
#![allow(missing_docs)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use costmark::{Header, Request, Scope, Wait};
use support::{ANSWER, BODY, URL, client, json_head};

struct Counting;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: the system's allocator does it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.get();
    work();
    COUNT.get() - before
}

#[test]
fn a_call_allocates_nothing() {
    let client = client();
    let call = || {
        let headers = [Header::new("content-type", "application/json")];
        let request = Request::new("POST", URL).headers(&headers).body(BODY);
        let mut operation = client.operation(&request).unwrap();
        let prepared = operation.prepare(Wait::Forever).unwrap();
        assert!(prepared.set_headers().len() + prepared.remove_headers().len() > 3);
        operation.sent();
        operation.head(&json_head(200)).unwrap();
        operation.feed(ANSWER.as_bytes());
        operation.finish();
        assert_eq!(operation.answer().usage().input_tokens, Some(11));
    };
    let _scope = Scope::enter("proj_scope");
    call();
    assert_eq!(allocations(|| (0..100).for_each(|_| call())), 0);
}
