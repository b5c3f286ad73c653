"""Runs at the start of every Python that `costmark run` has begun, before its program.

Python imports the first `sitecustomize` that it finds. So this folder stands in front on
PYTHONPATH, and the module that would have been found without it is run from here. costmark itself
may be installed for another Python than this one: then it is loaded from where it is.
"""

import os
import sys
from importlib.machinery import PathFinder
from importlib.util import module_from_spec, spec_from_file_location

_HERE = os.path.dirname(os.path.abspath(__file__))


def _patch():
    try:
        import costmark
    except ImportError:
        costmark = _costmark_beside()
    costmark.patch()


def _costmark_beside():
    package = os.path.dirname(_HERE)
    spec = spec_from_file_location(
        "costmark", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    costmark = sys.modules["costmark"] = module_from_spec(spec)
    try:
        spec.loader.exec_module(costmark)
        costmark.patch  # noqa: B018 - loads what is compiled, for one version of Python
    except BaseException:
        for name in [each for each in sys.modules if each.partition(".")[0] == "costmark"]:
            del sys.modules[name]
        raise
    return costmark


def _end(message):
    """Begin no program whose calls would not be covered."""
    sys.stderr.write(message)
    sys.stderr.flush()
    os._exit(1)


def _is_closed():
    return bool(
        os.environ.get("COSTMARK_UNATTRIBUTED", "").lower() == "refuse"
        or os.environ.get("COSTMARK_ALLOWED_PROJECTS")
    )


def _run_the_next():
    """Run the module that would have been imported without this one."""
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != _HERE]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = sys.modules["sitecustomize"] = module_from_spec(spec)
    spec.loader.exec_module(module)


try:
    _patch()
except ImportError as error:
    _message = "costmark: the calls of %s are not covered: %s\n" % (sys.executable, error)
    if _is_closed():
        _end(_message)
    sys.stderr.write(_message)
except Exception as error:
    _end("costmark: %s: %s\n" % (type(error).__name__, error))
_run_the_next()
