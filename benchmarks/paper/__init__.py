"""Tables 2, 3 and 4 and Figures 2 and 3 of the paper, run on one cohort."""
