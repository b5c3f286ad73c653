package costmark

/*
#include "bridge.h"
*/
import "C"

// LedgerCounts is what became of the rows of a ledger, notes of its writer among them. Clients of a process
// whose ledger is the same share it, and the counts.
type LedgerCounts struct {
	RowsWritten uint64
	RowsWaiting uint64 // in memory, until they can be written
	RowsLost    uint64 // there was no room for them to wait
	RowsTorn    uint64 // begun in a file that then went away, and written anew in another
}

// LedgerCounts counts what became of the rows of the client's ledger; all zero without one, and after Close.
func (c *Client) LedgerCounts() LedgerCounts {
	core, err := c.use()
	if err != nil {
		return LedgerCounts{}
	}
	defer core.release()
	counts := C.costmark_ledger_counts{struct_size: C.sizeof_costmark_ledger_counts}
	C.costmark_client_ledger_counts(core.client, &counts)
	return LedgerCounts{
		RowsWritten: uint64(counts.rows_written),
		RowsWaiting: uint64(counts.rows_waiting),
		RowsLost:    uint64(counts.rows_lost),
		RowsTorn:    uint64(counts.rows_torn),
	}
}

// FlushLedger tries to write the rows that wait, and tells whether none waits any more.
func (c *Client) FlushLedger() bool {
	core, err := c.use()
	if err != nil {
		return false
	}
	defer core.release()
	return bool(C.costmark_client_ledger_flush(core.client))
}
