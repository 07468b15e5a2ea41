"""The seam to skorch: the only module that imports it.

A net is composed inside an estimator, never subclassed.
"""

import inspect
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from skorch import NeuralNet
from skorch.callbacks import Callback, EarlyStopping
from skorch.helper import predefined_split
from skorch.history import History
from torch import nn

from skmultimodal.towers._batches import BatchIterator
from skmultimodal.utils._progress import Stage
from skmultimodal.utils._stops import check_stop
from skmultimodal.utils._warnings import warn

__all__ = [
    "Training",
    "as_history",
    "loss_fall",
    "run_net",
    "train_net",
]

# Larger batches are trained in parts of about this many values, up to MAX_PARTS. The
# number depends on the batch alone, so that the sums are the same on any machine.
PART_ELEMENTS = 2**19
MAX_PARTS = 4
# A fall of the training loss below this share means that training did nothing.
MIN_LOSS_FALL = 0.05


def _without_compiler(optimizer: Any) -> Any:
    """An optimizer of torch without what it does for ``torch.compile``.

    Each process would import the compiler, which takes longer than a small fit, and a
    tenth of a step of a small network would go into asking it.
    """
    plain_step = inspect.unwrap(optimizer.step)

    def step(self: Any) -> None:
        with torch.no_grad():
            plain_step(self)

    # By this torch knows a step that it has wrapped for its profiler; mypy knows no
    # attributes of functions.
    step.hooked = True  # type: ignore[attr-defined]
    return type(
        optimizer.__name__,
        (optimizer,),
        {
            "step": step,
            "zero_grad": inspect.unwrap(optimizer.zero_grad),
            "add_param_group": inspect.unwrap(optimizer.add_param_group),
        },
    )


OPTIMIZERS = {
    "adam": _without_compiler(torch.optim.Adam),
    "adamw": _without_compiler(torch.optim.AdamW),
    "sgd": _without_compiler(torch.optim.SGD),
}


class EpochMonitor(Callback):
    """Record the losses of each epoch and show them; refuse a loss that is NaN.

    It replaces skorch's own callbacks, whose look-ups in the history cost more than a
    step of a small head.
    """

    def __init__(self, stage: Any) -> None:
        self.stage = stage

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        check_stop()
        epoch = net.history.to_list()[-1]
        for part in ("train", "valid"):
            steps = [step for step in epoch["batches"] if f"{part}_loss" in step]
            if steps:
                n_rows = sum(step[f"{part}_batch_size"] for step in steps)
                total = sum(s[f"{part}_loss"] * s[f"{part}_batch_size"] for s in steps)
                epoch[f"{part}_loss"] = total / n_rows
        loss = epoch["train_loss"]
        if not np.isfinite(loss):
            raise ValueError(
                f"{self.stage.name}: the training loss became {loss} in epoch "
                f"{epoch['epoch']} at lr={net.lr}; use a smaller lr."
            )
        self.stage.advance(note=f"loss {loss:.3f}")


class _LeanNet(NeuralNet):
    """skorch's net without the overhead of a step that costs a small network most.

    Left out are closures, callbacks by batch, moving inputs, and setting all modules to
    the mode that they are in. With `workers`, the parts of a large batch are trained in
    their threads.
    """

    workers: Any = None

    def train_step(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        self.optimizer_.zero_grad()
        step = self.train_step_single(batch, **fit_params)
        self.optimizer_.step()
        return step

    def train_step_single(self, batch: Any, **fit_params: Any) -> dict[str, Any]:
        inputs, target = batch
        n_parts = 1 if self.workers is None else _count_parts(inputs)
        if n_parts == 1:
            return super().train_step_single(batch, **fit_params)
        self._set_training(True)
        # The loss may be any function of the whole batch: forward by parts, one loss,
        # backward by parts from its gradient.
        parts = inputs.chunk(n_parts)
        outputs = self.workers.map(self.module_, parts)
        output: Any = torch.cat([part.detach() for part in outputs]).requires_grad_()
        loss = self.get_loss(output, target, X=inputs, training=True)
        loss.backward()
        weights = [w for w in self.module_.parameters() if w.requires_grad]
        gradients = self.workers.map(
            lambda part, gradient: torch.autograd.grad(part, weights, gradient),
            outputs,
            output.grad.split([len(part) for part in outputs]),
        )
        for weight, first, *others in zip(weights, *gradients, strict=True):
            # In the layout of the weight, in which a fused optimizer reads it.
            weight.grad = torch.empty_like(weight).copy_(sum(others, first))
        return {"loss": loss, "y_pred": output}

    def infer(self, x: Any, **fit_params: Any) -> torch.Tensor:
        # Batches come from `Rows` on the device, and bags are no tensor.
        return self.module_(x)

    def notify(self, method_name: str, **arguments: Any) -> None:
        if method_name == "on_batch_begin":
            self.history.new_batch()
        elif method_name != "on_batch_end":
            super().notify(method_name, **arguments)

    def _set_training(self, training: Any = True) -> None:
        if self.module_.training != training:
            super()._set_training(training)


def _count_parts(inputs: Any) -> int:
    return max(1, min(MAX_PARTS, inputs.numel() // PART_ELEMENTS))


class _Autocast(nn.Module):
    """Run a module in a lower precision; its outputs are float32."""

    def __init__(self, module: Any, device: Any, dtype: Any) -> None:
        super().__init__()
        self.module = module
        self.device_type = device.type
        self.dtype = dtype

    def forward(self, x: Any) -> Any:
        with torch.autocast(self.device_type, dtype=self.dtype):
            output = self.module(x)
        if isinstance(output, tuple):
            return tuple(None if o is None else o.float() for o in output)
        return output.float()


@dataclass(frozen=True)
class Training:
    """How a network is trained.

    Parameters
    ----------
    name : str
        Of the estimator, for messages and the progress bar.
    n_epochs : int
    device : torch.device
    optimizer : {"adam", "adamw", "sgd"}
    momentum : float
        Of SGD; the first beta of Adam.
    patience : int
        Epochs without a lower loss on the validation rows after which training stops.
    precision : {"float32", "bfloat16"}
    lr, weight_decay, batch_size, verbose
        As of the estimators.
    """

    name: str
    n_epochs: int
    device: torch.device
    optimizer: str
    lr: float
    momentum: float
    weight_decay: float
    batch_size: int
    patience: int
    precision: str
    verbose: int

    @property
    def optimizer_options(self) -> dict[str, Any]:
        """skorch's arguments for the optimizer."""
        options = {
            "optimizer": OPTIMIZERS[self.optimizer],
            "optimizer__weight_decay": self.weight_decay,
            "optimizer__fused": self.device.type in ("cpu", "cuda"),
        }
        if self.optimizer == "sgd":
            return options | {"optimizer__momentum": self.momentum}
        return options | {"optimizer__betas": (self.momentum, 0.999)}


def train_net(
    module: Any,
    criterion: Any,
    train: Any,
    valid: Any,
    training: Any,
    *,
    generator: Any = None,
    workers: Any = None,
) -> Any:
    """Train `module` in place through skorch's ``fit``.

    Parameters
    ----------
    module : torch.nn.Module
    criterion : torch.nn.Module
        Called with the module's output and the batch's target.
    train : Rows
    valid : Rows or None
        With it, training stops when its loss has not fallen for ``training.patience``
        epochs, and the best weights are restored.
    training : Training
    generator : torch.Generator, default=None
        Shuffles the rows; None is torch's own.
    workers : Workers, default=None
        Train the parts of a large batch. Only for a module that draws nothing at random
        and treats each row by itself.

    Returns
    -------
    history : skorch.history.History

    Raises
    ------
    ValueError
        If the training loss becomes NaN or infinite.
    """
    stage = Stage(training.name, training.n_epochs, "epoch", training.verbose)
    callbacks = [("monitor", EpochMonitor(stage))]
    if valid is not None:
        stopping = EarlyStopping(
            patience=training.patience, threshold=0, load_best=True
        )
        callbacks.append(("early_stopping", stopping))
    if training.precision == "bfloat16":
        module = _Autocast(module, training.device, torch.bfloat16)
    net = _LeanNet(
        module,
        criterion,
        lr=training.lr,
        max_epochs=training.n_epochs,
        batch_size=training.batch_size,
        iterator_train=BatchIterator,
        iterator_train__shuffle=True,
        iterator_train__generator=generator,
        iterator_valid=BatchIterator,
        train_split=None if valid is None else predefined_split(valid),
        callbacks=callbacks,
        callbacks__epoch_timer=None,
        callbacks__train_loss=None,
        callbacks__valid_loss=None,
        callbacks__print_log=None,
        verbose=0,
        device=training.device,
        **training.optimizer_options,
    )
    net.workers = workers
    with stage:
        net.fit(train, y=None)
        stopped_early = valid is not None and stopping.misses_ == training.patience
        if stage.n_done < training.n_epochs and not stopped_early:
            # skorch swallows Ctrl-C to keep a half-trained net; an estimator must not.
            raise KeyboardInterrupt
    fall = loss_fall(net.history)
    if fall < getattr(criterion, "least_fall", MIN_LOSS_FALL):
        warn(
            f"{training.name}: training did nothing, the loss fell by "
            f"{max(fall, 0):.1%} in {len(net.history)} epochs; increase lr or "
            "max_epochs.",
            ConvergenceWarning,
        )
    return net.history


def as_history(epochs: Any) -> Any:
    """skorch's history of a list with one dict per epoch."""
    history = History()
    history.extend(epochs)
    return history


def loss_fall(history: Any) -> float:
    """Share by which the training loss fell; NaN after a single epoch."""
    losses = np.array(history[:, "train_loss"])
    return float(1 - losses.min() / losses[0]) if len(losses) > 1 else np.nan


def run_net(
    function: Any, read: Any, n_rows: int, batch_size: int, run: Any = map
) -> NDArray:
    """Outputs of `function` for rows 0 to `n_rows`, batch by batch, as one array.

    `read` returns its arguments for an index tensor. `run` is ``map``, or that of
    `Workers`, which run batches side by side.
    """

    outputs: list[torch.Tensor] = []
    lock = Lock()

    @torch.inference_mode()
    def run_batch(rows: Any) -> None:
        batch = function(*read(rows)).float().cpu()
        with lock:
            if not outputs:
                outputs.append(batch.new_empty((n_rows, *batch.shape[1:])))
        # Kept one by one, small outputs would lie between large inputs, whose memory
        # could then not be used again.
        outputs[0][rows] = batch

    list(run(run_batch, torch.arange(n_rows).split(batch_size)))
    return outputs[0].numpy()
