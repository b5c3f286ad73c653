use costmark_sys as sys;

use crate::ffi;

/// A budget, and what of it is used in its period of now, by all processes that share its ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Budget {
    /// As option `budgets` names it.
    pub name: String,
    /// Which calls it is about.
    pub subject: BudgetSubject,
    /// What it counts, and so what the numbers are.
    pub unit: BudgetUnit,
    /// When it begins anew.
    pub period: BudgetPeriod,
    /// What happens to calls beyond its limit.
    pub action: BudgetAction,
    /// What may be used in a period.
    pub limit: i64,
    /// By calls that have ended.
    pub spent: i64,
    /// By calls in flight.
    pub reserved: i64,
    /// Of the limit; never below 0.
    pub left: i64,
    /// When its next period begins, in microseconds since 1970 UTC.
    pub reset_us: i64,
}

/// Which calls a budget is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BudgetSubject {
    /// All calls.
    All,
    /// Those of a project, by its id.
    Project(String),
    /// Those whose project has a tag of that name and value.
    Tag(String, String),
    /// Those with a label of that name and value.
    Label(String, String),
}

/// What a budget counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BudgetUnit {
    /// A millionth of a millionth of a US dollar.
    PicoUsd,
    /// Input and output together.
    Tokens,
    /// Calls, not attempts.
    Calls,
}

/// When a budget begins anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BudgetPeriod {
    /// At midnight, UTC.
    Day,
    /// On the first of the month, UTC.
    Month,
}

/// What happens to calls beyond the limit of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BudgetAction {
    /// They are sent; thresholds that are passed are logged.
    Warn,
    /// They fail with [`BudgetExceeded`](crate::ErrorKind::BudgetExceeded), before anything is sent.
    Refuse,
}

impl Budget {
    /// # Safety
    ///
    /// The texts of `raw` are alive.
    pub(crate) unsafe fn of(raw: &sys::costmark_budget) -> Self {
        // SAFETY: the caller says so.
        let [name, key, value] =
            [raw.name, raw.key, raw.value].map(|text| unsafe { ffi::field(text) }.to_owned());
        Self {
            name,
            subject: match raw.subject {
                sys::COSTMARK_BUDGET_OF_PROJECT => BudgetSubject::Project(value),
                sys::COSTMARK_BUDGET_OF_TAG => BudgetSubject::Tag(key, value),
                sys::COSTMARK_BUDGET_OF_LABEL => BudgetSubject::Label(key, value),
                _ => BudgetSubject::All,
            },
            unit: match raw.unit {
                sys::COSTMARK_BUDGET_PICO_USD => BudgetUnit::PicoUsd,
                sys::COSTMARK_BUDGET_TOKENS => BudgetUnit::Tokens,
                _ => BudgetUnit::Calls,
            },
            period: match raw.period {
                sys::COSTMARK_BUDGET_DAY => BudgetPeriod::Day,
                _ => BudgetPeriod::Month,
            },
            action: match raw.action {
                sys::COSTMARK_BUDGET_WARN => BudgetAction::Warn,
                _ => BudgetAction::Refuse,
            },
            limit: raw.limit,
            spent: raw.spent,
            reserved: raw.reserved,
            left: raw.left,
            reset_us: raw.reset_us,
        }
    }
}

/// In the extensions of an `http::Request`: the call is sent whatever budgets say, and counts under
/// them all the same; see [`Request::override_budgets`](crate::Request::override_budgets).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OverrideBudgets;
