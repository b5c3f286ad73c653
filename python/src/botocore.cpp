// The events of botocore's clients, as handlers take them: by keyword alone. A function of Python
// for each of them would take longer than the core does.
#include <Python.h>

#include <atomic>
#include <utility>

#include "callbacks.hpp"
#include "fast_method.hpp"
#include "operation.hpp"

namespace costmark::python {
namespace {

PyObject* interned(const char* text) {
  PyObject* const name = PyUnicode_InternFromString(text);
  if (name == nullptr) throw py::error_already_set();
  return name;
}

// What botocore calls what it passes along; they live as long as the process.
struct Names {
  PyObject* const body = interned("body");
  PyObject* const caught_exception = interned("caught_exception");
  PyObject* const context = interned("context");
  PyObject* const data = interned("data");
  PyObject* const dict = interned("_dict");
  PyObject* const headers = interned("headers");
  PyObject* const headers_of_message = interned("_headers");
  PyObject* const is_presign_request = interned("is_presign_request");
  PyObject* const items = interned("items");
  PyObject* const key = interned("_key");
  PyObject* const method = interned("method");
  PyObject* const operation = interned("costmark");  // in the context of a call
  PyObject* const raw_items = interned("raw_items");
  PyObject* const request = interned("request");
  PyObject* const request_dict = interned("request_dict");
  PyObject* const response_dict = interned("response_dict");
  PyObject* const status_code = interned("status_code");
  PyObject* const url = interned("url");
};

const Names& names() {
  static const Names* const all = new Names;
  return *all;
}

py::object owned(PyObject* object) {
  if (object == nullptr) throw py::error_already_set();
  return py::reinterpret_steal<py::object>(object);
}

py::object attribute(const py::object& object, PyObject* name) {
  return owned(PyObject_GetAttr(object.ptr(), name));
}

// Null where there is none.
py::object attribute_or_null(const py::object& object, PyObject* name) {
  PyObject* const found = PyObject_GetAttr(object.ptr(), name);
  if (found == nullptr) {
    if (PyErr_ExceptionMatches(PyExc_AttributeError) == 0) throw py::error_already_set();
    PyErr_Clear();
  }
  return py::reinterpret_steal<py::object>(found);
}

// Null where there is none.
py::object item_or_null(py::handle dict, PyObject* name) {
  PyObject* const found = PyDict_GetItemWithError(dict.ptr(), name);
  if (found == nullptr && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return py::reinterpret_borrow<py::object>(found);
}

py::object item(py::handle dict, PyObject* name) {
  py::object found = item_or_null(dict, name);
  if (!found) {
    PyErr_SetObject(PyExc_KeyError, name);
    throw py::error_already_set();
  }
  return found;
}

int number(const py::object& object) {
  const long value = PyLong_AsLong(object.ptr());
  if (value == -1 && PyErr_Occurred() != nullptr) throw py::error_already_set();
  return static_cast<int>(value);
}

// Of a request, as `http.client` keeps them, which takes long to ask.
py::object fields_to_send(const py::object& headers) {
  py::object kept = attribute_or_null(headers, names().headers_of_message);
  if (kept && PyList_CheckExact(kept.ptr()) != 0) return kept;
  return owned(PySequence_List(attribute(headers, names().raw_items)().ptr()));
}

// The bytes of a body; None for one that is a stream.
py::object body_to_send(py::object data) {
  if (PyBytes_Check(data.ptr()) != 0) return data;
  if (PyUnicode_Check(data.ptr()) != 0) return owned(PyUnicode_AsUTF8String(data.ptr()));
  if (PyByteArray_Check(data.ptr()) != 0 || PyMemoryView_Check(data.ptr()) != 0) {
    return owned(PyBytes_FromObject(data.ptr()));
  }
  const int is_something = PyObject_IsTrue(data.ptr());
  if (is_something < 0) throw py::error_already_set();
  return is_something != 0 ? py::object(py::none()) : py::object(py::bytes());
}

// Of an answer, as botocore's class keeps them, which takes long to ask; null where it is another.
py::object kept_fields_of_answer(const py::object& headers) {
  const py::object kept = attribute_or_null(headers, names().dict);
  if (!kept || PyDict_CheckExact(kept.ptr()) == 0) return {};
  const Py_ssize_t count = PyDict_GET_SIZE(kept.ptr());
  py::tuple fields(count);
  Py_ssize_t place = 0;
  PyObject* key = nullptr;
  PyObject* value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(kept.ptr(), &at, &key, &value) != 0; ++place) {
    const auto held = py::reinterpret_borrow<py::object>(value);
    const auto name = attribute_or_null(py::reinterpret_borrow<py::object>(key), names().key);
    if (!name || place == count) return {};
    py::object field = owned(PyTuple_Pack(2, name.ptr(), held.ptr()));
    PyTuple_SET_ITEM(fields.ptr(), place, field.release().ptr());
  }
  return place == count ? py::object(std::move(fields)) : py::object();
}

py::object fields_of_answer(const py::object& headers) {
  py::object fields = kept_fields_of_answer(headers);
  if (fields) return fields;
  return owned(PySequence_Tuple(attribute(headers, names().items)().ptr()));
}

void write_changes(const py::object& request, const PyOperation::Changes& changes) {
  if (changes.body && PyObject_SetAttr(request.ptr(), names().data, changes.body.ptr()) != 0) {
    throw py::error_already_set();
  }
  if (changes.set.empty() && changes.removed.empty()) return;
  const py::object headers = attribute(request, names().headers);
  const auto take_out = [&headers](const py::object& name) {
    if (PyObject_DelItem(headers.ptr(), name.ptr()) != 0) throw py::error_already_set();
  };
  for (const py::object& name : changes.removed) take_out(name);
  for (const auto& [name, value] : changes.set) {
    take_out(name);
    if (PyObject_SetItem(headers.ptr(), name.ptr(), value.ptr()) != 0) {
      throw py::error_already_set();
    }
  }
}

// A variable of Python's contexts.
py::object value_of(const py::object& variable) {
  PyObject* value = nullptr;
  if (PyContextVar_Get(variable.ptr(), nullptr, &value) != 0) throw py::error_already_set();
  if (value == nullptr) return py::none();
  return py::reinterpret_steal<py::object>(value);
}

void set_value(const py::object& variable, const py::object& value) {
  owned(PyContextVar_Set(variable.ptr(), value.ptr()));
}

// The operation of a call, held.
struct Found {
  py::object object;
  PyOperation* operation = nullptr;

  explicit operator bool() const noexcept { return operation != nullptr; }
};

Found as_operation(py::object object) {
  PyOperation* const operation = operation_or_null(object);
  if (operation == nullptr) return {};
  return {std::move(object), operation};
}

Found operation_in(const py::object& context) {
  return as_operation(item_or_null(context, names().operation));
}

// Follows the calls of one client of botocore.
class BotocoreEvents {
 public:
  // `frame` and `everywhere` are where costmark.project keeps what is in force. `read_stream` is
  // called with an answer and its operation where the body is still to come.
  BotocoreEvents(py::object frame, py::list everywhere, py::object read_stream, bool no_wait)
      : frame_(std::move(frame)),
        everywhere_(std::move(everywhere)),
        read_stream_(std::move(read_stream)),
        no_wait_(no_wait) {}

  py::object client() const { return client_ ? client_ : py::none(); }
  void follow(py::object client) {
    auto pool = pool_of(client);
    client_ = std::move(client);
    pool_ = std::move(pool);
  }

  // before-sign: decides who pays, and writes the project into a request that is about to be
  // signed. Gives the operation when it would have to wait: then it is to be called again once
  // that is ready.
  py::object write(py::handle given) {
    const py::object request = item(given, names().request);
    const py::object context = attribute(request, names().context);
    if (item_or_null(context, names().is_presign_request)) return py::none();  // nothing is sent
    py::object method = attribute(request, names().method);
    const py::object url = attribute(request, names().url);
    const py::object fields = fields_to_send(attribute(request, names().headers));
    py::object body = body_to_send(attribute(request, names().data));
    bool is_ready = true;
    Found found = operation_in(context);
    if (found) {
      is_ready = found.operation->prepare_unsigned(std::move(method), url, fields, std::move(body),
                                                   no_wait_);
    } else {
      auto [project, labels] = scope_now();
      if (!pool_) throw py::type_error("the events follow no client");
      found = as_operation(new_operation(client_, pool_, std::move(method), url, fields,
                                         std::move(body), py::none(), std::move(project),
                                         std::move(labels)));
      is_ready = found.operation->begin_unsigned(no_wait_);
      if (PyDict_SetItem(context.ptr(), names().operation, found.object.ptr()) != 0) {
        throw py::error_already_set();
      }
    }
    if (!is_ready) return found.object;
    write_changes(request, found.operation->changes());
    return py::none();
  }

  // request-created: counts the attempt, which is signed and leaves now.
  void sent(py::handle given) const {
    const py::object context = attribute(item(given, names().request), names().context);
    const Found found = operation_in(context);
    if (!found) return;
    found.operation->sent();
    found.operation->course.events = serial_;
    py::object outer = value_of(now());
    if (operation_under_way(outer)) found.operation->course.outer = std::move(outer);
    set_value(now(), owned(PyWeakref_NewRef(found.object.ptr(), nullptr)));
  }

  // before-parse: reads the answer, as it came, on its way to botocore's parsers. Gives the
  // operation that it is of.
  py::object answered(py::handle given) {
    const Found found = take_now();
    if (!found) return py::none();
    const py::object answer = item(given, names().response_dict);
    py::object body = item(answer, names().body);
    const bool is_whole = PyBytes_Check(body.ptr()) != 0 || PyUnicode_Check(body.ptr()) != 0;
    if (is_whole) {
      // One that is encoded, which no one asked for, botocore cannot read either.
      found.operation->answered(number(item(answer, names().status_code)),
                                fields_of_answer(item(answer, names().headers)),
                                body_to_send(std::move(body)));
    } else {
      read_stream_(answer, found.object);
    }
    return found.object;
  }

  // needs-retry: notes that no answer came.
  void failed(py::handle given) {
    if (item(given, names().caught_exception).is_none()) return;
    const py::object request = item(given, names().request_dict);
    const Found found = operation_in(item(request, names().context));
    if (!found || found.operation->course.events == 0) return;
    leave(*found.operation);
    found.operation->fail("error");
  }

  int traverse(visitproc visit, void* arg) const {
    for (const py::handle each : {py::handle(client_), py::handle(frame_), py::handle(everywhere_),
                                  py::handle(read_stream_)}) {
      Py_VISIT(each.ptr());
    }
    return 0;
  }
  void clear() {
    client_ = py::object();
    read_stream_ = py::object();
  }

 private:
  // The attempt that is under way in a context: not all events have that of their call. The call
  // itself holds the operation, so that one which is broken off leaves nothing behind.
  static const py::object& now() {
    static const py::object* const variable =
        new py::object(owned(PyContextVar_New("costmark.botocore", Py_None)));
    return *variable;
  }

  // What a reference in `now` leads to; nothing where that is under way no longer.
  static Found operation_under_way(const py::object& reference) {
    if (reference.is_none()) return {};
    Found found = as_operation(owned(PyObject_CallNoArgs(reference.ptr())));
    if (!found || found.operation->course.events == 0) return {};
    return found;
  }

  // Be under way no longer: what the context refers to then is as good as nothing.
  static void leave(PyOperation& operation) {
    operation.course.events = 0;
    const py::object outer = std::exchange(operation.course.outer, py::object());
    if (outer) set_value(now(), outer);
  }

  // What the answer that is there was asked for by; it is under way no longer.
  Found take_now() const {
    Found found = operation_under_way(value_of(now()));
    if (!found || found.operation->course.events != serial_) return {};
    leave(*found.operation);
    return found;
  }

  // The project and the labels in force, as `costmark._client.scope` has them.
  std::pair<py::object, py::object> scope_now() const {
    py::object frame = value_of(frame_);
    if (frame.is_none()) {
      const Py_ssize_t count = PyList_GET_SIZE(everywhere_.ptr());
      if (count == 0) return {py::none(), py::none()};
      frame = py::reinterpret_borrow<py::object>(PyList_GET_ITEM(everywhere_.ptr(), count - 1));
    }
    constexpr Py_ssize_t labels_at = 4;
    if (PyTuple_Check(frame.ptr()) == 0 || PyTuple_GET_SIZE(frame.ptr()) <= labels_at) {
      throw py::type_error("a scope's frame is a tuple");
    }
    return {py::reinterpret_borrow<py::object>(PyTuple_GET_ITEM(frame.ptr(), 0)),
            py::reinterpret_borrow<py::object>(PyTuple_GET_ITEM(frame.ptr(), labels_at))};
  }

  static std::uint64_t next_serial() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }

  py::object client_;
  std::shared_ptr<OperationPool> pool_;
  const py::object frame_;
  const py::list everywhere_;
  py::object read_stream_;
  const bool no_wait_;
  const std::uint64_t serial_ = next_serial();
};

py::object write(BotocoreEvents& events, py::handle given) {
  return events.write(given);
}

py::object sent(BotocoreEvents& events, py::handle given) {
  events.sent(given);
  return py::none();
}

py::object answered(BotocoreEvents& events, py::handle given) {
  return events.answered(given);
}

py::object failed(BotocoreEvents& events, py::handle given) {
  events.failed(given);
  return py::none();
}

}  // namespace

void bind_botocore(py::module_& module) {
  py::class_<BotocoreEvents> type(module, "BotocoreEvents",
                                  "Handlers of botocore's events, which follow a client's calls.",
                                  collectable<BotocoreEvents>());
  add_keyword_method<BotocoreEvents, &write>(type, "write", "write($self, /, **given)\n--\n\n");
  add_keyword_method<BotocoreEvents, &sent>(type, "sent", "sent($self, /, **given)\n--\n\n");
  add_keyword_method<BotocoreEvents, &answered>(type, "answered",
                                                "answered($self, /, **given)\n--\n\n");
  add_keyword_method<BotocoreEvents, &failed>(type, "failed", "failed($self, /, **given)\n--\n\n");
  type.def(py::init<py::object, py::list, py::object, bool>(), py::arg("frame"),
           py::arg("everywhere"), py::arg("read_stream"), py::arg("no_wait"))
      .def_property("client", &BotocoreEvents::client, &BotocoreEvents::follow);
  module.def(
      "fields_of_botocore_answer",
      [](const py::object& headers) { return fields_of_answer(headers); }, py::arg("headers"));
}

}  // namespace costmark::python
