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


def _patch() -> None:
    try:
        from costmark import patch
    except ImportError:
        _load_from_beside()
        from costmark import patch
    patch()


def _load_from_beside() -> None:
    package = os.path.dirname(_HERE)
    spec = spec_from_file_location(
        "costmark", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    assert spec is not None  # noqa: S101 - what it is made of is there
    assert spec.loader is not None  # noqa: S101
    module = sys.modules["costmark"] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
        module.patch  # noqa: B018 - loads what is compiled, for one version of Python
    except BaseException:
        for name in [each for each in sys.modules if each.partition(".")[0] == "costmark"]:
            del sys.modules[name]
        raise


def _say(message: str) -> None:
    sys.stderr.write("costmark: " + message + "\n")
    sys.stderr.flush()


def _is_closed() -> bool:
    refuses = os.environ.get("COSTMARK_UNATTRIBUTED", "").lower() == "refuse"
    return refuses or bool(os.environ.get("COSTMARK_ALLOWED_PROJECTS"))


def _run_the_next() -> None:
    """Run the module that would have been imported without this one."""
    sys.path[:] = [each for each in sys.path if os.path.abspath(each or ".") != _HERE]
    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is None or spec.loader is None:
        return
    module = sys.modules["sitecustomize"] = module_from_spec(spec)
    spec.loader.exec_module(module)


# No program begins whose calls would not be covered though they must be.
try:
    _patch()
except ImportError as error:
    _say(f"the calls of {sys.executable} are not covered: {error}")
    if _is_closed():
        os._exit(1)
except Exception as error:  # noqa: BLE001 - the program begins, or it does not
    _say(f"{type(error).__name__}: {error}")
    os._exit(1)
_run_the_next()
