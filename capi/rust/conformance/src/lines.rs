//! What a runner prints.

use std::sync::Arc;

use serde_json::Value;

/// Prints the lines of one case, run one way.
#[derive(Clone)]
pub struct Lines {
    of: Arc<(String, &'static str)>,
}

impl Lines {
    pub fn new(case: &str, way: &'static str) -> Self {
        Self { of: Arc::new((case.to_owned(), way)) }
    }

    pub fn print(&self, kind: &str, mut members: Value) {
        members["line"] = kind.into();
        members["case"] = self.of.0.as_str().into();
        members["way"] = self.of.1.into();
        println!("{members}");
    }
}
