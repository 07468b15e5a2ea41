"""Parameters of a meta-estimator whose parts may be given as None."""

from skmultimodal.fusion._head import FusionHeadClassifier
from skmultimodal.fusion._pool import LogOpinionPoolClassifier
from skmultimodal.fusion._scaling import FEATURES
from skmultimodal.fusion._traits import searched
from skmultimodal.towers import GeneAutoencoderTransformer, ImageTowerClassifier

__all__ = ["TowerParamsMixin"]


class TowerParamsMixin:
    """Nested parameters of `towers` and `final_estimator`, also of their defaults.

    ``get_params`` shows the defaults that None stands for, of the final estimator also
    the alternative; ``set_params`` on one of their parameters replaces None by them.
    """

    @staticmethod
    def _default_towers():
        return [
            ("image", ImageTowerClassifier()),
            ("gene", GeneAutoencoderTransformer()),
        ]

    def _final_estimator(self):
        if self.final_estimator is not None:
            return self.final_estimator
        return self._default_heads()[0]

    def _final_estimator_with(self, names):
        """The default final estimator, or the other one if that has these names."""
        default, other = self._default_heads()
        if set(names) <= set(other.get_params()) - set(default.get_params()):
            return other
        return default  # whose set_params names what it lacks

    def _is_what_none_shows(self, names, params):
        """Whether parameters of both defaults are set to what they are already."""
        both = all(set(names) - set(h.get_params()) for h in self._default_heads())
        shown = self.get_params()
        keys = [f"final_estimator__{name}" for name in names]
        return both and all(k in shown and shown[k] is params[k] for k in keys)

    def _default_heads(self):
        """What a final estimator of None is, and what else it can become."""
        heads = [LogOpinionPoolClassifier(), FusionHeadClassifier()]
        return heads[::-1] if self.tower_output == FEATURES else heads

    def _output_kind(self):
        """What `tower_output` means: "features", "log_odds" or "both"."""
        if self.tower_output != "auto":
            return self.tower_output
        pools = isinstance(searched(self._final_estimator()), LogOpinionPoolClassifier)
        return "both" if pools else FEATURES

    def _resolved_towers(self):
        """List of (name, estimator, modality)."""
        towers = self._default_towers() if self.towers is None else self.towers
        return [
            (name, estimator, *(columns if _names_modality(columns) else [name]))
            for name, estimator, *columns in towers
        ]

    def _named_towers(self):
        try:
            return {name: estimator for name, estimator, _ in self._resolved_towers()}
        except (TypeError, ValueError):
            return {}  # towers is no list of towers: fit will say so

    def _columns(self):
        """Columns of a table for each modality, None if no tower names any."""
        columns = {
            name: columns[0]
            for name, _, *columns in self.towers or ()
            if columns and not _names_modality(columns)
        }
        return columns or None

    def _check_towers(self):
        names = []
        for tower in self.towers or ():
            if not isinstance(tower, tuple | list) or len(tower) not in (2, 3):
                raise ValueError(
                    "towers is a list of (name, estimator) or (name, estimator, "
                    f"columns), got the item {tower!r}."
                )
            name, estimator = tower[:2]
            taken = ["head", *self._own_params()]
            if (
                not isinstance(name, str)
                or "__" in name
                or "+" in name
                or name in taken
            ):
                raise ValueError(
                    f"a tower's name is a string without '__' and '+' that is no "
                    f"parameter of {type(self).__name__} and not 'head', got {name!r}."
                )
            if not hasattr(estimator, "fit") or not (
                hasattr(estimator, "transform") or hasattr(estimator, "predict_proba")
            ):
                raise TypeError(
                    f"tower {name!r} must have fit and transform or predict_proba; "
                    f"{type(estimator).__name__} has neither of the two."
                )
            names.append(name)
        if len(set(names)) < len(names):
            raise ValueError(f"tower names must differ, got {names}.")

    def _own_params(self):
        return super().get_params(deep=False)

    def get_params(self, deep=True):
        """Get the parameters, with those of towers and final estimator.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        params : dict
        """
        params = self._own_params()
        if not deep:
            return params
        towers = self._named_towers()
        heads = [self.final_estimator]
        if self.final_estimator is None:
            heads = self._default_heads()
        parts = [*towers.items(), *(("final_estimator", head) for head in heads)]
        for name, part in parts:
            if hasattr(part, "get_params"):
                nested = part.get_params(deep=True)
                params |= {f"{name}__{key}": value for key, value in nested.items()}
        return params | towers

    def set_params(self, **params):
        """Set parameters, also of towers and final estimator.

        Parameters
        ----------
        **params : dict
            ``image__lr=...`` sets a parameter of tower "image", ``image=...`` replaces
            the tower. ``final_estimator__lr=...`` on a `final_estimator` that is None
            replaces it by the default one, or by the other of `FusionHeadClassifier`
            and `LogOpinionPoolClassifier` if only that has such a parameter.

        Returns
        -------
        self : object
        """
        if "towers" in params:
            self.towers = params.pop("towers")
        names = list(self._named_towers())
        if self.towers is None and any(key.split("__")[0] in names for key in params):
            self.towers = self._default_towers()
        for name in set(names) & set(params):
            self._replace_tower(name, params.pop(name))
        self.tower_output = params.pop("tower_output", self.tower_output)
        prefix = "final_estimator__"
        nested = [k.removeprefix(prefix) for k in params if k.startswith(prefix)]
        if nested and params.get("final_estimator", self.final_estimator) is None:
            self.final_estimator = params.pop("final_estimator", None)
            if self._is_what_none_shows(nested, params):
                params = {k: v for k, v in params.items() if not k.startswith(prefix)}
            else:
                self.final_estimator = self._final_estimator_with(nested)
        super().set_params(**params)
        return self

    def _replace_tower(self, name, estimator):
        self.towers = [
            (name, estimator, *tower[2:]) if tower[0] == name else tower
            for tower in self.towers
        ]


def _names_modality(columns):
    return len(columns) == 1 and isinstance(columns[0], str)
