"""`fit`: a model, data, an estimator; precision, device, seed and progress are decided here and nowhere else.

Arrays enter JAX inside the call's own precision and device context, and leave it as NumPy arrays, so that float32 and
float64 fits live in one process and the user's own JAX settings are never touched.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import fields, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from . import estimators
from .design import Design
from .errors import DataError, EstimatorError, SpecError
from .estimators import Estimator, Monitor
from .problem import Problem
from .results import Fit
from .selfcheck import self_check
from .spec import RGLM

PRECISIONS = ("float64", "float32")
STEP = 5  # per cent between two lines of progress
DESIGN_OPTIONS = ("offset", "weights", "weights_kind", "trials", "lower", "upper", "standardize", "missing")
ARRAY_OPTIONS = ("columns", "intercept")  # a formula says both itself


def fit(
    model: RGLM | Problem,
    data: Any = None,
    estimator: str | Estimator = "nuts",
    *,
    seed: int = 0,
    precision: str = "float64",
    device: Any = None,
    progress: bool | None = None,
    monitor: Monitor | None = None,
    label: str | None = None,
    **design_options,
) -> Fit:
    """Fit a model.

    Parameters
    ----------
    model : RGLM or Problem
        A `Problem` brings its data along.
    data : Design, (formula, frame) or (X, y)
    estimator : str or Estimator
        A name of `estimators.names()` or a record such as `estimators.NUTS(draws=2000)`.
    seed : int or JAX key
        The only source of randomness. `Fit.seed` is 0 for a key; `Fit.draws.info["key"]` holds its bits.
    precision : "float64" or "float32"
    device : optional
        A JAX device or platform name ("cpu", "gpu"); the default device otherwise.
    progress : bool, optional
        Print progress to standard error; by default when that is a terminal.
    monitor : Monitor, optional
        Your own listener.
    label : str, optional
        How tables call the fit.
    **design_options
        offset, weights, weights_kind, trials, lower, upper, standardize, missing: passed to the design; for (X, y)
        also columns and intercept.

    Returns
    -------
    Fit

    Raises
    ------
    SpecError, DataError, FormulaError, PriorError, EstimatorError
        Naming what was asked, what was found and what to do.

    Notes
    -----
    Ctrl-C stops at the next block and returns what is done, labelled `interrupted`; a second one raises.
    """
    _check_call(data, estimator)
    estimator = estimators.get(estimator)
    _check_options(design_options, estimator)
    problem = as_problem(model, data, design_options)
    check_precision(precision)
    _check_monitor(monitor)
    own = Progress(estimator.title, progress)
    listener = own if monitor is None else monitor
    start = time.perf_counter()
    if problem.spec is None:
        self_check(problem).raise_if_failed()
    with context(precision, device), interruptible(own), own:
        draws = estimator.run(problem, as_key(seed), Both(own, listener) if listener is not own else own)
    number, seconds = 0, time.perf_counter() - start
    if isinstance(seed, int | np.integer):
        number = int(seed)
    else:
        draws = replace(draws, info=draws.info | {"key": key_record(seed)})
    return Fit(problem, draws, label or estimator.title, estimator, number, precision, seconds)


def _check_call(data: Any, estimator: Any) -> None:
    """What is natural to write and not meant, before it makes another error: the frame in the estimator's place."""
    if isinstance(data, str):
        raise DataError(
            "Data is a pair: the formula and the table.",
            found=f"data={data!r}",
            do=f"fit(model, ({data!r}, frame), ...)",
        )
    if not isinstance(estimator, str | Estimator | type):
        raise EstimatorError(
            "The third argument is an estimator or its name.",
            found=type(estimator).__name__,
            do='fit(model, ("y ~ x", frame), "nuts"), or fit(model, (X, y), "nuts")',
        )


def _check_options(options: dict[str, Any], estimator: Estimator) -> None:
    own = [field.name for field in fields(estimator) if field.name in options]
    if own:
        call = ", ".join(f"{name}=..." for name in own)
        raise EstimatorError(
            f"Options of the estimator are given to the estimator: {', '.join(own)}.",
            found=f'fit(..., "{estimator.name}", {call})',
            do=f"fit(..., estimators.{type(estimator).__name__}({call}))",
        )


def _check_monitor(monitor: Any) -> None:
    parts = ("update", "stopping", "store", "stored")
    if monitor is not None and (isinstance(monitor, type) or not all(hasattr(monitor, part) for part in parts)):
        raise EstimatorError(
            "monitor is an object that listens: a subclass of Monitor.",
            found=repr(monitor) if isinstance(monitor, type) else type(monitor).__name__,
            do="class Mine(estimators.Monitor): ..., and monitor=Mine()",
        )


def as_problem(model: Any, data: Any, options: dict[str, Any]) -> Problem:
    """The problem of (model, data)."""
    if isinstance(model, Problem):
        if data is not None:
            raise SpecError(
                "A Problem holds its data already.", found=f"data={type(data).__name__}", do="leave data out"
            )
        if options:
            raise SpecError(
                "A Problem holds the options of its data already.",
                found=", ".join(f"{name}=" for name in options),
                do="give them to the Design",
            )
        return model
    if not isinstance(model, RGLM):
        raise SpecError(
            "The first argument is a model.", found=f"{type(model).__name__}", do='for example RGLM("bernoulli")'
        )
    design = as_design(data, **options)
    if design.y is None:
        raise DataError("A fit needs a response.", found="data without y", do='give "y ~ ..." or a pair (X, y)')
    return Problem(model, design)


def as_design(data: Any, **options) -> Design:
    """A design from whatever `fit` takes as data."""
    known = (*DESIGN_OPTIONS, *ARRAY_OPTIONS)
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise TypeError(f"unknown option {unknown[0]!r}; known: {', '.join(known)}")
    if isinstance(data, Design):
        if options:
            raise DataError(
                "A Design holds its options already.", found=", ".join(options), do="give them to the Design"
            )
        return data
    if isinstance(data, tuple | list) and len(data) == 2:
        first, second = data
        if isinstance(first, str):
            for name in ARRAY_OPTIONS:
                if name in options:
                    raise DataError(
                        f"A formula says itself what {name}= says of arrays.",
                        found=f"{name}={options[name]!r} with {first!r}",
                        do="write 0 + in the formula" if name == "intercept" else "rename the columns of the table",
                    )
            return Design.from_formula(first, second, **options)
        return Design.from_arrays(first, second, **options)
    raise DataError(
        "Data is a Design, a pair (formula, frame) or a pair (X, y).",
        found=type(data).__name__,
        do='for example ("y ~ x", frame)',
    )


def as_key(seed: Any):
    """A JAX key from an int; a key is returned as it is."""
    if isinstance(seed, int | np.integer) and not isinstance(seed, bool):
        try:
            with jax.enable_x64(True):  # single precision would drop the upper half of a large seed
                return jax.random.key(int(seed))
        except OverflowError:
            raise EstimatorError("seed has at most 63 bits.", found=f"seed={seed}", do="for example seed=0") from None
    if hasattr(seed, "dtype") and jax.dtypes.issubdtype(seed.dtype, jax.dtypes.prng_key):
        return seed
    if getattr(seed, "dtype", None) == np.uint32 and np.shape(seed) == (2,):  # jax.random.PRNGKey, the older form
        return jax.random.wrap_key_data(jnp.asarray(seed), impl="threefry2x32")
    raise EstimatorError("seed is a whole number or a JAX key.", found=repr(seed), do="for example seed=0")


def key_record(seed: Any) -> dict[str, Any]:
    """What makes a JAX key again: the name of its generator, and its bits as whole numbers."""
    key = as_key(seed)
    return {"impl": str(jax.random.key_impl(key)), "data": np.asarray(jax.random.key_data(key)).tolist()}


def check_precision(precision: str) -> None:
    """Refuse anything but the names in `PRECISIONS`."""
    if precision not in PRECISIONS:
        raise EstimatorError(f"precision is one of {', '.join(PRECISIONS)}.", found=repr(precision))


@contextmanager
def context(precision: str = "float64", device: Any = None):
    """The precision and device of one call; the global configuration is not changed."""
    with jax.enable_x64(precision == "float64"), jax.default_device(as_device(device)):
        yield


def as_device(device: Any):
    """A JAX device from None, a platform name or a device."""
    if device is None or isinstance(device, jax.Device):
        return device
    try:
        if isinstance(device, str):
            return jax.devices(device)[0]
    except RuntimeError:
        pass
    known = ", ".join(sorted({d.platform for d in jax.devices()}))
    raise EstimatorError("There is no such device.", found=repr(device), do=f"known: {known}") from None


class Progress(Monitor):
    """Prints one line that is rewritten between blocks; says stop after Ctrl-C."""

    def __init__(self, title: str, show: bool | None = None):
        self.title = title
        self.show = sys.stderr.isatty() if show is None else bool(show)
        self.stopped = False
        self._lock = threading.Lock()
        self._done: dict[int, tuple[int, int]] = {}
        self._shown = -STEP

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        if self.show and self._done:
            print(file=sys.stderr)

    def update(self, done: int, total: int, text: str = "") -> None:
        with self._lock:
            alive = {thread.ident for thread in threading.enumerate()}  # an earlier phase may have had its own
            self._done = {k: v for k, v in self._done.items() if k in alive}
            self._done[threading.get_ident()] = (done, total)
            # Threads report one after another: the least of those seen so far never promises too much.
            share = 100 * min(d / t for d, t in self._done.values())
            if self.show and (share >= self._shown + STEP or (share == 100 and self._shown < 100)):
                self._shown = share
                print(f"\r{self.title}: {share:3.0f} %  {text:<24.24}", end="", file=sys.stderr, flush=True)

    @property
    def stopping(self) -> bool:
        return self.stopped


class Both(Monitor):
    """A user's monitor that still hears Ctrl-C."""

    def __init__(self, own: Progress, other: Monitor):
        self.own, self.other = own, other
        self.update, self.store, self.stored = other.update, other.store, other.stored

    @property
    def stopping(self) -> bool:
        return self.own.stopping or self.other.stopping


@contextmanager
def interruptible(progress: Progress):
    """Turns the first Ctrl-C into a request to stop at the next block; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(number, frame):
        if progress.stopped:
            raise KeyboardInterrupt
        progress.stopped = True

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
