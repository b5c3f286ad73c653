use std::sync::Arc;

use crate::{Answer, Project, ProjectSource};

/// How an answer was attributed: in the extensions of each answer that passes through a
/// [`tower::Layer`](crate::tower::Layer), a reqwest client or a middleware of this crate. Cloning it
/// is cheap.
///
/// ```
/// # fn log(answer: &http::Response<()>) {
/// if let Some(attribution) = answer.extensions().get::<costmark::Attribution>() {
///     println!("{} pays ({})", attribution.project(), attribution.project_source());
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Attribution {
    project: Project,
    project_source: ProjectSource,
    operation: Arc<str>,
    attempt: u32,
}

impl Attribution {
    pub(crate) fn of(answer: &Answer<'_>) -> Self {
        Self {
            project: answer.project().into(),
            project_source: answer.project_source(),
            operation: answer.operation().unwrap_or_default().into(),
            attempt: answer.attempt(),
        }
    }

    /// Who pays: `default` when the request named none.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// How the project was chosen.
    pub fn project_source(&self) -> ProjectSource {
        self.project_source
    }

    /// The id of the operation, a UUID: that of its rows.
    pub fn operation(&self) -> &str {
        &self.operation
    }

    /// Which attempt of the operation was answered, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}
