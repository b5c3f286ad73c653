use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

#[cfg(feature = "tower")]
use crate::tower::SharedOperation;

/// The id of a project, cheap to clone. In the extensions of an `http::Request` it is the project
/// that this very request asks for.
///
/// The id is checked when a request is prepared; with option `lock` it may be a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Project(Arc<str>);

impl Project {
    /// From its id.
    pub fn new(id: impl AsRef<str>) -> Self {
        Self(id.as_ref().into())
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Project {
    fn from(id: &str) -> Self {
        Self::new(id)
    }
}

impl From<String> for Project {
    fn from(id: String) -> Self {
        Self(id.into())
    }
}

impl fmt::Display for Project {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

thread_local! {
    static STACK: RefCell<Vec<Entry>> = const { RefCell::new(Vec::new()) };
}

struct Entry {
    number: u64,
    around: Around,
}

/// What surrounds a call.
#[derive(Clone, Default)]
pub(crate) struct Around {
    pub(crate) project: Option<Project>,
    #[cfg(feature = "tower")]
    pub(crate) operation: Option<SharedOperation>,
}

impl Around {
    pub(crate) fn current() -> Self {
        STACK
            .try_with(|stack| stack.borrow().last().map(|entry| entry.around.clone()))
            .ok()
            .flatten()
            .unwrap_or_default()
    }
}

/// A region of the program whose calls, on this thread, run under a project. It lasts until it is
/// dropped; the innermost one counts. What a request itself names comes before it, the rules and
/// the default of the client after it.
///
/// ```
/// use costmark::{Project, Scope};
///
/// let outer = Scope::enter("proj_research");
/// {
///     let _inner = Scope::enter("proj_support");
///     assert_eq!(Scope::current(), Some(Project::new("proj_support")));
/// }
/// assert_eq!(Scope::current(), Some(Project::new("proj_research")));
/// drop(outer);
/// assert_eq!(Scope::current(), None);
/// ```
///
/// A guard that is held across an `.await` would be in force for whatever else the thread does
/// meanwhile. It is not `Send`, so what is spawned on a runtime of many threads does not compile
/// with one; [`scope`] is made for futures.
///
/// ```compile_fail,E0277
/// let scope = costmark::Scope::enter("proj_research");
/// std::thread::spawn(move || drop(scope));
/// ```
#[must_use = "a scope that is not kept ends at once"]
pub struct Scope {
    number: u64,
    of_this_thread: PhantomData<*const ()>,
}

impl Scope {
    /// Enters a scope. The empty project leaves those around it.
    pub fn enter(project: impl Into<Project>) -> Self {
        let mut around = Around::current();
        around.project = Some(project.into()).filter(|project| !project.id().is_empty());
        Self::push(around)
    }

    /// The project of the innermost scope of this thread, or of the [`scope`] that runs.
    pub fn current() -> Option<Project> {
        Around::current().project
    }

    /// Takes the scope of this thread or future along to where a closure runs, such as on a thread
    /// for what blocks, or on one of a pool.
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// use costmark::Scope;
    ///
    /// let seen = costmark::scope("proj_research", async {
    ///     tokio::task::spawn_blocking(Scope::bind(Scope::current)).await
    /// });
    /// assert_eq!(seen.await.unwrap().unwrap().id(), "proj_research");
    /// # });
    /// ```
    pub fn bind<T>(work: impl FnOnce() -> T) -> impl FnOnce() -> T {
        let around = Around::current();
        move || {
            let _entered = Self::push(around);
            work()
        }
    }

    /// The same for a future, such as one that is spawned: `spawn(Scope::bind_future(task))`.
    pub fn bind_future<F: Future>(future: F) -> Scoped<F> {
        Scoped { sets: Sets::All(Around::current()), future }
    }

    fn push(around: Around) -> Self {
        let number = STACK.with_borrow_mut(|stack| {
            let number = stack.last().map_or(0, |top| top.number + 1);
            stack.push(Entry { number, around });
            number
        });
        Self { number, of_this_thread: PhantomData }
    }
}

impl Drop for Scope {
    fn drop(&mut self) {
        // In whatever order guards are dropped, each takes out its own.
        let taken = STACK
            .try_with(|stack| {
                let mut stack = stack.borrow_mut();
                let at = stack.iter().rposition(|entry| entry.number == self.number)?;
                Some(stack.remove(at))
            })
            .ok();
        drop(taken);
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

/// Runs a future under a project, wherever it is polled: the scope of a task. It needs no runtime.
///
/// What the future spawns is a task of its own, with no scope unless it is given one:
/// `spawn(costmark::scope(project, task))`, or [`Scope::bind_future`] for the scope that is in force.
///
/// ```
/// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
/// # runtime.block_on(async {
/// let seen = costmark::scope("proj_research", async { costmark::Scope::current() }).await;
/// assert_eq!(seen.unwrap().id(), "proj_research");
/// # });
/// ```
pub fn scope<F: Future>(project: impl Into<Project>, future: F) -> Scoped<F> {
    Scoped { sets: Sets::Project(project.into()), future }
}

/// Runs a future all of whose requests are attempts of one operation: for a program, or an SDK, that
/// retries by itself.
#[cfg(feature = "tower")]
pub fn operation<F: Future>(future: F) -> Scoped<F> {
    Scoped { sets: Sets::Operation(SharedOperation::new()), future }
}

/// What a future sets; the rest is as it is around it.
#[derive(Clone)]
enum Sets {
    Project(Project),
    #[cfg(feature = "tower")]
    Operation(SharedOperation),
    All(Around),
}

impl Sets {
    fn enter(self) -> Scope {
        match self {
            Self::Project(project) => Scope::enter(project),
            #[cfg(feature = "tower")]
            Self::Operation(operation) => {
                Scope::push(Around { operation: Some(operation), ..Around::current() })
            }
            Self::All(around) => Scope::push(around),
        }
    }
}

/// A future with a [`scope`] or an `operation` around it.
#[must_use = "futures do nothing unless polled"]
pub struct Scoped<F> {
    sets: Sets,
    future: F,
}

impl<F: Future> Future for Scoped<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the future is not moved: it is reached through this pin alone, and there is no
        // Drop.
        let this = unsafe { self.get_unchecked_mut() };
        let _entered = this.sets.clone().enter();
        // SAFETY: as above.
        unsafe { Pin::new_unchecked(&mut this.future) }.poll(context)
    }
}

impl<F> fmt::Debug for Scoped<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scoped").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::pin;
    use std::task::Waker;

    use super::*;

    fn seen() -> String {
        Scope::current().map_or_else(String::new, |project| project.id().to_owned())
    }

    #[test]
    fn guards_may_be_dropped_in_any_order() {
        let first = Scope::enter("first");
        let second = Scope::enter("second");
        let third = Scope::enter("third");
        drop(second);
        assert_eq!(seen(), "third");
        drop(first);
        assert_eq!(seen(), "third");
        drop(third);
        assert_eq!(seen(), "");
    }

    #[test]
    fn the_empty_project_leaves_the_scope() {
        let _outer = Scope::enter("outer");
        let _left = Scope::enter("");
        assert_eq!(Scope::current(), None);
    }

    #[test]
    fn threads_do_not_share_scopes() {
        let _here = Scope::enter("here");
        std::thread::spawn(|| assert_eq!(seen(), "")).join().unwrap();
    }

    /// Two tasks that take turns on one thread, as on a runtime.
    #[test]
    fn a_future_takes_its_scope_along() {
        let task = |name: &'static str| {
            let mut polls = 0;
            scope(
                name,
                poll_fn(move |_| {
                    assert_eq!(seen(), name);
                    polls += 1;
                    if polls == 3 { Poll::Ready(name) } else { Poll::Pending }
                }),
            )
        };
        let (mut one, mut two) = (pin!(task("one")), pin!(task("two")));
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..2 {
            assert!(one.as_mut().poll(&mut context).is_pending());
            assert!(two.as_mut().poll(&mut context).is_pending());
            assert_eq!(seen(), "");
        }
        assert_eq!(one.poll(&mut context), Poll::Ready("one"));
        assert_eq!(two.poll(&mut context), Poll::Ready("two"));
    }

    #[cfg(feature = "tower")]
    #[test]
    fn scopes_and_operations_nest_both_ways() {
        let mut context = Context::from_waker(Waker::noop());
        let inside = || async { (seen(), Around::current().operation.is_some()) };
        let both = Poll::Ready(("p".to_owned(), true));
        assert_eq!(pin!(scope("p", operation(inside()))).poll(&mut context), both);
        assert_eq!(pin!(operation(scope("p", inside()))).poll(&mut context), both);
    }

    #[test]
    fn what_is_bound_takes_the_scope_along() {
        let (work, task) = {
            let _outer = Scope::enter("bound");
            (Scope::bind(seen), Scope::bind_future(async { seen() }))
        };
        let _elsewhere = Scope::enter("elsewhere");
        assert_eq!(std::thread::spawn(work).join().unwrap(), "bound");
        let mut context = Context::from_waker(Waker::noop());
        assert_eq!(pin!(task).poll(&mut context), Poll::Ready("bound".to_owned()));
        assert_eq!(seen(), "elsewhere");

        let without = std::thread::spawn(|| {
            Box::new(Scope::bind(seen)) as Box<dyn FnOnce() -> String + Send>
        });
        assert_eq!(without.join().unwrap()(), "", "no scope is one too");
    }

    #[test]
    fn a_scope_survives_a_panic_in_its_future() {
        let mut context = Context::from_waker(Waker::noop());
        let mut doomed = Box::pin(scope("p", async { panic!("oh") }));
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _: Poll<()> = doomed.as_mut().poll(&mut context);
        }));
        assert!(caught.is_err());
        assert_eq!(seen(), "");
    }
}
