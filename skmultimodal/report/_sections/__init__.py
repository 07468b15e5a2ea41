"""The sections of the report: numbers, names and figures, without a sentence."""
