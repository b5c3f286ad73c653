#include "operation.hpp"

#include <structmember.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <utility>

#include "callbacks.hpp"
#include "core_call.hpp"
#include "fast_method.hpp"
#include "usage.hpp"

namespace costmark::python {
namespace {

// Pieces of answers smaller than this are read with the GIL held: that takes less than a
// microsecond. A request is prepared without it, as it may wait for what needs it, but for small
// ones of boto3's clients that wait for nothing: there to give it away takes longer than the rest.
constexpr std::size_t release_gil_from = 4U << 10U;
constexpr std::size_t prepare_without_gil_from = 16U << 10U;

// Answers of these statuses may come of what the hint tells.
constexpr int bad_request = 400;
constexpr int not_found = 404;

constexpr double most_seconds = 86400;

py::object text_or_none(std::string_view text) {
  if (text.empty()) return py::none();
  return as_text(text);
}

py::bytes in_lower_case(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return as_bytes(lower);
}

constexpr std::string_view content_length = "Content-Length";
constexpr std::string_view transfer_encoding = "Transfer-Encoding";

// Merges what is to be set and removed into the fields of a request: a field that is set takes the
// place of the first one of its name.
class FieldsToSend {
 public:
  FieldsToSend(const GivenRequest& given, const Prepared& prepared)
      : given_(given),
        // Names in lower case stand beside the others where those given have them.
        with_lower_case_(!given.fields().empty() &&
                         PyTuple_GET_SIZE(given.fields()[0].ptr()) == 3) {
    const auto removed = prepared.headers_to_remove();
    removed_.reserve(removed.size() + 1);
    removed_.assign(removed.begin(), removed.end());
    set_.reserve(prepared.headers_to_set().size() + 1);
    for (const Header& header : prepared.headers_to_set()) set_.push_back({header, false});
    if (!prepared.body_changed()) return;
    if (is_length_right()) {
      length_ = std::to_string(prepared.body().size());
      set_.push_back({{content_length, length_}, false});
    }
    removed_.push_back(transfer_encoding);  // it must not stand beside the length that is set
  }

  // Whether a field is set, or one that is there is removed.
  bool has_changes() const {
    const auto& given = given_.field_views();
    return !set_.empty() || std::any_of(given.begin(), given.end(), [this](const Header& field) {
      return is_removed(field.name);
    });
  }

  // For who keeps the others, and gives a body that changed its length by itself where none is
  // given.
  void write_apart(PyOperation::Changes& out) const {
    for (const Setting& setting : set_) {
      if (setting.field.name == content_length && !is_given(content_length)) continue;
      out.set.emplace_back(as_text(setting.field.name), as_text(setting.field.value));
    }
    for (const std::string_view name : removed_) {
      if (is_given(name)) out.removed.emplace_back(as_text(name));
    }
  }

  py::list merged() {
    py::list result;
    std::size_t index = 0;
    for (const Header& field : given_.field_views()) append(field.name, index++, result);
    for (const Setting& setting : set_) {
      if (!setting.placed) result.append(made(setting.field));
    }
    return result;
  }

 private:
  struct Setting {
    Header field;
    bool placed;
  };

  void append(std::string_view name, std::size_t index, py::list& result) {
    const auto setting = std::find_if(set_.begin(), set_.end(), [name](const Setting& each) {
      return equal_ignoring_case(each.field.name, name);
    });
    if (setting != set_.end()) {
      if (!std::exchange(setting->placed, true)) result.append(made(setting->field));
    } else if (!is_removed(name)) {
      result.append(given_.fields()[index]);
    }
  }

  bool is_given(std::string_view name) const {
    const auto& given = given_.field_views();
    return std::any_of(given.begin(), given.end(), [name](const Header& field) {
      return equal_ignoring_case(field.name, name);
    });
  }

  bool is_removed(std::string_view name) const {
    return std::any_of(removed_.begin(), removed_.end(),
                       [name](std::string_view each) { return equal_ignoring_case(each, name); });
  }

  // Whether the length that the request gives, if any, is that of its body. A wrong one stays, so
  // that it is the error that it is without us.
  bool is_length_right() const {
    for (const Header& field : given_.field_views()) {
      if (equal_ignoring_case(field.name, content_length)) {
        return field.value == std::to_string(given_.body_size());
      }
    }
    return true;
  }

  py::tuple made(const Header& field) const {
    py::bytes name = as_bytes(field.name);
    py::bytes value = as_bytes(field.value);
    if (!with_lower_case_) return py::make_tuple(std::move(name), std::move(value));
    return py::make_tuple(std::move(name), in_lower_case(field.name), std::move(value));
  }

  const GivenRequest& given_;
  const bool with_lower_case_;
  std::vector<std::string_view> removed_;
  std::vector<Setting> set_;
  std::string length_;
};

// Whether a body that changes makes fields wrong.
bool gives_length(const std::vector<Header>& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const Header& field) {
    return equal_ignoring_case(field.name, content_length) ||
           equal_ignoring_case(field.name, transfer_encoding);
  });
}

// The values of all fields of that name, as one text.
std::string joined_values(std::string_view name, const std::vector<Header>& headers) {
  std::string joined;
  for (const Header& header : headers) {
    if (!equal_ignoring_case(header.name, name)) continue;
    joined.append(joined.empty() ? "" : ", ").append(header.value);
  }
  return joined;
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

PyOperation::~PyOperation() {
  pool_->give_back(std::move(operation_));
  hand_over_log_lines();
  interrupt_later();
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
    return become_ready({no_wait}, is_ready);
  }));
  return is_ready;
}

// Without the GIL.
Status PyOperation::become_ready(const Wait& wait, bool& is_ready) {
  Status status = operation_.ready(wait);
  if (!status && status.error().code == Code::would_block) {
    is_ready = false;
    return {};
  }
  is_ready = !(wait.no_wait && operation_.renewal_due());
  return status;
}

bool PyOperation::ready(bool no_wait, bool alone) {
  const OneAtATime::Hold hold(lock_);
  Wait wait{no_wait};
  wait.alone = alone;
  bool is_ready = true;
  check(with_callbacks([&] { return become_ready(wait, is_ready); }));
  return is_ready;
}

std::optional<GivenRequest> PyOperation::unless_decided(py::object method, const py::object& url,
                                                        py::handle headers, py::object body) const {
  if (is_decided_ && given_.is_made_of(method, url, headers, body)) return std::nullopt;
  GivenRequest request(given_, std::move(method), url, headers, std::move(body));
  if (is_decided_ && given_.is_same(request)) return std::nullopt;
  return request;
}

bool PyOperation::prepare_next(std::optional<GivenRequest> request, bool no_wait) {
  is_decided_ = false;
  // The request before this one lives until the core has let go of it.
  if (request) std::swap(given_, *request);
  const Request views = request ? given_.views() : Request();
  Status status = with_callbacks([&] {
    return request ? operation_.prepare(views, {no_wait}) : operation_.prepare({no_wait});
  });
  return is_prepared(std::move(status));
}

bool PyOperation::is_prepared(Status status) {
  const bool would_block = !status && status.error().code == Code::would_block;
  is_decided_ = status.ok() || would_block;
  if (!would_block) check(std::move(status));
  return !would_block;
}

py::object PyOperation::prepare(py::object method, const py::object& url, py::handle headers,
                                py::object body, bool no_wait, bool sent) {
  const OneAtATime::Hold hold(lock_);
  auto request = unless_decided(std::move(method), url, headers, std::move(body));
  if (!prepare_next(std::move(request), no_wait)) return py::none();
  const Prepared& prepared = operation_.prepared();
  FieldsToSend fields(given_, prepared);
  py::object outgoing =
      py::make_tuple(fields.has_changes() ? py::object(fields.merged()) : py::none(),
                     prepared.body_changed() ? py::object(as_bytes(prepared.body())) : py::none(),
                     text_or_none(prepared.url()), prepared.authorized());
  if (sent) operation_.sent();
  return outgoing;
}

bool PyOperation::begin_unsigned(bool no_wait) {
  const Request views = given_.views();
  return is_prepared(prepared_by([&]() -> Status {
    if (Status begun = operation_.begin(views); !begun) return begun;
    return operation_.prepare({no_wait});
  }));
}

bool PyOperation::prepare_unsigned(py::object method, const py::object& url, py::handle headers,
                                   py::object body, bool no_wait) {
  const OneAtATime::Hold hold(lock_);
  auto request = unless_decided(std::move(method), url, headers, std::move(body));
  return prepare_next(std::move(request), no_wait);
}

template <class Work>
Status PyOperation::prepared_by(Work work) {
  if (pool_->may_wait() || given_.body_size() >= prepare_without_gil_from)
    return with_callbacks(work);
  return in_core(false, work);
}

PyOperation::Changes PyOperation::changes() {
  const OneAtATime::Hold hold(lock_);
  const Prepared& prepared = operation_.prepared();
  Changes changes;
  if (prepared.body_changed()) changes.body = as_bytes(prepared.body());
  if (!prepared.headers_to_set().empty() || !prepared.headers_to_remove().empty() ||
      gives_length(given_.field_views())) {
    FieldsToSend(given_, prepared).write_apart(changes);
  }
  return changes;
}

void PyOperation::sent() {
  const OneAtATime::Hold hold(lock_);
  operation_.sent();
}

py::object PyOperation::head(int status, py::handle headers, std::optional<bool> encoded) {
  const OneAtATime::Hold hold(lock_);
  const py::tuple fields = header_tuple(headers);
  header_views(fields, answer_headers_);
  if (!encoded) {
    std::string encodings = joined_values("content-encoding", answer_headers_);
    if (!encodings.empty()) return as_text(encodings);
  }
  const AnswerPlan plan = in_core(
      false, [&] { return operation_.head({status, answer_headers_, encoded.value_or(false)}); });
  return py::make_tuple(plan.may_change_body, plan.read_ahead_bytes,
                        std::chrono::duration<double>(plan.read_ahead_time).count());
}

py::tuple PyOperation::send(double timeout, std::uint32_t max_attempts, const py::object& on_body) {
  const bool in_range = timeout >= 0 && timeout <= most_seconds;  // which NaN is not
  if (!in_range) throw py::value_error("timeout takes seconds, at most a day");
  const OneAtATime::Hold hold(lock_);
  Client& client = pool_->client();
  SendOptions options;
  options.timeout = std::chrono::milliseconds(static_cast<std::int64_t>(timeout * 1000));
  options.max_attempts = max_attempts;
  if (!on_body.is_none()) {
    options.on_body = [&on_body](std::string_view piece) -> Status {
      const GilHeld gil;
      try {
        on_body(as_bytes(piece));
        return {};
      } catch (py::error_already_set& exception) {
        return keep_exception(exception, Code::stopped_by_callback, "on_body");
      }
    };
  }
  Status status = with_callbacks([&] { return client.send(operation_, options); });
  const Response& response = operation_.response();
  // An answer that says no is an answer; which it is, is the caller's to look at.
  const bool answered =
      !status && status.error().code == Code::service && response.http_status() != 0;
  if (!answered) check(std::move(status));
  py::list headers;
  for (const Header& header : response.headers()) {
    headers.append(py::make_tuple(as_bytes(header.name), as_bytes(header.value)));
  }
  return py::make_tuple(response.http_status(), std::move(headers), as_bytes(response.body()),
                        response.attempts());
}

py::object PyOperation::feed(const py::object& piece) {
  const Buffer pinned(piece);
  const OneAtATime::Hold hold(lock_);
  const auto out = in_core(pinned.view().size() >= release_gil_from,
                           [&] { return operation_.feed(pinned.view()); });
  if (out.data() == pinned.view().data() && out.size() == pinned.view().size()) return piece;
  return as_bytes(out);
}

void PyOperation::answered(int status, py::handle headers, const py::object& body) {
  const Buffer pinned(body);
  const OneAtATime::Hold hold(lock_);
  const py::tuple fields = header_tuple(headers);
  header_views(fields, answer_headers_);
  const bool encoded =
      std::any_of(answer_headers_.begin(), answer_headers_.end(), [](const Header& field) {
        return equal_ignoring_case(field.name, "content-encoding") && !field.value.empty();
      });
  in_core(pinned.view().size() >= release_gil_from, [&] {
    operation_.head({status, answer_headers_, encoded});
    operation_.feed(pinned.view());
    return operation_.finish();
  });
}

bool PyOperation::lacks_only_counts() {
  const OneAtATime::Hold hold(lock_);
  return operation_.lacks_only_counts();
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
py::tuple PyOperation::beside(py::object method, const py::object& url, py::handle headers,
                              py::object body, bool no_wait) {
  py::object other = new_operation(client_, pool_);
  GivenRequest request(given_, std::move(method), url, headers, std::move(body));
  const bool is_ready =
      object_in<PyOperation>(other.ptr()).begin_beside(*this, std::move(request), no_wait);
  return py::make_tuple(std::move(other), is_ready);
}

// --- Methods that every call uses
// -------------------------------------------------------------------------

namespace {

py::object prepare(PyOperation& operation, const Arguments& given) {
  return operation.prepare(given[0], given[1], given[2], given[3], given.flag(4), given.flag(5));
}

py::object sent(PyOperation& operation, const Arguments& /*given*/) {
  operation.sent();
  return py::none();
}

py::object head(PyOperation& operation, const Arguments& given) {
  const int status = given[0].cast<int>();
  const py::object headers = given.has(1) ? given[1] : py::tuple();
  const bool asks = given.has(2) && given[2].is_none();
  return operation.head(status, headers, asks ? std::nullopt : std::optional(given.flag(2)));
}

py::object feed(PyOperation& operation, const Arguments& given) {
  return operation.feed(given[0]);
}

py::object finish(PyOperation& operation, const Arguments& /*given*/) {
  return operation.finish();
}

py::object fail(PyOperation& operation, const Arguments& given) {
  return operation.fail(text_view(given[0], "an outcome"));
}

}  // namespace

namespace {

OperationObject& as_object(PyObject* self) noexcept {
  return *reinterpret_cast<OperationObject*>(self);
}

void end_object(PyObject* self) {
  PyTypeObject* const type = Py_TYPE(self);
  OperationObject& object = as_object(self);
  PyObject_GC_UnTrack(self);
  if (object.weak_references != nullptr) PyObject_ClearWeakRefs(self);
  if (object.is_made) {
    const py::error_scope kept;
    object.operation().~PyOperation();
  }
  type->tp_free(self);
  Py_DECREF(type);
}

int traverse_object(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  OperationObject& object = as_object(self);
  return object.is_made ? object.operation().traverse(visit, arg) : 0;
}

int clear_object(PyObject* self) {
  OperationObject& object = as_object(self);
  if (object.is_made) object.operation().clear();
  return 0;
}

PyObject* make_type() {
  static std::array<PyMemberDef, 2> members{
      {{"__weaklistoffset__", T_PYSSIZET, offsetof(OperationObject, weak_references), READONLY,
        nullptr},
       {}}};
  static char doc[] = "One call: its decision, its attempts, what is next.";
  static std::array<PyType_Slot, 6> slots{
      {{Py_tp_dealloc, reinterpret_cast<void*>(&end_object)},
       {Py_tp_traverse, reinterpret_cast<void*>(&traverse_object)},
       {Py_tp_clear, reinterpret_cast<void*>(&clear_object)},
       {Py_tp_members, members.data()},
       {Py_tp_doc, doc},
       {}}};
  static PyType_Spec spec{
      "costmark._core.Operation", sizeof(OperationObject), 0,
      Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots.data()};
  PyObject* const type = PyType_FromSpec(&spec);
  if (type == nullptr) throw py::error_already_set();
  return type;
}

PyTypeObject* operation_type = nullptr;  // from the module's beginning to the end of the process

PyOperation& checked(py::handle self) {
  PyOperation* const operation = operation_or_null(self);
  if (operation == nullptr) throw py::type_error("this is a method of operations");
  return *operation;
}

// A method as pybind11 calls it.
template <class Value, class... Given>
auto of_object(Value (PyOperation::*method)(Given...)) {
  return [method](const py::object& self, Given... given) -> Value {
    return (checked(self).*method)(std::forward<Given>(given)...);
  };
}

// Adds methods to the type, less often called than the fast ones.
class SlowMethods {
 public:
  explicit SlowMethods(py::object type) : type_(std::move(type)) {}

  template <class Function, class... Extra>
  SlowMethods& def(const char* name, Function function, const Extra&... extra) {
    type_.attr(name) = made(name, std::move(function), extra...);
    return *this;
  }
  template <class Get, class... Set>
  SlowMethods& property(const char* name, Get get, Set... set) {
    const py::object cls = py::module_::import("builtins").attr("property");
    type_.attr(name) = cls(made(name, std::move(get)), made(name, std::move(set))...);
    return *this;
  }

 private:
  template <class Function, class... Extra>
  py::cpp_function made(const char* name, Function function, const Extra&... extra) const {
    return py::cpp_function(std::move(function), py::name(name), py::is_method(type_), extra...);
  }

  py::object type_;
};

}  // namespace

py::object new_operation_object() {
  auto made = py::reinterpret_steal<py::object>(operation_type->tp_alloc(operation_type, 0));
  if (!made) throw py::error_already_set();
  return made;
}

PyOperation* operation_or_null(py::handle object) noexcept {
  if (!object || Py_TYPE(object.ptr()) != operation_type) return nullptr;
  return &as_object(object.ptr()).operation();
}

void bind_operation(py::module_& module) {
  auto type = py::reinterpret_steal<py::object>(make_type());
  operation_type = reinterpret_cast<PyTypeObject*>(type.inc_ref().ptr());
  module.attr("Operation") = type;
  add_fast_method<PyOperation, &prepare, Takes{4, 6}>(type, "prepare");
  add_fast_method<PyOperation, &sent, Takes{0, 0}>(type, "sent");
  add_fast_method<PyOperation, &head, Takes{1, 3}>(type, "head");
  add_fast_method<PyOperation, &feed, Takes{1, 1}>(type, "feed");
  add_fast_method<PyOperation, &finish, Takes{0, 0}>(type, "finish");
  add_fast_method<PyOperation, &fail, Takes{1, 1}>(type, "fail");
  SlowMethods(type)
      .def("beside", of_object(&PyOperation::beside), py::arg("method"), py::arg("url"),
           py::arg("headers"), py::arg("body"), py::arg("no_wait") = false)
      .def("ready", of_object(&PyOperation::ready), py::arg("no_wait") = false,
           py::arg("alone") = false)
      .def("send", of_object(&PyOperation::send), py::arg("timeout") = 0.0,
           py::arg("max_attempts") = 0, py::arg("on_body") = py::none())
      .def("__deepcopy__", [](py::object self, py::handle /*memo*/) { return self; })
      .property("companion", of_object(&PyOperation::companion),
                of_object(&PyOperation::set_companion))
      .property("lacks_only_counts", of_object(&PyOperation::lacks_only_counts))
      .property("hint", of_object(&PyOperation::hint))
      .property("decision", of_object(&PyOperation::decision))
      .property("report", of_object(&PyOperation::report))
      .property("next", of_object(&PyOperation::next))
      .property("id", of_object(&PyOperation::id))
      .property("attempts", of_object(&PyOperation::attempts));
}

}  // namespace costmark::python
