#include "callbacks.hpp"

namespace costmark::python {
namespace {

// Leaves the object to the end of the process when there is no interpreter to give it back to.
void release_with_gil(py::object* object) {
  if (is_finalizing()) {
    object->release();
    delete object;
    return;
  }
  const GilHeld gil;
  delete object;
}

}  // namespace

Callback::Callback(py::object callable)
    : callable_(new py::object(std::move(callable)), release_with_gil) {}

int Callback::traverse(visitproc visit, void* arg) const {
  if (callable_) Py_VISIT(callable_->ptr());
  return 0;
}

void Callback::clear() const {
  if (!callable_) return;
  const py::object gone = std::exchange(*callable_, py::object());
}

Callback KeptCallbacks::keep(const py::object& callable) {
  return callbacks_.emplace_back(callable);
}

int KeptCallbacks::traverse(visitproc visit, void* argument) const {
  for (const Callback& callback : callbacks_) {
    if (const int stop = callback.traverse(visit, argument); stop != 0) return stop;
  }
  return 0;
}

void KeptCallbacks::clear() {
  for (const Callback& callback : callbacks_) callback.clear();
}

}  // namespace costmark::python
