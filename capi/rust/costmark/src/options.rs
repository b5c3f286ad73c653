use std::fmt;

use costmark_sys as sys;

use crate::ffi;

/// The type of an option's value. Values are always passed as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OptionType {
    /// UTF-8 without control characters.
    Text,
    /// Text that is never shown.
    Secret,
    /// `true` or `false`; also `1`/`0`, `yes`/`no`, `on`/`off`.
    Boolean,
    /// Decimal, from `minimum` to `maximum`.
    Integer,
    /// One of `choices`.
    Choice,
    /// Texts separated by commas.
    List,
    /// An absolute http or https URL.
    Url,
}

/// One line of the table of options.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct OptionInfo {
    /// Such as `region`; `COSTMARK_REGION` in the environment.
    pub name: &'static str,
    /// What its values look like.
    pub option_type: OptionType,
    /// `None`: it is not set.
    pub default: Option<&'static str>,
    /// Of integers.
    pub minimum: i64,
    /// Of integers.
    pub maximum: i64,
    /// One sentence.
    pub description: &'static str,
    choices: &'static str,
}

impl OptionInfo {
    /// The values of choices and some lists.
    pub fn choices(&self) -> impl Iterator<Item = &'static str> {
        self.choices.split('|').filter(|choice| !choice.is_empty())
    }

    fn read(index: usize) -> Self {
        // SAFETY: takes nothing but a number.
        let info: sys::costmark_option =
            unsafe { ffi::shown(|info| sys::costmark_option_read(index, info)) };
        // SAFETY: its texts are static.
        unsafe {
            Self {
                name: ffi::field(info.name),
                option_type: match info.type_ {
                    sys::COSTMARK_OPTION_SECRET => OptionType::Secret,
                    sys::COSTMARK_OPTION_BOOLEAN => OptionType::Boolean,
                    sys::COSTMARK_OPTION_INTEGER => OptionType::Integer,
                    sys::COSTMARK_OPTION_CHOICE => OptionType::Choice,
                    sys::COSTMARK_OPTION_LIST => OptionType::List,
                    sys::COSTMARK_OPTION_URL => OptionType::Url,
                    _ => OptionType::Text,
                },
                default: ffi::optional_field(info.default_value),
                minimum: info.minimum,
                maximum: info.maximum,
                description: ffi::field(info.description),
                choices: ffi::field(info.choices),
            }
        }
    }
}

impl fmt::Debug for OptionInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OptionInfo")
            .field("name", &self.name)
            .field("option_type", &self.option_type)
            .field("default", &self.default)
            .finish_non_exhaustive()
    }
}

/// The table of options, sorted by name.
///
/// ```
/// let region = costmark::options().find(|option| option.name == "region").unwrap();
/// assert_eq!(region.option_type, costmark::OptionType::Text);
/// ```
pub fn options() -> impl ExactSizeIterator<Item = OptionInfo> {
    // SAFETY: takes nothing.
    let count = unsafe { sys::costmark_option_count() };
    (0..count).map(OptionInfo::read)
}
