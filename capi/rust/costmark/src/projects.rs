use std::fmt;
use std::ptr::{self, NonNull};
use std::time::SystemTime;

use costmark_sys as sys;

use crate::cancel::Cancel;
use crate::credentials::from_unix_seconds;
use crate::ffi::{self, Result};

/// Where AWS keeps projects. Whether a project of one plane exists on the other is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum ProjectPlane {
    /// That of the endpoint of the options.
    #[default]
    Auto,
    /// bedrock-mantle hosts.
    Mantle,
    /// Bedrock's control plane, as the AWS SDKs speak to it.
    Bedrock,
}

impl ProjectPlane {
    pub(crate) fn value(self) -> i32 {
        match self {
            Self::Auto => sys::COSTMARK_PROJECT_PLANE_AUTO,
            Self::Mantle => sys::COSTMARK_PROJECT_PLANE_MANTLE,
            Self::Bedrock => sys::COSTMARK_PROJECT_PLANE_BEDROCK,
        }
    }

    fn of(value: i32) -> Self {
        match value {
            sys::COSTMARK_PROJECT_PLANE_MANTLE => Self::Mantle,
            sys::COSTMARK_PROJECT_PLANE_BEDROCK => Self::Bedrock,
            _ => Self::Auto,
        }
    }
}

/// A project as the service shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProjectInfo {
    /// Unique in its account and region.
    pub id: String,
    /// Empty where it is not known.
    pub arn: String,
    /// Not unique.
    pub name: String,
    /// `active` or `archived`.
    pub status: String,
    /// `inherit`, `none` and others.
    pub data_retention: Option<String>,
    /// Of the ARN.
    pub account: String,
    /// Of the ARN.
    pub region: String,
    /// The plane that was asked.
    pub plane: ProjectPlane,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// When it was archived.
    pub archived: Option<SystemTime>,
    /// `None` where the answer does not say; [`Projects::tags`] asks.
    pub tags: Option<Vec<(String, String)>>,
}

impl ProjectInfo {
    /// # Safety
    ///
    /// The texts of `raw` are alive.
    unsafe fn of(raw: &sys::costmark_project) -> Self {
        // SAFETY: the caller says so; the tags are as many as `tag_count` says.
        unsafe {
            let text = |from| ffi::field(from).to_owned();
            let tags = (raw.knows_tags != 0).then(|| {
                (0..raw.tag_count)
                    .map(|index| {
                        let tag = *raw.tags.add(index);
                        (text(tag.name), text(tag.value))
                    })
                    .collect()
            });
            Self {
                id: text(raw.id),
                arn: text(raw.arn),
                name: text(raw.name),
                status: text(raw.status),
                data_retention: ffi::optional_field(raw.data_retention).map(str::to_owned),
                account: text(raw.account),
                region: text(raw.region),
                plane: ProjectPlane::of(raw.plane),
                created: from_unix_seconds(raw.created_unix_s),
                archived: from_unix_seconds(raw.archived_unix_s),
                tags,
            }
        }
    }
}

/// The projects of one account in one region, on one plane: creates, lists, tags and archives them.
/// Each call blocks for its exchanges.
///
/// A call names a project by its id or its ARN. Names and tags are checked before anything is sent:
/// a name has 1 to 127 characters; a project at most 50 tags. What the service throttles is tried
/// again for about a minute.
///
/// ```no_run
/// use costmark::{Client, ProjectPlane};
///
/// let projects = Client::builder().build_projects(ProjectPlane::Auto)?;
/// let made = projects.create("my-app-prod", &[("team", "platform")])?;
/// println!("{} {}", made.id, made.arn);
/// # Ok::<(), costmark::Error>(())
/// ```
///
/// # Errors
///
/// Every call may fail with those of credentials and of the network, and with
/// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) for what the service refuses as invalid,
/// [`InvalidProject`](crate::ErrorKind::InvalidProject) for a project that does not exist or that is
/// archived and cannot be changed, [`Throttled`](crate::ErrorKind::Throttled),
/// [`EndpointMismatch`](crate::ErrorKind::EndpointMismatch) where there is no Projects API, and
/// [`Service`](crate::ErrorKind::Service) for anything else, such as a permission that is missing.
pub struct Projects {
    handle: NonNull<sys::costmark_projects>,
    cancel: Option<Cancel>,
}

// SAFETY: "synchronized internally", and its callbacks are Send and Sync.
unsafe impl Send for Projects {}
// SAFETY: as above.
unsafe impl Sync for Projects {}

type List = *mut *mut sys::costmark_project_list;
type Failure = *mut *mut sys::costmark_error;
type Waiting = *const sys::costmark_wait;

impl Projects {
    pub(crate) fn of(handle: NonNull<sys::costmark_projects>) -> Self {
        Self { handle, cancel: None }
    }

    /// Lets calls end when `cancel` is stopped.
    #[must_use]
    pub fn with_cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = Some(cancel);
        self
    }

    /// The plane that is asked.
    pub fn plane(&self) -> ProjectPlane {
        ProjectPlane::of(self.place().plane)
    }

    /// The host that is asked, without the path of the API.
    pub fn base_url(&self) -> &str {
        // SAFETY: it lives as long as the handle; so does the region.
        unsafe { ffi::field(self.place().base_url) }
    }

    /// The region; `None` where it is not known.
    pub fn region(&self) -> Option<&str> {
        // SAFETY: as above.
        unsafe { ffi::optional_field(self.place().region) }
    }

    fn place(&self) -> sys::costmark_projects_place {
        // SAFETY: the handle is alive.
        unsafe { ffi::shown(|view| sys::costmark_projects_read_place(self.as_ptr(), view)) }
    }

    fn as_ptr(&self) -> *const sys::costmark_projects {
        self.handle.as_ptr()
    }

    /// Makes a project, one more with each call: names are not unique. It is tried again when the
    /// service throttles, and not when it fails: whether it has made the project is not known then.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn create(&self, name: &str, tags: &[(&str, &str)]) -> Result<ProjectInfo> {
        let tags = lend_tags(tags);
        let mut change = change_of(Some(name), None);
        change.tags = tags.as_ptr();
        change.tag_count = tags.len();
        self.one(|wait, list, error| {
            // SAFETY: what is lent lives for the call.
            unsafe { sys::costmark_projects_create(self.as_ptr(), &change, wait, list, error) }
        })
    }

    /// Reads a project.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn get(&self, project: &str) -> Result<ProjectInfo> {
        let (id, len) = lend(project);
        self.one(|wait, list, error| {
            // SAFETY: as above.
            unsafe { sys::costmark_projects_get(self.as_ptr(), id, len, wait, list, error) }
        })
    }

    /// Reads all projects, in the order of the service; archived ones where `with_archived` says so.
    ///
    /// # Errors
    ///
    /// Those of every call, and [`Service`](crate::ErrorKind::Service) for a service that repeats a
    /// page.
    pub fn list(&self, with_archived: bool) -> Result<Vec<ProjectInfo>> {
        let archived = u32::from(with_archived);
        self.many(|wait, list, error| {
            // SAFETY: as above.
            unsafe { sys::costmark_projects_list(self.as_ptr(), archived, wait, list, error) }
        })
    }

    /// Gives a project another name; its id stays.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn rename(&self, project: &str, name: &str) -> Result<ProjectInfo> {
        self.update(project, &change_of(Some(name), None))
    }

    /// Sets the mode of data retention: `inherit`, `none`, `default` or another one that AWS has.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn set_data_retention(&self, project: &str, mode: &str) -> Result<ProjectInfo> {
        self.update(project, &change_of(None, Some(mode)))
    }

    fn update(&self, project: &str, change: &sys::costmark_project_change) -> Result<ProjectInfo> {
        let (id, len) = lend(project);
        self.one(|wait, list, error| {
            // SAFETY: as above.
            unsafe {
                sys::costmark_projects_update(self.as_ptr(), id, len, change, wait, list, error)
            }
        })
    }

    /// Archives a project, which is for ever. Archiving it again changes nothing.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn archive(&self, project: &str) -> Result<ProjectInfo> {
        let (id, len) = lend(project);
        self.one(|wait, list, error| {
            // SAFETY: as above.
            unsafe { sys::costmark_projects_archive(self.as_ptr(), id, len, wait, list, error) }
        })
    }

    /// Reads the tags of a project. On the bedrock plane an id costs one exchange more than an ARN,
    /// here and where tags are changed.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn tags(&self, project: &str) -> Result<Vec<(String, String)>> {
        let (id, len) = lend(project);
        let found = self.one(|wait, list, error| {
            // SAFETY: as above.
            unsafe { sys::costmark_projects_read_tags(self.as_ptr(), id, len, wait, list, error) }
        })?;
        Ok(found.tags.unwrap_or_default())
    }

    /// Adds tags, and overwrites the values of keys that the project has.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn add_tags(&self, project: &str, tags: &[(&str, &str)]) -> Result<()> {
        let ((id, len), tags) = (lend(project), lend_tags(tags));
        self.call(|wait, error| {
            let (first, count) = (tags.as_ptr(), tags.len());
            // SAFETY: as above.
            unsafe {
                sys::costmark_projects_add_tags(self.as_ptr(), id, len, first, count, wait, error)
            }
        })
    }

    /// Gives a project exactly these tags; those of AWS (`aws:...`) stay. It overwrites, then
    /// removes, then adds. When it fails halfway, the same call finishes the work.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn set_tags(&self, project: &str, tags: &[(&str, &str)]) -> Result<()> {
        let ((id, len), tags) = (lend(project), lend_tags(tags));
        self.call(|wait, error| {
            let (first, count) = (tags.as_ptr(), tags.len());
            // SAFETY: as above.
            unsafe {
                sys::costmark_projects_set_tags(self.as_ptr(), id, len, first, count, wait, error)
            }
        })
    }

    /// Takes tags off a project; keys that it does not have are no error.
    ///
    /// # Errors
    ///
    /// Those of every call.
    pub fn remove_tags(&self, project: &str, keys: &[&str]) -> Result<()> {
        let (id, len) = lend(project);
        let keys: Vec<_> = keys.iter().map(|key| ffi::lend(key.as_bytes())).collect();
        self.call(|wait, error| {
            let (first, count) = (keys.as_ptr(), keys.len());
            // SAFETY: as above.
            unsafe {
                sys::costmark_projects_remove_tags(
                    self.as_ptr(),
                    id,
                    len,
                    first,
                    count,
                    wait,
                    error,
                )
            }
        })
    }

    fn call(&self, call: impl FnOnce(Waiting, Failure) -> sys::costmark_status) -> Result<()> {
        // SAFETY: a plain struct of the library's.
        let mut wait: sys::costmark_wait = unsafe { ffi::sized() };
        wait.cancel = self.cancel.as_ref().map_or(ptr::null_mut(), Cancel::as_ptr);
        ffi::calling(|| ffi::check(|error| call(&wait, error)))
    }

    fn many(
        &self,
        call: impl FnOnce(Waiting, List, Failure) -> sys::costmark_status,
    ) -> Result<Vec<ProjectInfo>> {
        let mut list = ptr::null_mut();
        self.call(|wait, error| call(wait, &mut list, error))?;
        // SAFETY: a call that succeeds has made a list, which is ours and lives until its end.
        unsafe {
            let found = (0..sys::costmark_project_list_count(list))
                .map(|index| {
                    let raw = ffi::shown(|view| {
                        sys::costmark_project_list_read(list, index, view);
                    });
                    ProjectInfo::of(&raw)
                })
                .collect();
            sys::costmark_project_list_free(list);
            Ok(found)
        }
    }

    fn one(
        &self,
        call: impl FnOnce(Waiting, List, Failure) -> sys::costmark_status,
    ) -> Result<ProjectInfo> {
        let mut found = self.many(call)?;
        Ok(found.remove(0)) // such a list has one
    }
}

impl Drop for Projects {
    fn drop(&mut self) {
        // SAFETY: ours, and ended once.
        ffi::ending(|| unsafe { sys::costmark_projects_free(self.handle.as_ptr()) });
    }
}

impl fmt::Debug for Projects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Projects")
            .field("plane", &self.plane())
            .field("base_url", &self.base_url())
            .finish_non_exhaustive()
    }
}

fn lend(text: &str) -> (*const std::ffi::c_char, usize) {
    (ffi::chars(text.as_bytes()), text.len())
}

fn lend_tags(tags: &[(&str, &str)]) -> Vec<sys::costmark_label> {
    let lent = |&(key, value): &(&str, &str)| sys::costmark_label {
        name: ffi::lend(key.as_bytes()),
        value: ffi::lend(value.as_bytes()),
    };
    tags.iter().map(lent).collect()
}

fn change_of(name: Option<&str>, data_retention: Option<&str>) -> sys::costmark_project_change {
    // SAFETY: a plain struct of the library's.
    let mut change: sys::costmark_project_change = unsafe { ffi::sized() };
    change.name = ffi::lend_optional(name);
    change.data_retention = ffi::lend_optional(data_retention);
    change
}
