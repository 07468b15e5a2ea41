"""Where a model looked, which genes and modalities count, how sure it is: in numbers
(a Bunch or a DataFrame) and in pictures (the Display classes)."""
