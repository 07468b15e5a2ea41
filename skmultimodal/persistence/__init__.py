"""Saved models that run no code when they are loaded."""

from skmultimodal.persistence._load import load_model, read_environment, read_notes
from skmultimodal.persistence._save import save_model

__all__ = ["load_model", "read_environment", "read_notes", "save_model"]
