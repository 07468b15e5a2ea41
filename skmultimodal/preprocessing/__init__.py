"""Array transformers: image intensities, expression values, texture."""
