"""Exit codes of commands other than 0, which means success."""

USER_ERROR = 2
# of sysexits.h: try again later
LOST = 75
# those of a process ended by such a signal
INTERRUPTED, TERMINATED, CLOSED_PIPE = 130, 143, 141
