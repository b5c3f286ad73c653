#include "operation.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "core_call.hpp"
#include "usage.hpp"

namespace costmark::python {
namespace {

// Pieces of answers smaller than this are read with the GIL held: that takes less than a
// microsecond. A request is always prepared without it. Giving it away costs nothing that can be
// measured at any size, a second thread gains 5 to 40 %, and a callback on another thread may need
// it.
constexpr std::size_t release_gil_from = 4U << 10U;

// Answers of these statuses may come of what the hint tells.
constexpr int bad_request = 400;
constexpr int not_found = 404;

py::object text_or_none(std::string_view text) {
  if (text.empty()) return py::none();
  return as_text(text);
}

py::tuple as_pair(std::string_view name, std::string_view value) {
  return py::make_tuple(as_text(name), as_text(value));
}

constexpr std::string_view content_length = "Content-Length";
constexpr std::string_view transfer_encoding = "Transfer-Encoding";

std::optional<std::string_view> value_of(const Request& request, std::string_view name) {
  for (const Header& header : request.headers) {
    if (equal_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

// Whether the length that the request gives, if any, is that of its body. A wrong one stays, so
// that it is the error that it is without us.
bool is_length_right(const Request& request) {
  const auto given = value_of(request, content_length);
  return !given || *given == std::to_string(request.body.size());
}

py::list headers_to_set(const Request& request, const Prepared& prepared) {
  py::list result;
  for (const Header& header : prepared.headers_to_set()) {
    result.append(as_pair(header.name, header.value));
  }
  if (prepared.body_changed() && is_length_right(request)) {
    result.append(as_pair(content_length, std::to_string(prepared.body().size())));
  }
  return result;
}

// Less those that are set: setting replaces every field of that name.
py::list headers_to_remove(const Request& request, const Prepared& prepared) {
  py::list result;
  const std::span<const Header> set = prepared.headers_to_set();
  for (const std::string_view name : prepared.headers_to_remove()) {
    if (std::none_of(set.begin(), set.end(), [name](const Header& header) {
          return equal_ignoring_case(header.name, name);
        })) {
      result.append(as_text(name));
    }
  }
  // It must not stand beside the length that is set.
  if (prepared.body_changed() && value_of(request, transfer_encoding)) {
    result.append(as_text(transfer_encoding));
  }
  return result;
}

std::optional<Outcome> outcome_named(std::string_view name) {
  for (const auto outcome :
       {Outcome::ok, Outcome::error, Outcome::cancelled, Outcome::incomplete, Outcome::unknown}) {
    if (to_string(outcome) == name) return outcome;
  }
  return std::nullopt;
}

}  // namespace

// --- The pool
// -------------------------------------------------------------------------------------

Operation OperationPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!kept_.empty()) {
      Operation operation = std::move(kept_.back());
      kept_.pop_back();
      return operation;
    }
  }
  return client_->operation();
}

void OperationPool::give_back(Operation operation) noexcept {
  const bool is_large = operation.prepared().body().size() > largest_body;
  operation.reset();
  if (is_large) return;
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= most_kept) return;
  try {
    kept_.push_back(std::move(operation));
  } catch (const std::bad_alloc&) {  // then it is not kept
    return;
  }
}

// --- An operation
// ---------------------------------------------------------------------------------

PyOperation::PyOperation(std::shared_ptr<OperationPool> pool)
    : pool_(std::move(pool)), operation_(pool_->take()) {}

PyOperation::~PyOperation() {
  pool_->give_back(std::move(operation_));
  hand_over_log_lines();
}

bool PyOperation::begin(GivenRequest request, bool no_wait) {
  given_ = std::move(request);
  const Request views = given_.views();
  return start([&] { return operation_.begin(views); }, no_wait);
}

bool PyOperation::begin_beside(PyOperation& other, GivenRequest request, bool no_wait) {
  const OneAtATime::Hold hold(other.lock_);
  given_ = std::move(request);
  const Request views = given_.views();
  return start([&] { return operation_.begin_beside(other.operation_, views); }, no_wait);
}

template <class Begin>
bool PyOperation::start(Begin begin, bool no_wait) {
  bool is_ready = true;
  check(with_callbacks([&]() -> Status {
    if (Status status = begin(); !status) return status;
    is_decided_ = true;
    return become_ready(no_wait, is_ready);
  }));
  return is_ready;
}

// Without the GIL.
Status PyOperation::become_ready(bool no_wait, bool& is_ready) {
  Status status = operation_.ready({no_wait});
  if (!status && status.error().code == Code::would_block) {
    is_ready = false;
    return {};
  }
  is_ready = !(no_wait && operation_.renewal_due());
  return status;
}

bool PyOperation::ready(bool no_wait) {
  const OneAtATime::Hold hold(lock_);
  bool is_ready = true;
  check(with_callbacks([&] { return become_ready(no_wait, is_ready); }));
  return is_ready;
}

py::object PyOperation::prepare(py::object method, py::object url, const py::sequence& headers,
                                py::object body, bool no_wait) {
  const OneAtATime::Hold hold(lock_);
  GivenRequest request(std::move(method), std::move(url), headers, std::move(body),
                       given_.project(), given_.scope());
  const bool decided = std::exchange(is_decided_, false) && given_.is_same(request);
  // The request before this one lives until the core has let go of it.
  if (!decided) std::swap(given_, request);
  const Request views = given_.views();
  Status status = with_callbacks([&] {
    return decided ? operation_.prepare({no_wait}) : operation_.prepare(views, {no_wait});
  });
  is_decided_ = status.ok() || status.error().code == Code::would_block;
  if (!status && status.error().code == Code::would_block) return py::none();
  check(std::move(status));
  const Prepared& prepared = operation_.prepared();
  return py::make_tuple(
      headers_to_set(views, prepared), headers_to_remove(views, prepared),
      prepared.body_changed() ? py::object(as_bytes(prepared.body())) : py::none(),
      text_or_none(prepared.url()), prepared.authorized());
}

void PyOperation::sent() {
  const OneAtATime::Hold hold(lock_);
  operation_.sent();
}

py::tuple PyOperation::head(int status, const py::sequence& headers, bool encoded) {
  const OneAtATime::Hold hold(lock_);
  header_views(headers, answer_headers_);
  const AnswerPlan plan =
      in_core(false, [&] { return operation_.head({status, answer_headers_, encoded}); });
  return py::make_tuple(plan.may_change_body, plan.read_ahead_bytes,
                        std::chrono::duration<double>(plan.read_ahead_time).count());
}

py::object PyOperation::feed(const py::object& piece) {
  const Buffer pinned(piece);
  const OneAtATime::Hold hold(lock_);
  const auto out = in_core(pinned.view().size() >= release_gil_from,
                           [&] { return operation_.feed(pinned.view()); });
  if (out.data() == pinned.view().data() && out.size() == pinned.view().size()) return piece;
  return as_bytes(out);
}

py::tuple PyOperation::finish() {
  const OneAtATime::Hold hold(lock_);
  return ended(in_core(false, [&] { return operation_.finish(); }));
}

py::tuple PyOperation::fail(std::string_view name) {
  const auto outcome = outcome_named(name);
  if (!outcome) throw py::value_error("no such outcome: " + std::string(name));
  const OneAtATime::Hold hold(lock_);
  return ended(in_core(false, [&] { return operation_.fail(*outcome); }));
}

py::tuple PyOperation::ended(std::string_view held) const {
  return py::make_tuple(as_bytes(held), as_text(to_string(operation_.next().step)));
}

// --- What is known of it
// --------------------------------------------------------------------------

py::object PyOperation::hint() {
  const OneAtATime::Hold hold(lock_);
  const int status = operation_.report().http_status;
  if (status != bad_request && status != not_found) return py::none();
  return text_or_none(operation_.prepared().hint());
}

py::dict PyOperation::decision() {
  const OneAtATime::Hold hold(lock_);
  const Prepared& prepared = operation_.prepared();
  py::dict result;
  result["project"] = text_or_none(prepared.project());
  result["project_source"] = as_text(to_string(prepared.project_source()));
  result["api"] = as_text(to_string(prepared.api()));
  result["model"] = as_text(prepared.model());
  result["streamed"] = prepared.streamed();
  result["hides_usage_chunk"] = prepared.hides_usage_chunk();
  result["unattributed"] = prepared.unattributed();
  result["unrecognized"] = prepared.unrecognized();
  result["hint"] = text_or_none(prepared.hint());
  return result;
}

py::dict PyOperation::report() {
  const OneAtATime::Hold hold(lock_);
  return as_dict(operation_.report());
}

py::tuple PyOperation::next() {
  const OneAtATime::Hold hold(lock_);
  const Next& next = operation_.next();
  return py::make_tuple(as_text(to_string(next.step)), as_text(to_string(next.reason)),
                        std::chrono::duration<double>(next.pause).count());
}

py::str PyOperation::id() {
  const OneAtATime::Hold hold(lock_);
  return as_text(operation_.id());
}

std::uint32_t PyOperation::attempts() {
  const OneAtATime::Hold hold(lock_);
  return operation_.attempts();
}

// An attempt that begins while one of this operation is open.
py::tuple PyOperation::beside(py::object method, py::object url, const py::sequence& headers,
                              py::object body, bool no_wait) {
  auto other = std::make_unique<PyOperation>(pool_);
  GivenRequest request(std::move(method), std::move(url), headers, std::move(body),
                       given_.project(), given_.scope());
  const bool is_ready = other->begin_beside(*this, std::move(request), no_wait);
  return py::make_tuple(std::move(other), is_ready);
}

void bind_operation(py::module_& module) {
  py::class_<PyOperation>(module, "Operation",
                          "One call: its decision, its attempts, what is next.")
      .def("beside", &PyOperation::beside, py::arg("method"), py::arg("url"), py::arg("headers"),
           py::arg("body"), py::arg("no_wait") = false)
      .def("ready", &PyOperation::ready, py::arg("no_wait") = false)
      .def("prepare", &PyOperation::prepare, py::arg("method"), py::arg("url"), py::arg("headers"),
           py::arg("body"), py::arg("no_wait") = false)
      .def("sent", &PyOperation::sent)
      .def("head", &PyOperation::head, py::arg("status"), py::arg("headers") = py::tuple(),
           py::arg("encoded") = false)
      .def("feed", &PyOperation::feed, py::arg("piece"))
      .def("finish", &PyOperation::finish)
      .def("fail", &PyOperation::fail, py::arg("outcome"))
      .def_property_readonly("hint", &PyOperation::hint)
      .def_property_readonly("decision", &PyOperation::decision)
      .def_property_readonly("report", &PyOperation::report)
      .def_property_readonly("next", &PyOperation::next)
      .def_property_readonly("id", &PyOperation::id)
      .def_property_readonly("attempts", &PyOperation::attempts);
}

}  // namespace costmark::python
