/// What became of the rows of a ledger, notes of its writer among them. Clients of a process whose
/// ledger is the same share it, and the counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LedgerCounts {
    /// In the file, or on the descriptor.
    pub rows_written: u64,
    /// In memory, until they can be written.
    pub rows_waiting: u64,
    /// There was no room for them to wait.
    pub rows_lost: u64,
    /// Begun in a file that then went away, and written anew in another.
    pub rows_torn: u64,
}
