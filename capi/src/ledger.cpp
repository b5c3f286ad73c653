#include "costmark/ledger.hpp"

#include <vector>

#include "client.hpp"
#include "costmark/labels.hpp"
#include "guard.hpp"
#include "views.hpp"

using namespace costmark::capi;
using costmark::NameValue;
using costmark::Status;

void costmark_client_ledger_counts(const costmark_client* client,
                                   costmark_ledger_counts* out_counts) noexcept {
  if (!alive(client)) return show_nothing(out_counts);
  const costmark::LedgerCounters counters = client->core->ledger_counters();
  costmark_ledger_counts out = COSTMARK_LEDGER_COUNTS_INIT;
  out.rows_written = counters.rows_written;
  out.rows_waiting = counters.rows_waiting;
  out.rows_lost = counters.rows_lost;
  out.rows_torn = counters.rows_torn;
  show(out, out_counts);
}

bool costmark_client_ledger_flush(const costmark_client* client) noexcept {
  return alive(client) && client->core->flush_ledger();
}

costmark_status costmark_labels_check(const costmark_label* labels, size_t count,
                                      costmark_error** out_error) noexcept {
  return guarded(out_error, [&]() -> Status {
    std::vector<NameValue> pairs;
    if (Status status = read_labels(labels, count, pairs); !status) return status;
    return costmark::check_labels(pairs);
  });
}
