use std::fmt;
use std::ptr::NonNull;
use std::time::Duration;

use costmark_sys as sys;

use crate::bearer_token::{BearerTokenCache, seconds};
use crate::client::Client;
use crate::credentials_cache::{CredentialsCache, CredentialsReport};
use crate::error::{Error, ErrorKind};
use crate::ffi::{self, Result};
use crate::projects::{ProjectPlane, Projects};

/// What clients are made from: option values and callbacks.
///
/// Values are checked when they are set; [`build`](Self::build) returns the first mistake. What is
/// left open is read from the environment. [`options`](crate::options) lists the options.
///
/// ```
/// use costmark::{Client, Credentials};
///
/// let client = Client::builder()
///     .set("project", "proj_abc123")
///     .set("region", "us-east-1")
///     .credentials(|| Ok(Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI")))
///     .build()?;
/// # Ok::<(), costmark::Error>(())
/// ```
///
/// # Callbacks
///
/// They run on the thread that is inside a call of this crate, possibly on several threads at once,
/// which is why they are `Send + Sync`:
///
/// ```compile_fail,E0277
/// let count = std::rc::Rc::new(std::cell::Cell::new(0));
/// costmark::Client::builder().log(move |_, _| count.set(count.get() + 1));
/// ```
///
/// They must not use the client that calls them: that is refused with
/// [`ErrorKind::InvalidArgument`](crate::ErrorKind::InvalidArgument). What they return as an error
/// becomes the [`source`](std::error::Error::source) of the call's own; a panic goes on when C has
/// been left. They are dropped with the last client that needs them.
#[must_use = "a builder makes nothing until it is built"]
pub struct Builder {
    config: Result<Config>,
}

struct Config(NonNull<sys::costmark_config>);

// SAFETY: "one thread at a time": every call takes the builder by value. The callbacks in it are
// Send and Sync.
unsafe impl Send for Config {}
// SAFETY: as above.
unsafe impl Sync for Config {}

impl Config {
    fn new() -> Result<Self> {
        // SAFETY: takes nothing.
        let running = unsafe { sys::costmark_abi_version() };
        if running != sys::COSTMARK_ABI_VERSION {
            let built_for = sys::COSTMARK_ABI_VERSION;
            let message =
                format!("built for ABI {built_for} of libcostmark, and runs with ABI {running}");
            return Err(Error::new(ErrorKind::Internal, message));
        }
        // SAFETY: the places to write to live for the call.
        ffi::make(|made, error| unsafe { sys::costmark_config_new(made, error) }).map(Self)
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        ffi::ending(|| unsafe { sys::costmark_config_free(self.0.as_ptr()) });
    }
}

impl Builder {
    pub(crate) fn new() -> Self {
        Self { config: Config::new() }
    }

    /// Sets one option. Values are text: `true`, `10000`, `a,b`.
    pub fn set(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let (name, value) = (name.as_ref(), value.as_ref());
        self.with(|config, error| {
            let (name_chars, value_chars) =
                (ffi::chars(name.as_bytes()), ffi::chars(value.as_bytes()));
            // SAFETY: the texts live for the call.
            unsafe {
                sys::costmark_config_set(
                    config,
                    name_chars,
                    name.len(),
                    value_chars,
                    value.len(),
                    error,
                )
            }
        })
    }

    /// Sets options, such as from a map.
    pub fn set_all<N: AsRef<str>, V: AsRef<str>>(
        self,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        options.into_iter().fold(self, |builder, (name, value)| builder.set(name, value))
    }

    /// Tells which API key the host's own HTTP client carries. With `auth=auto` it counts as a bearer
    /// token if it looks like one of Bedrock's; any other is ignored.
    pub fn host_api_key(self, key: impl AsRef<str>) -> Self {
        let key = key.as_ref();
        self.with(|config, error| {
            let chars = ffi::chars(key.as_bytes());
            // SAFETY: the text lives for the call.
            unsafe { sys::costmark_config_set_host_api_key(config, chars, key.len(), error) }
        })
    }

    /// Makes a client.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption),
    /// [`InvalidProject`](crate::ErrorKind::InvalidProject),
    /// [`EndpointMismatch`](crate::ErrorKind::EndpointMismatch): fix the option, or the variable of
    /// the environment, that the message names.
    pub fn build(self) -> Result<Client> {
        let config = self.config?;
        ffi::calling(|| {
            // SAFETY: the configuration lives for the call.
            ffi::make(|made, error| unsafe {
                sys::costmark_client_new(config.0.as_ptr(), made, error)
            })
            .map(Client::of)
        })
    }

    /// Makes a cache of the credentials that a client would sign with. Fetches nothing yet.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption): options that cannot go together, or a
    /// bad variable in the environment.
    pub fn build_credentials_cache(self) -> Result<CredentialsCache> {
        let config = self.config?;
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the configuration lives for the call.
                unsafe { sys::costmark_credentials_cache_new(config.0.as_ptr(), made, error) }
            })
            .map(CredentialsCache::of)
        })
    }

    /// Makes a cache of short-term bearer tokens, each of which lives for 1 to 43,200 seconds;
    /// `None`: 43,200.
    ///
    /// # Errors
    ///
    /// [`InvalidOption`](crate::ErrorKind::InvalidOption): there is no region, or options cannot go
    /// together.
    pub fn build_bearer_token_cache(self, life: Option<Duration>) -> Result<BearerTokenCache> {
        let config = self.config?;
        let seconds = life.map_or(0, seconds);
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the configuration lives for the call.
                unsafe {
                    sys::costmark_bearer_token_cache_new(config.0.as_ptr(), seconds, made, error)
                }
            })
            .map(BearerTokenCache::of)
        })
    }

    /// Opens the Projects API of the endpoint, on AWS's own host where option `base_url` names none.
    /// Sends nothing.
    ///
    /// # Errors
    ///
    /// Those of [`build`](Self::build).
    pub fn build_projects(self, plane: ProjectPlane) -> Result<Projects> {
        let config = self.config?;
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the configuration lives for the call.
                unsafe { sys::costmark_projects_new(config.0.as_ptr(), plane.value(), made, error) }
            })
            .map(Projects::of)
        })
    }

    /// Runs the default chain of credentials and records each source's result. Of the options
    /// `profile` and `region` count, and those of keys, which go before the chain, and of a role,
    /// which is asked for at its end. Blocks as fetching credentials does.
    ///
    /// # Errors
    ///
    /// Those of what was set here.
    pub fn explain_credentials(self) -> Result<CredentialsReport> {
        let config = self.config?;
        ffi::calling(|| {
            ffi::make(|made, error| {
                // SAFETY: the configuration lives for the call.
                unsafe { sys::costmark_config_explain_credentials(config.0.as_ptr(), made, error) }
            })
            .map(CredentialsReport::of)
        })
    }

    pub(crate) fn with(
        self,
        call: impl FnOnce(
            *mut sys::costmark_config,
            *mut *mut sys::costmark_error,
        ) -> sys::costmark_status,
    ) -> Self {
        let config = self.config.and_then(|config| {
            ffi::calling(|| ffi::check(|error| call(config.0.as_ptr(), error)))?;
            Ok(config)
        });
        Self { config }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").finish_non_exhaustive()
    }
}
