//! A steady stream of requests allocates nothing on this side of C.
#![allow(missing_docs)]

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use costmark::{Header, Observation, Prepared, Request, Scope};
use support::{ANSWER, BODY, URL, client};

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
fn a_prepare_allocates_nothing() {
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let mut prepare = || {
        let headers = [Header::new("content-type", "application/json")];
        let request = Request::new("POST", URL).headers(&headers).body(BODY);
        let changes = client.prepare(&request, &mut memory).unwrap();
        assert!(changes.headers_to_set().len() + changes.headers_to_remove().len() > 3);
    };
    let _scope = Scope::enter("proj_scope");
    prepare();
    assert_eq!(allocations(|| (0..100).for_each(|_| prepare())), 0);
}

#[test]
fn an_observation_allocates_nothing() {
    let (client, mut memory) = (client(), Prepared::new().unwrap());
    let changes = client.prepare(&Request::new("POST", URL).body(BODY), &mut memory).unwrap();
    let read = |mut observation: Observation| {
        observation.head(&costmark::AnswerHead::new(200).content_type("application/json")).unwrap();
        observation.feed(ANSWER.as_bytes());
        observation.finish();
        assert_eq!(observation.usage().input_tokens, Some(11));
    };
    assert_eq!(allocations(|| read(client.observe(&changes, 1).unwrap())), 0);
}
