"""The common base of the estimators that train one network."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from numbers import Integral, Real
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from sklearn.model_selection import train_test_split

from skmultimodal.nn import draw_weights
from skmultimodal.nn._dropout import use_generator
from skmultimodal.towers._batches import Budget, Rows, choose_batch_size, count_epochs
from skmultimodal.towers._net import Training, as_history, loss_fall, run_net, train_net
from skmultimodal.utils._device import (
    check_precision,
    explain_out_of_memory,
    most_precise,
    resolve_device,
)
from skmultimodal.utils._labels import UNLABELLED
from skmultimodal.utils._progress import advance, count_networks
from skmultimodal.utils._seed import draw_seed, seeded_torch
from skmultimodal.utils._sklearn import Interval, StrOptions
from skmultimodal.utils._threads import Workers
from skmultimodal.utils._warnings import warn

__all__ = ["KEPT_BYTES", "NetEstimator"]

# Elements of one inference batch: 8 MB of float32.
INFERENCE_ELEMENTS = 2**21
# What a net reads of a lazy block stays in memory up to this size.
KEPT_BYTES = 2**29
MAX_EXPERTS = 2**16


class NetEstimator(BaseEstimator):
    """An estimator around one torch module that is trained once.

    A subclass has ``_make_net(**net_params)``, which builds its module, and the
    parameters in `_parameter_constraints`.

    Attributes
    ----------
    weights_ : dict of str to ndarray
        Parameters of the module. The module itself is rebuilt from them when needed
        and is no part of the state that pickle and skops save.
    net_params_ : dict
        Arguments that build the module.
    history_ : skorch.history.History
        Losses by epoch and batch.
    loss_fall_ : float
        Share by which the training loss fell; below .05, training did nothing.
    """

    @property
    def inference_dtype(self) -> torch.dtype:
        """Type that predictions are computed in."""
        # In float64, the outputs of a dense net for a row do not depend on its batch.
        # Convolutions are too slow in it, and round alike in batches of most sizes.
        return torch.float64

    _budget = Budget()

    # Whether the network draws nothing at random and treats each row by itself.
    trains_in_parts = False

    @property
    def own_modules(self) -> bool:
        """Whether every module of the network is one of this library.

        These draw at random from a generator of their own. Others may draw from
        torch's, for which networks in several threads take turns.
        """
        return True

    _parameter_constraints: dict = {
        "optimizer": [StrOptions({"adam", "adamw", "sgd"})],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "momentum": [Interval(Real, 0, 1, closed="left")],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "n_steps": [Interval(Integral, 1, None, closed="left"), None],
        "max_epochs": [Interval(Integral, 1, None, closed="left"), None],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "patience": [Interval(Integral, 1, None, closed="left")],
        "precision": [StrOptions({"float32", "bfloat16"})],
        "device": [str, torch.device, None],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def _read_target(self, y: Any) -> tuple[Any, NDArray, NDArray]:
        """Read a target of which every row is labelled, and record its outcome.

        Returns
        -------
        outcome : ClassLabels, Numbers or TimeToEvent
        y, codes : ndarray of shape (n_rows,)
        """
        outcome, y, codes = self._outcome_type.encode(y)
        if (codes == UNLABELLED).any():
            row = np.flatnonzero(codes == UNLABELLED)[0]
            raise ValueError(
                f"Input y contains NaN: the label of row {row} is missing."
            )
        outcome.refuse_alike(self, codes)
        outcome.record(self)
        return outcome, y, codes

    def _fit_net(
        self,
        net_params: dict[str, Any],
        criterion: Any,
        read: Callable[..., Any],
        codes: NDArray,
        targets: NDArray | None = None,
        *,
        weights: NDArray | None = None,
        finish: Callable[..., Any] | None = None,
        **options: Any,
    ) -> None:
        """Build the module and train it on the rows that `read` returns.

        Parameters
        ----------
        net_params : dict
            Arguments of ``_make_net``.
        criterion : torch.nn.Module
        read : callable
            Maps an index tensor (B,) to a batch of inputs on the device.
        codes : ndarray of int64, shape (n_rows,)
            Strata of the labels: classes where they are classes.
        targets : ndarray of shape (n_rows, ...), default=None
            What `criterion` compares the outputs with. None: `codes`.
        weights : ndarray of float, shape (n_rows,), default=None
            Of the rows in the loss.
        finish : callable, default=None
            Changes the trained module in place and returns its ``net_params``.
        **options : dict
            ``augment``, ``reconstruct`` and ``prefetch`` of `Rows`.
        """
        device = resolve_device(self.device)
        name = type(self).__name__
        check_precision(self.precision, device, name)
        train, valid = self._split(codes, seed := draw_seed(self.random_state))
        n_classes = codes.max() + 1 if targets is None else 2
        training = self._training(device, len(train), n_classes)
        learnt = torch.as_tensor(codes if targets is None else targets, device=device)
        if weights is not None:
            shares = torch.as_tensor(weights / weights.mean(), dtype=torch.float32)
            options["weights"] = shares.to(device)
        with (
            explain_out_of_memory(name, training.batch_size),
            Workers() as workers,
            self._seeded_net(net_params, seed, device) as (module, generator),
        ):
            if generator is not None and options.get("augment") is not None:
                options["augment"] = partial(options["augment"], generator=generator)
            in_parts = generator is not None and self.trains_in_parts
            self.history_ = train_net(
                module,
                criterion,
                _subset(read, learnt, train, **options),
                None
                if valid is None
                else _subset(read, learnt, valid, **options | {"augment": None}),
                training,
                generator=generator,
                workers=workers if in_parts else None,
            )
        self.loss_fall_ = loss_fall(self.history_)
        self.net_params_ = net_params if finish is None else finish(module)
        self.weights_ = {
            # A copy: state_dict gives views of the module that is kept.
            name: value.detach().cpu().numpy().copy(order="C")
            for name, value in module.state_dict().items()
        }
        advance("network")
        module.zero_grad(set_to_none=True)  # the gradients take as much as the weights
        self._module = self._to_inference(module.eval())

    @contextmanager
    def _seeded_net(
        self, net_params: dict[str, Any], seed: Any, device: Any
    ) -> Iterator[Any]:
        """The module to train, and the generator that it draws from.

        The generator is None for a module that may draw from torch's own; no other
        network uses those until the block ends.
        """
        if device.type != "cpu" or not self.own_modules:
            with seeded_torch(seed, device):
                yield self._make_net(**net_params).to(device), None
            return
        generator = torch.Generator().manual_seed(seed)
        module = self._empty_module(net_params)
        draw_weights(module, generator)
        use_generator(module, generator)
        yield module, generator

    def _training(self, device: Any, n_rows: int, n_classes: int) -> Training:
        auto = self.batch_size == "auto"
        batch_size = choose_batch_size(n_rows) if auto else self.batch_size
        n_epochs, size = self.max_epochs, (n_classes, n_rows, batch_size)
        if n_epochs is None and self.n_steps is None:
            n_epochs = self._budget.choose_epochs(*size)
        elif n_epochs is None:
            n_epochs = count_epochs(self.n_steps, *size)
        return Training(
            name=type(self).__name__,
            n_epochs=n_epochs,
            device=device,
            optimizer=self.optimizer,
            lr=self.lr,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            batch_size=batch_size,
            patience=self.patience,
            precision=self.precision,
            verbose=self.verbose,
        )

    def _split(self, codes: NDArray, seed: Any) -> tuple[Any, Any]:
        """Rows to train on and rows for early stopping (None without)."""
        rows = np.arange(len(codes))
        if not self.early_stopping:
            return rows, None
        counts = np.bincount(codes[codes >= 0])
        scarcest = counts[counts > 0].min() if counts.any() else len(codes)
        if scarcest * self.validation_fraction < 2:
            warn(
                f"{type(self).__name__}: early stopping is switched off: "
                f"{self.validation_fraction:.0%} of the {scarcest} rows of the "
                "scarcest class are fewer than two validation rows."
            )
            return rows, None
        labelled, unlabelled = rows[codes >= 0], rows[codes < 0]
        parts = []
        for part, strata in ((labelled, codes[labelled]), (unlabelled, None)):
            if len(part) > 1:
                parts.append(
                    train_test_split(
                        part,
                        test_size=self.validation_fraction,
                        stratify=strata,
                        random_state=seed,
                    )
                )
            else:
                parts.append((part, part[:0]))
        train, valid = (np.concatenate(half) for half in zip(*parts, strict=True))
        return train, valid

    def _run_net(
        self, method: str, read: Any, row_shape: Any, n_rows: int, lazy: Any = False
    ) -> NDArray:
        """Outputs of a method of the module for `n_rows` rows, as an array.

        Its arguments are what `read` returns, one or a tuple. Batches are read one at a
        time if the rows are `lazy`.
        """
        batch_size = max(1, INFERENCE_ELEMENTS // int(np.prod(row_shape)))
        module = self._fitted_module()
        reading = Lock() if lazy else nullcontext()

        def read_as_inferred(rows: Any) -> list[torch.Tensor]:
            with reading:
                inputs = read(rows)
            inputs = inputs if isinstance(inputs, tuple) else (inputs,)
            dtype = most_precise(self.inference_dtype, inputs[0].device)
            return [part.to(dtype) for part in inputs]

        with (
            explain_out_of_memory(type(self).__name__, batch_size),
            Workers() as workers,
        ):
            on_cpu = next(module.parameters()).device.type == "cpu"
            run = workers.map if on_cpu and self.own_modules else map
            function = getattr(module, method)
            return run_net(function, read_as_inferred, n_rows, batch_size, run)

    def _fitted_module(self) -> Any:
        if "_module" not in self.__dict__:
            module = self._empty_module(self.net_params_)
            module.load_state_dict(
                {name: torch.as_tensor(value) for name, value in self.weights_.items()}
            )
            device = resolve_device(self.device)
            self._module = self._to_inference(module.to(device).eval())
        return self._module

    def _empty_module(self, net_params: dict[str, Any]) -> torch.nn.Module:
        """A module whose weights are still to be set."""
        if self.own_modules:
            with torch.device("meta"):
                module = self._make_net(**net_params)
            # Not by `to_empty`, which imports a compiler's parts for half a second.
            empty = {
                name: torch.empty_strided(w.shape, w.stride(), dtype=w.dtype)
                for name, w in module.state_dict().items()
            }
            module.load_state_dict(empty, assign=True)
            return module
        with seeded_torch(0, "cpu"):  # the random weights are replaced
            return self._make_net(**net_params)

    def _check_weights(self) -> None:
        """Refuse weights of another network; one of ours is compared unallocated."""
        found = {name: np.shape(value) for name, value in self.weights_.items()}
        _check_sizes(self.net_params_, found)
        if self.own_modules:
            with torch.device("meta"):
                module = self._make_net(**self.net_params_)
        else:
            module = self._empty_module(self.net_params_)
        wanted = {n: tuple(value.shape) for n, value in module.state_dict().items()}
        if found != wanted:
            name = min(set(found.items()) ^ set(wanted.items()))[0]
            raise ValueError(
                f"{name} has shape {found.get(name)}, not {wanted.get(name)}"
            )
        for name, value in self.weights_.items():
            if not isinstance(value, np.ndarray) or value.dtype.kind not in "fiub":
                raise ValueError(f"{name} is no array of numbers")

    def _to_inference(self, module: Any) -> torch.nn.Module:
        return module.to(self._dtype_of(module))

    def _dtype_of(self, module: Any) -> torch.dtype:
        """Type that a trained module predicts in."""
        return most_precise(self.inference_dtype, next(module.parameters()).device)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    def __getstate__(self) -> Any:
        # Arrays and text only: what skops saves without a type to trust.
        state = super().__getstate__().copy()
        state.pop("_module", None)
        if isinstance(state["device"], torch.device):
            state["device"] = str(state["device"])
        if "history_" in state:
            state["history_"] = json.dumps(state["history_"].to_list())
        return state

    def __setstate__(self, state: Any) -> None:
        super().__setstate__(state)
        if isinstance(getattr(self, "history_", None), str):
            self.history_ = as_history(json.loads(self.history_))


@count_networks.register
def _(estimator: NetEstimator) -> int:
    return 1


def _check_sizes(net_params: dict[str, Any], shapes: Any) -> None:
    """Refuse parameters of more layers or parts than there are weights."""
    for name, value in net_params.items():
        if isinstance(value, list | tuple) and len(value) > len(shapes):
            raise ValueError(f"{name} has {len(value)} layers, more than its weights")
    n_experts = net_params.get("n_experts", 0)
    gates = shapes.get("router.weight", (0,))
    if n_experts > min(gates[0], MAX_EXPERTS):
        raise ValueError(f"n_experts={n_experts} is more than its weights")


def _subset(read: Any, targets: Any, rows: Any, **options: Any) -> Rows:
    rows = torch.as_tensor(rows)
    if "weights" in options:
        options["weights"] = options["weights"][rows]
    return Rows(lambda batch: read(rows[batch]), targets[rows], **options)
