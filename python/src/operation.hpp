#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <utility>
#include <vector>

#include "bindings.hpp"
#include "costmark/client.hpp"
#include "costmark/operation.hpp"
#include "fast_method.hpp"
#include "given_request.hpp"
#include "one_at_a_time.hpp"

namespace costmark::python {

// Operations of a client that wait for their next request, with the memory of those before it.
class OperationPool {
 public:
  explicit OperationPool(std::shared_ptr<Client> client)
      : client_(std::move(client)), may_wait_(client_->may_wait()) {}

  Operation take();
  void give_back(Operation operation) noexcept;
  Client& client() const noexcept { return *client_; }
  // Whether preparing a request may wait.
  bool may_wait() const noexcept { return may_wait_; }

 private:
  static constexpr std::size_t most_kept = 64;
  static constexpr std::size_t largest_body = 1U << 20U;

  const std::shared_ptr<Client> client_;
  const bool may_wait_;
  std::mutex mutex_;
  std::vector<Operation> kept_;
};

// That of a client of the module. Raises for any other object.
std::shared_ptr<OperationPool> pool_of(py::handle client);

// An operation as Python sees it. Any thread may use it; they take turns.
class PyOperation {
 public:
  // `given` is what its request is made of, where that is at hand.
  template <class... Given>
  PyOperation(py::object client, std::shared_ptr<OperationPool> pool, Given&&... given)
      : client_(std::move(client)),
        pool_(std::move(pool)),
        operation_(pool_->take()),
        given_(std::forward<Given>(given)...) {}
  ~PyOperation();
  PyOperation(const PyOperation&) = delete;
  PyOperation& operator=(const PyOperation&) = delete;

  // Begins, and does what `prepare` would wait for; with `no_wait`, false says that this is left
  // to `ready`.
  bool begin(GivenRequest request, bool no_wait);
  // The same with the id of another one, which may be of another client.
  bool begin_beside(PyOperation& other, GivenRequest request, bool no_wait);
  // (an operation for an attempt that begins while one of this is open, whether it is ready)
  py::tuple beside(py::object method, const py::object& url, py::handle headers, py::object body,
                   bool no_wait);

  // Whether it is; only with `no_wait` may it not be, and with `alone`, while another thread does
  // what it would wait for.
  bool ready(bool no_wait, bool alone);
  // (all fields in the shape of those given, body or None, url or None, authorized), where None
  // stands for the request's own; None when it would have to wait. `sent` says that the attempt is
  // on its way.
  py::object prepare(py::object method, const py::object& url, py::handle headers, py::object body,
                     bool no_wait, bool sent);
  void sent();

  // --- Of a request that its library signs and sends, and whose events tell of it ---------------

  // With the request that it was made with. False when it would have to wait.
  bool begin_unsigned(bool no_wait);
  bool prepare_unsigned(py::object method, const py::object& url, py::handle headers,
                        py::object body, bool no_wait);
  // What is to be changed in it then, by its library's means, which give a body that changed its
  // length: a body, or null; fields to set; names of fields to take out, each of str.
  struct Changes {
    py::object body;
    std::vector<std::pair<py::object, py::object>> set;
    std::vector<py::object> removed;
  };
  Changes changes();

  // Where it is on its way through the events.
  struct Course {
    std::uint64_t events = 0;  // whose attempt is under way; 0: no one's
    py::object outer;          // what was under way around it
    py::object companion;      // what else ends with it
  };
  Course course;
  py::object companion() { return course.companion ? course.companion : py::none(); }
  void set_companion(py::object companion) { course.companion = std::move(companion); }

  // ---------------------------------------------------------------------------------------------

  // (may_change_body, read_ahead_bytes, read_ahead_seconds). With `encoded` None, and a
  // Content-Encoding among the headers: that one's text, and nothing else has happened.
  py::object head(int status, py::handle headers, std::optional<bool> encoded);
  // Prepares, sends and observes over libcurl, again where that helps: (status, headers, body,
  // attempts). `on_body` is called with the pieces of a good answer, which are then not gathered.
  py::tuple send(double timeout, std::uint32_t max_attempts, const py::object& on_body);
  // The same object when all of it is to be passed on.
  py::object feed(const py::object& piece);
  // Head, body and end of an answer that is whole, whose body nothing is taken out of.
  void answered(int status, py::handle headers, const py::object& body);
  // (what was held back, next step)
  bool lacks_only_counts();
  py::tuple finish();
  py::tuple fail(std::string_view name);

  py::object hint();
  py::dict decision();
  py::dict report();
  py::tuple next();  // (step, reason, pause in seconds)
  py::str id();
  std::uint32_t attempts();

  int traverse(visitproc visit, void* arg) const {
    Py_VISIT(client_.ptr());
    Py_VISIT(course.outer.ptr());
    Py_VISIT(course.companion.ptr());
    return 0;
  }
  void clear() {
    client_ = py::object();
    course = {};
  }

 private:
  template <class Begin>
  bool start(Begin begin, bool no_wait);
  Status become_ready(const Wait& wait, bool& is_ready);
  // The request of the next attempt, unless it is the one that was decided about.
  std::optional<GivenRequest> unless_decided(py::object method, const py::object& url,
                                             py::handle headers, py::object body) const;
  // False when it would have to wait. Raises what the core says.
  bool prepare_next(std::optional<GivenRequest> request, bool no_wait);
  bool is_prepared(Status status);
  template <class Work>
  Status prepared_by(Work work);
  py::tuple ended(std::string_view held) const;

  py::object client_;  // whose callbacks the operation may call
  const std::shared_ptr<OperationPool> pool_;
  OneAtATime lock_;
  Operation operation_;
  GivenRequest given_;                  // what the core has views of
  bool is_decided_ = false;             // about that, so that only the signature must be new
  std::vector<Header> answer_headers_;  // scratch
};

// An operation as an object of Python. It is none of pybind11's: to make and to end one of those
// takes longer than all short methods.
struct OperationObject {
  PyObject base;
  PyObject* weak_references;
  bool is_made;
  alignas(PyOperation) std::array<std::byte, sizeof(PyOperation)> storage;

  PyOperation& operation() noexcept {
    return *std::launder(reinterpret_cast<PyOperation*>(storage.data()));
  }
};

// An object without its operation.
py::object new_operation_object();

template <class... Arguments>
py::object new_operation(Arguments&&... arguments) {
  py::object made = new_operation_object();
  auto& object = *reinterpret_cast<OperationObject*>(made.ptr());
  new (object.storage.data()) PyOperation(std::forward<Arguments>(arguments)...);
  object.is_made = true;
  return made;
}

// Null for any other object.
PyOperation* operation_or_null(py::handle object) noexcept;

template <>
inline PyOperation& object_in<PyOperation>(PyObject* self) {
  return reinterpret_cast<OperationObject*>(self)->operation();
}

}  // namespace costmark::python
