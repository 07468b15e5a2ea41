"""Coverage of intervals and false-positive rates of tests on few paired rows."""
