"""`make bench`: figures beside a peer or a limit measured in the same run; see docs in __main__."""
