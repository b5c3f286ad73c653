use std::fmt;
use std::sync::Arc;

use costmark_sys as sys;

use crate::ffi;
use crate::ffi::Result;

/// The caller's own names and values for a call, which the rows of the ledger then carry. Cheap to
/// clone. In the extensions of an `http::Request` they are those of this very request.
///
/// At most 16, of 2,048 bytes, names and values together. A name has 1 to 128 bytes and occurs once.
/// Texts hold no control characters.
///
/// ```
/// use costmark::Labels;
///
/// let labels = Labels::new([("feature", "search")])?;
/// let of_user = labels.with("user", "ann")?;
/// assert_eq!(of_user.iter().last(), Some(("user", "ann")));
/// assert!(Labels::new([("user", "\x1b[2J")]).is_err());
/// # Ok::<(), costmark::Error>(())
/// ```
#[derive(Clone)]
pub struct Labels(Arc<Inner>);

struct Inner {
    pairs: Vec<(Box<str>, Box<str>)>,
    raw: Vec<sys::costmark_label>, // show the pairs, which never change
}

// SAFETY: views of texts that do not change, and that live as long.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Labels {
    /// From names and values.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::ErrorKind::InvalidArgument) says which label is not as it has to be,
    /// and repeats no value.
    pub fn new<N, V>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self>
    where
        N: Into<String>,
        V: Into<String>,
    {
        let owned = |(name, value): (N, V)| -> (Box<str>, Box<str>) {
            (name.into().into_boxed_str(), value.into().into_boxed_str())
        };
        Self::of(pairs.into_iter().map(owned).collect())
    }

    /// These and one more, which takes the place of one of the same name.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn with(&self, name: impl Into<String>, value: impl Into<String>) -> Result<Self> {
        let (name, value) = (name.into().into_boxed_str(), value.into().into_boxed_str());
        let mut pairs = self.0.pairs.clone();
        match pairs.iter_mut().find(|pair| pair.0 == name) {
            Some(pair) => pair.1 = value,
            None => pairs.push((name, value)),
        }
        Self::of(pairs)
    }

    fn of(pairs: Vec<(Box<str>, Box<str>)>) -> Result<Self> {
        let raw: Vec<_> = pairs
            .iter()
            .map(|(name, value)| sys::costmark_label {
                name: ffi::lend(name.as_bytes()),
                value: ffi::lend(value.as_bytes()),
            })
            .collect();
        // SAFETY: the texts live for the call.
        ffi::check(|error| unsafe { sys::costmark_labels_check(raw.as_ptr(), raw.len(), error) })?;
        Ok(Self(Arc::new(Inner { pairs, raw })))
    }

    /// Names and values, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.0.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    pub(crate) fn raw(&self) -> &[sys::costmark_label] {
        &self.0.raw
    }
}

/// Shows the names alone: values may say who the user is.
impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;

    #[test]
    fn what_is_refused_is_named_and_its_value_not_repeated() {
        let error = Labels::new([("user", "secret\u{9b}2J")]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("label 'user'"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
        assert!(Labels::new([("a", "1"), ("a", "2")]).is_err());
        let many: Vec<_> = (0..16).map(|number| (format!("n{number}"), "v")).collect();
        let most = Labels::new(many).unwrap();
        assert!(most.with("one more", "v").is_err());
        assert_eq!(most.with("n3", "w").unwrap().iter().nth(3), Some(("n3", "w")));
    }

    #[test]
    fn debug_shows_no_values() {
        assert_eq!(format!("{:?}", Labels::new([("user", "ann")]).unwrap()), r#"["user"]"#);
    }
}
